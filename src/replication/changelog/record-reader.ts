// Reads a changelog record. We wrote it ourselves: a record that does not hold together is a broken invariant.
// Layout: record.ts.
import { assert } from "../../base/index.ts";

export class RecordReader {
  private readonly record: Buffer;
  private position: number;

  constructor(record: Buffer, position = 0) {
    this.record = record;
    this.position = position;
  }

  uint8(): number {
    return this.record.readUInt8(this.skip(1));
  }

  uint32(): number {
    return this.record.readUInt32BE(this.skip(4));
  }

  /** A view. */
  bytes(count: number): Buffer {
    const start = this.skip(count);
    return this.record.subarray(start, start + count);
  }

  value(): Buffer {
    return this.bytes(this.uint32());
  }

  latin1(count: number): string {
    const start = this.skip(count);
    return this.record.toString("latin1", start, start + count);
  }

  text(): string {
    return this.utf8(this.uint32());
  }

  type(): string {
    return this.utf8(this.record.readUInt16BE(this.skip(2)));
  }

  private utf8(count: number): string {
    const start = this.skip(count);
    return this.record.toString("utf8", start, start + count);
  }

  private skip(count: number): number {
    const start = this.position;
    assert(count <= this.record.length - start, "a changelog record is whole");
    this.position = start + count;
    return start;
  }
}
