// Bytes to be hashed, written into one buffer that all digests share: one call of the hash function for each entry. Numbers are
// u32, big-endian; texts and values have their length before them, so that different inputs never give the same bytes. What is
// short is written in a loop: a call into native code costs more.

const FIRST_BYTES = 16 * 1024;
/** Up to so many bytes or characters a loop is quicker. */
const LOOP_MAX = 40;

let shared = Buffer.allocUnsafeSlow(FIRST_BYTES);

/** One at a time: the next one writes over it. */
export class DigestInput {
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    shared[this.#length] = value;
    this.#length += 1;
  }

  number(value: number): void {
    this.#reserve(4);
    this.#putNumber(value, this.#length);
    this.#length += 4;
  }

  value(bytes: Buffer): void {
    const { length } = bytes;
    this.#reserve(4 + length);
    this.#putNumber(length, this.#length);
    this.#length += 4;
    if (length > LOOP_MAX) bytes.copy(shared, this.#length);
    else for (let i = 0; i < length; i += 1) shared[this.#length + i] = bytes[i] as number;
    this.#length += length;
  }

  text(text: string): void {
    const start = this.#length + 4;
    this.#reserve(4 + 3 * text.length);
    let end = start;
    if (text.length <= LOOP_MAX) {
      for (; end - start < text.length; end += 1) {
        const code = text.charCodeAt(end - start);
        if (code >= 0x80) break;
        shared[end] = code;
      }
    }
    if (end - start < text.length) end = start + shared.write(text, start, "utf8");
    this.#putNumber(end - start, start - 4);
    this.#length = end;
  }

  /** What has been written; valid until the next one is made. */
  view(): Buffer {
    return shared.subarray(0, this.#length);
  }

  #putNumber(value: number, at: number): void {
    shared[at] = value >>> 24;
    shared[at + 1] = value >>> 16;
    shared[at + 2] = value >>> 8;
    shared[at + 3] = value;
  }

  #reserve(count: number): void {
    if (this.#length + count <= shared.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + count));
    shared.copy(larger, 0, 0, this.#length);
    shared = larger;
  }
}
