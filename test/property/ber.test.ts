// Laws of the BER room, and agreement with a foreign reader and writer (@ldapjs/asn1).
import { BerReader as ForeignReader, BerWriter as ForeignWriter } from "@ldapjs/asn1";
import { assert } from "chai";
import fc from "fast-check";
import { BerError, BerReader, BerWriter, FrameError, FrameSplitter } from "../../src/ber/index.ts";
import { element, paddedLength } from "../support/naive-ber.ts";
import { checkOnlyKnownErrors } from "../support/codec-case.ts";
import { int32, octets, text } from "../support/message-arbitraries.ts";

type Item =
  | { readonly type: "integer"; readonly value: number }
  | { readonly type: "enumerated"; readonly value: number }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "octets"; readonly value: Buffer }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "sequence"; readonly items: readonly Item[] };

const item = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { depthSize: "small" },
    fc.record({ type: fc.constantFrom("integer", "enumerated"), value: int32 }),
    fc.record({ type: fc.constant("boolean"), value: fc.boolean() }),
    fc.record({ type: fc.constant("octets"), value: octets }),
    fc.record({ type: fc.constant("text"), value: text }),
    fc.record({ type: fc.constant("sequence"), items: fc.array(tie("item"), { maxLength: 6 }) }),
  ) as fc.Arbitrary<Item>,
})).item;
const items = fc.array(item, { maxLength: 8 });

function write(writer: BerWriter, list: readonly Item[]): void {
  for (const one of list) {
    if (one.type === "integer") writer.writeInteger(one.value);
    else if (one.type === "enumerated") writer.writeEnumerated(one.value);
    else if (one.type === "boolean") writer.writeBoolean(one.value);
    else if (one.type === "octets") writer.writeOctets(one.value);
    else if (one.type === "text") writer.writeText(one.value);
    else {
      writer.start();
      write(writer, one.items);
      writer.end();
    }
  }
}

function writeForeign(writer: ForeignWriter, list: readonly Item[]): void {
  for (const one of list) {
    if (one.type === "integer") writer.writeInt(one.value);
    else if (one.type === "enumerated") writer.writeEnumeration(one.value);
    else if (one.type === "boolean") writer.writeBoolean(one.value);
    else if (one.type === "octets") writer.writeBuffer(one.value, 0x04);
    else if (one.type === "text") writer.writeBuffer(Buffer.from(one.value), 0x04);
    else {
      writer.startSequence();
      writeForeign(writer, one.items);
      writer.endSequence();
    }
  }
}

function checkRead(reader: BerReader, list: readonly Item[]): void {
  for (const one of list) {
    if (one.type === "integer") assert.equal(reader.readInteger(), one.value);
    else if (one.type === "enumerated") assert.equal(reader.readEnumerated(), one.value);
    else if (one.type === "boolean") assert.equal(reader.readBoolean(), one.value);
    else if (one.type === "octets") assert.isTrue(reader.readOctets().equals(one.value));
    else if (one.type === "text") assert.equal(reader.readText(), one.value);
    else {
      reader.enter();
      checkRead(reader, one.items);
      reader.leave();
    }
  }
}

suite("property/ber", () => {
  test("property/ber: the writer agrees with a foreign writer", () => {
    fc.assert(
      fc.property(items, (list) => {
        const writer = new BerWriter(8);
        write(writer, list);
        const foreign = new ForeignWriter();
        writeForeign(foreign, list);
        assert.equal(writer.view().toString("hex"), foreign.buffer.toString("hex"));
      }),
      { numRuns: 300 },
    );
  });

  test("property/ber: the reader reads what a foreign writer writes", () => {
    fc.assert(
      fc.property(items, (list) => {
        const foreign = new ForeignWriter();
        writeForeign(foreign, list);
        const reader = new BerReader(Buffer.from(foreign.buffer));
        checkRead(reader, list);
        assert.isFalse(reader.hasMore());
      }),
      { numRuns: 300 },
    );
  });

  test("property/ber: a foreign reader reads integers and octets in any legal length form", () => {
    fc.assert(
      fc.property(octets, int32, fc.integer({ min: 1, max: 4 }), (value, number, count) => {
        const writer = new BerWriter(8);
        writer.startLong();
        writer.writeInteger(number);
        writer.writeOctets(value);
        writer.end();
        const foreign = new ForeignReader(writer.copy());
        foreign.readSequence(0x30);
        assert.equal(foreign.readInt(), number);
        assert.deepEqual(foreign.readString(0x04, true), value);
        const padded = element(0x04, value, (bytes) => paddedLength(bytes, count));
        assert.deepEqual(new BerReader(padded).readOctets(), value);
      }),
    );
  });

  test("property/ber: any bytes give a value or a BerError", () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const calls = fc.array(fc.nat({ max: 8 }), { maxLength: 12 });
    fc.assert(
      fc.property(bytes, calls, (any, list) => {
        const reader = new BerReader(Buffer.from(any));
        checkOnlyKnownErrors(() => {
          for (const call of list) readSomething(reader, call);
        });
      }),
      { numRuns: 2000 },
    );
  });

  test("property/ber: frames come out whole however the stream is cut", () => {
    const frames = fc.array(
      fc
        .tuple(octets, fc.nat({ max: 4 }))
        .map(([content, count]) =>
          element(0x30, content, count === 0 ? undefined : (bytes) => paddedLength(bytes, count)),
        ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 400 })), (list, cuts) => {
        const stream = Buffer.concat(list);
        const splitter = new FrameSplitter();
        const found: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i += 1) {
          const size = cuts[i] ?? stream.length;
          splitter.push(Buffer.from(stream.subarray(at, at + size)));
          at += size;
          for (let f = splitter.next(); f !== undefined; f = splitter.next()) found.push(f);
        }
        assert.deepEqual(found, list);
        assert.equal(splitter.bufferedBytes, 0);
      }),
    );
  });

  test("property/ber: any stream gives frames or a FrameError", () => {
    const bytes = fc.uint8Array({ maxLength: 30 });
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (chunks) => {
        const splitter = new FrameSplitter(64);
        try {
          for (const chunk of chunks) {
            splitter.push(Buffer.from([0x30, ...chunk]));
            while (splitter.next() !== undefined);
          }
        } catch (error) {
          assert.instanceOf(error, FrameError);
          assert.instanceOf(error, BerError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function readSomething(reader: BerReader, call: number): void {
  const tag = reader.peekTag();
  if (call === 0) reader.readInteger(Math.max(tag, 0));
  else if (call === 1) reader.readBoolean(Math.max(tag, 0));
  else if (call === 2) reader.readOctets(Math.max(tag, 0));
  else if (call === 3) reader.readUtf8();
  else if (call === 4) reader.skip();
  else if (call === 5 && tag >= 0 && (tag & 0x20) !== 0) reader.enter(tag);
  else if (call === 6) reader.readNull();
  else if (call === 7) reader.readEnumerated();
  else reader.readText(Math.max(tag, 0));
}
