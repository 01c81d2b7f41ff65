/** Hostile input to the front end. Rule under test: whatever bytes arrive, in whatever pieces, the connection is answered or
 * closed, nothing is thrown, and other clients are served. Method: requests that are valid, cut, or have bytes changed,
 * sent in random pieces on real sockets. */
import { assert } from "chai";
import fc from "fast-check";
import { suite, test } from "mocha";
import { Fixture } from "../unit/frontend/fixture.ts";
import {
  BIND,
  bytesOf,
  deleteRequest,
  RawClient,
  SEARCH,
  START_TLS,
} from "../unit/frontend/raw-client.ts";

const RUNS = 150;

const request = fc
  .tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(BIND, SEARCH, START_TLS, deleteRequest("cn=a")),
  )
  .map(([messageId, one]) => bytesOf(messageId, one));

const damaged = fc.tuple(request, fc.nat(), fc.nat(255)).map(([bytes, at, octet]) => {
  const copy = Buffer.from(bytes);
  copy[at % copy.length] = octet;
  return copy;
});

const cut = fc.tuple(request, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % bytes.length));

const noise = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));

const stream = fc.array(fc.oneof(request, damaged, cut, noise), { minLength: 1, maxLength: 8 });

suite("property/frontend", () => {
  test("frontend/connection: any bytes are answered or end the connection, and nobody else suffers", async () => {
    const fixture = new Fixture();
    const witness = await fixture.client();
    const port = fixture.frontend.listeners()[0]?.port ?? 0;
    await fc.assert(
      fc.asyncProperty(stream, fc.nat(20), async (parts, pieceBytes) => {
        const client = await RawClient.open({ port });
        const bytes = Buffer.concat(parts);
        for (let at = 0; at < bytes.length; at += pieceBytes + 1)
          client.send(bytes.subarray(at, at + pieceBytes + 1));
        client.socket.end();
        await client.ended();
        assert.equal((await witness.request(7, SEARCH))?.messageId, 7);
      }),
      { numRuns: RUNS },
    );
    await fixture.handler.until(() => fixture.frontend.connectionCount === 1);
    const open = Array.from(fixture.frontend.connections());
    assert.lengthOf(open, 1, "only the witness is left");
    await fixture.close();
  });
});
