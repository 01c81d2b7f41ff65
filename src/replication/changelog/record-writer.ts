// Writes a changelog record into a buffer that grows. Layout: record.ts.
import { assert } from "../../base/index.ts";

const FIRST_BYTES = 512;
const TYPE_BYTES_MAX = 0xffff;

export class RecordWriter {
  private buffer = Buffer.allocUnsafe(FIRST_BYTES);
  private position = 0;

  uint8(value: number): void {
    this.reserve(1);
    this.position = this.buffer.writeUInt8(value, this.position);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.position = this.buffer.writeUInt32BE(value, this.position);
  }

  bytes(bytes: Buffer): void {
    this.reserve(bytes.length);
    this.position += bytes.copy(this.buffer, this.position);
  }

  /** A value of an attribute: length, bytes. */
  value(bytes: Buffer): void {
    this.uint32(bytes.length);
    this.bytes(bytes);
  }

  text(text: string): void {
    this.uint32(Buffer.byteLength(text));
    this.utf8(text);
  }

  /** An attribute description. */
  type(type: string): void {
    const length = Buffer.byteLength(type);
    assert(length <= TYPE_BYTES_MAX, "an attribute description has at most 65,535 bytes");
    this.reserve(2);
    this.position = this.buffer.writeUInt16BE(length, this.position);
    this.utf8(type);
  }

  /** The record; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.position);
  }

  private utf8(text: string): void {
    this.reserve(3 * text.length);
    this.position += this.buffer.write(text, this.position, "utf8");
  }

  private reserve(bytes: number): void {
    const wanted = this.position + bytes;
    if (wanted <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, 2 * this.buffer.length));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }
}
