// Laws of the LDAP codec: both directions, against an encoder that was written independently.
import { assert } from "chai";
import fc from "fast-check";
import { BerReader, BerWriter } from "../../src/ber/index.ts";
import {
  decodeAssertion,
  decodeCancel,
  decodeCleanRuv,
  decodeEndReplication,
  decodeGetMaxCsn,
  decodePagedResults,
  decodePasswordModifyRequest,
  decodeReadDigest,
  decodeReadDigestResponse,
  decodeReadEntryRequest,
  decodeReadEntryResponse,
  decodeReplicationEntry,
  decodeReplicationResponse,
  decodeRequest,
  decodeResponse,
  decodeStartReplication,
  decodeSubentries,
  decodeUpdateInfo,
  encodeRequest,
  encodeResponse,
  readFilter,
  writeFilter,
} from "../../src/protocol/index.ts";
import { checkOnlyKnownErrors } from "../support/codec-case.ts";
import { filter, requestMessage, responseMessage } from "../support/message-arbitraries.ts";
import { NaiveBer, paddedLength } from "../support/naive-ber.ts";
import { naiveFilter, naiveRequest, naiveResponse } from "../support/naive-messages.ts";

/** Length forms as the numbers come: 0 is minimal, 1 to 4 that many octets at least. */
function randomForms(numbers: readonly number[]): NaiveBer {
  const minimal = new NaiveBer();
  let i = 0;
  return new NaiveBer((bytes) => {
    const count = numbers[i++ % numbers.length] ?? 0;
    return count === 0 ? minimal.form(bytes) : paddedLength(bytes, count);
  });
}
const forms = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 12 }).map(randomForms);

/** Bytes that begin like a message and then go astray. */
const damaged = fc
  .tuple(
    fc.oneof(
      requestMessage.map((message) => naiveRequest(message)),
      responseMessage.map((message) => naiveResponse(message)),
    ),
    fc.array(fc.tuple(fc.nat({ max: 4000 }), fc.nat({ max: 255 })), { maxLength: 4 }),
  )
  .map(([bytes, changes]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of changes) copy[at % copy.length] = value;
    return copy;
  });

const VALUE_DECODERS: readonly ((value: Buffer) => unknown)[] = [
  decodeAssertion,
  decodeCancel,
  decodeCleanRuv,
  decodeEndReplication,
  decodeGetMaxCsn,
  decodePagedResults,
  decodePasswordModifyRequest,
  decodeReadDigest,
  decodeReadDigestResponse,
  decodeReadEntryRequest,
  decodeReadEntryResponse,
  decodeReplicationEntry,
  decodeReplicationResponse,
  decodeStartReplication,
  decodeSubentries,
  decodeUpdateInfo,
];

suite("property/protocol", () => {
  test("property/protocol: requests are encoded as the naive encoder does", () => {
    const writer = new BerWriter(16);
    fc.assert(
      fc.property(requestMessage, (message) => {
        writer.reset();
        encodeRequest(writer, message);
        assert.equal(writer.view().toString("hex"), naiveRequest(message).toString("hex"));
      }),
      { numRuns: 300 },
    );
  });

  test("property/protocol: responses are encoded as the naive encoder does", () => {
    const writer = new BerWriter(16);
    fc.assert(
      fc.property(responseMessage, (message) => {
        writer.reset();
        encodeResponse(writer, message);
        assert.equal(writer.view().toString("hex"), naiveResponse(message).toString("hex"));
      }),
      { numRuns: 300 },
    );
  });

  test("property/protocol: requests in any length forms decode to what was encoded", () => {
    fc.assert(
      fc.property(requestMessage, forms, (message, ber) => {
        assert.deepEqual(decodeRequest(naiveRequest(message, ber)), message);
      }),
      { numRuns: 300 },
    );
  });

  test("property/protocol: responses in any length forms decode to what was encoded", () => {
    fc.assert(
      fc.property(responseMessage, forms, (message, ber) => {
        assert.deepEqual(decodeResponse(naiveResponse(message, ber)), message);
      }),
      { numRuns: 300 },
    );
  });

  test("property/protocol: filters travel both ways", () => {
    fc.assert(
      fc.property(filter, (wanted) => {
        const writer = new BerWriter(8);
        writeFilter(writer, wanted);
        const bytes = writer.take();
        assert.equal(bytes.toString("hex"), naiveFilter(wanted).toString("hex"));
        assert.deepEqual(readFilter(new BerReader(bytes), 40), wanted);
      }),
    );
  });

  test("property/protocol: any bytes give a message or a ProtocolError", () => {
    const bytes = fc.uint8Array({ maxLength: 60 }).map((any) => Buffer.from(any));
    fc.assert(
      fc.property(fc.oneof(bytes, damaged), (any) => {
        checkOnlyKnownErrors(() => decodeRequest(any));
        checkOnlyKnownErrors(() => decodeResponse(any));
      }),
      { numRuns: 3000 },
    );
  });

  test("property/protocol: any value gives a payload or a ProtocolError", () => {
    const bytes = fc.uint8Array({ maxLength: 60 }).map((any) => Buffer.from(any));
    const sequence = bytes.map((any) => new NaiveBer().sequence(any));
    fc.assert(
      fc.property(fc.oneof(bytes, sequence, damaged), (any) => {
        for (const decode of VALUE_DECODERS) checkOnlyKnownErrors(() => decode(any));
      }),
      { numRuns: 1000 },
    );
  });
});
