// Cutting a stream into messages, and what ends it.
import { assert } from "chai";
import type { FrameErrorKind } from "../../../src/ber/index.ts";
import { FrameError, FrameSplitter } from "../../../src/ber/index.ts";
import { hex } from "../../support/codec-case.ts";
import { element, paddedLength } from "../../support/naive-ber.ts";

const UNBIND = hex("30 05 02 01 01 42 00");

suite("ber/frame-splitter", () => {
  test("ber/frame-splitter: frames in one chunk are views onto it", () => {
    const chunk = Buffer.concat([UNBIND, UNBIND, UNBIND.subarray(0, 4)]);
    const splitter = new FrameSplitter();
    splitter.push(chunk);
    const first = splitter.next()!;
    const second = splitter.next()!;
    assert.isUndefined(splitter.next());
    assert.deepEqual([first, second], [UNBIND, UNBIND]);
    assert.equal(first.buffer, chunk.buffer);
    assert.equal(second.byteOffset, chunk.byteOffset + UNBIND.length);
    assert.equal(splitter.bufferedBytes, 4);
    splitter.push(UNBIND.subarray(4));
    assert.deepEqual(splitter.next(), UNBIND);
    assert.equal(splitter.bufferedBytes, 0);
  });

  test("ber/frame-splitter: a frame that spans many chunks comes out whole", () => {
    const frame = element(0x30, Buffer.alloc(5000, 7), (n) => paddedLength(n, 4));
    const splitter = new FrameSplitter();
    for (let at = 0; at < frame.length; at += 3) {
      assert.isUndefined(splitter.next());
      assert.equal(splitter.bufferedBytes, at);
      splitter.push(frame.subarray(at, at + 3));
    }
    assert.deepEqual(splitter.next(), frame);
  });

  test("ber/frame-splitter: chunks may be pushed before the last one was used up", () => {
    const splitter = new FrameSplitter();
    splitter.push(UNBIND);
    splitter.push(UNBIND.subarray(0, 3));
    splitter.push(UNBIND.subarray(3));
    assert.deepEqual(splitter.next(), UNBIND);
    assert.deepEqual(splitter.next(), UNBIND);
    assert.isUndefined(splitter.next());
  });

  const BAD: readonly [what: string, bytes: string, kind: FrameErrorKind][] = [
    ["a TLS hello", "16", "notLdap"],
    ["HTTP", "47 45 54 20", "notLdap"],
    ["an indefinite length", "30 80", "badLength"],
    ["five length octets", "30 85", "badLength"],
    ["length octet ff", "30 ff", "badLength"],
    ["length octet fe", "30 fe 00", "badLength"],
    ["a message over the limit", "30 82 04 01", "tooLarge"],
    ["the largest length there is", "30 84 ff ff ff ff", "tooLarge"],
  ];
  for (const [what, bytes, kind] of BAD) {
    test(`ber/frame-splitter: ${what} ends the stream as soon as it is seen`, () => {
      for (const chunks of [[hex(bytes)], [...hex(bytes)].map((byte) => Buffer.from([byte]))]) {
        const splitter = new FrameSplitter(1024);
        const run = (): void => {
          for (const chunk of chunks) {
            splitter.push(chunk);
            while (splitter.next() !== undefined);
          }
        };
        let error: unknown;
        try {
          run();
        } catch (caught) {
          error = caught;
        }
        assert.instanceOf(error, FrameError);
        assert.equal((error as FrameError).kind, kind);
        splitter.push(UNBIND);
        assert.throws(() => splitter.next(), FrameError);
      }
    });
  }

  test("ber/frame-splitter: messages before the bad one still come out", () => {
    const splitter = new FrameSplitter();
    splitter.push(Buffer.concat([UNBIND, hex("16 03 01")]));
    assert.deepEqual(splitter.next(), UNBIND);
    assert.throws(() => splitter.next(), FrameError, "TLS");
  });

  test("ber/frame-splitter: the limit counts the header, and may change between frames", () => {
    const frame = element(0x30, Buffer.alloc(100));
    const splitter = new FrameSplitter(frame.length);
    splitter.push(Buffer.concat([frame, frame]));
    assert.deepEqual(splitter.next(), frame);
    splitter.maxBerBytes = frame.length - 1;
    assert.throws(() => splitter.next(), FrameError, "allowed are 101");
  });

  test("ber/frame-splitter: clear forgets whole and partial messages", () => {
    const splitter = new FrameSplitter();
    splitter.push(UNBIND.subarray(0, 3));
    assert.isUndefined(splitter.next());
    splitter.push(Buffer.concat([UNBIND.subarray(3), UNBIND]));
    splitter.clear();
    assert.equal(splitter.bufferedBytes, 0);
    splitter.push(UNBIND);
    assert.deepEqual(splitter.next(), UNBIND);
  });
});
