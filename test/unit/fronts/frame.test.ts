import { assert } from "chai";
import { FrameReader, FrameWriter } from "../../../src/fronts/frame.ts";

suite("fronts/frame", () => {
  const FRAMES = [
    { kind: 1, connection: 1, operation: 0, payload: Buffer.from("one") },
    { kind: 255, connection: 2 ** 40 + 1, operation: 2 ** 32 - 1, payload: Buffer.alloc(0) },
    { kind: 7, connection: 3, operation: 9, payload: Buffer.alloc(100_000, 5) },
  ];
  const written = (): Buffer => {
    const writer = new FrameWriter();
    for (const { kind, connection, operation, payload } of FRAMES)
      writer.put(kind, connection, operation, payload);
    return Buffer.from(writer.view());
  };

  test("fronts/frame: the layout is length, kind, connection, operation, payload", () => {
    const writer = new FrameWriter();
    writer.put(2, 1, 0x01020304, Buffer.from([0xaa, 0xbb]));
    assert.equal(
      writer.view().toString("hex"),
      "0000000f" + "02" + "3ff0000000000000" + "01020304" + "aabb",
    );
  });

  test("fronts/frame: frames are cut from a stream wherever its chunks end", () => {
    const bytes = written();
    for (const size of [1, 16, 17, 18, 37, 1000, 65_536, bytes.length]) {
      const reader = new FrameReader();
      const frames = [];
      for (let at = 0; at < bytes.length; at += size)
        frames.push(...reader.push(Buffer.from(bytes.subarray(at, at + size))));
      assert.deepEqual(frames, FRAMES, `chunks of ${size}`);
    }
  });

  test("fronts/frame: memory that was given away is not written again", () => {
    const writer = new FrameWriter();
    writer.put(1, 1, 1, Buffer.from("kept"));
    const kept = writer.view();
    writer.giveAway();
    writer.put(2, 2, 2, Buffer.from("next"));
    assert.equal(kept.subarray(-4).toString(), "kept");
    assert.equal(writer.view().subarray(-4).toString(), "next");
    writer.reset();
    assert.equal(writer.length, 0);
  });
});
