// TLVs of BER as records have them: tags of one byte, lengths below 2^32.
const lengthBytes = (length: number): number =>
  length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : length < 0x100_0000 ? 4 : 5;

export const tlvBytes = (length: number): number => 1 + lengthBytes(length) + length;

export function writeHeader(out: Buffer, at: number, tag: number, length: number): number {
  out[at] = tag;
  const count = lengthBytes(length) - 1;
  if (count === 0) {
    out[at + 1] = length;
    return at + 2;
  }
  out[at + 1] = 0x80 | count;
  out.writeUIntBE(length, at + 2, count);
  return at + 2 + count;
}

/** Where the content of the TLV begins, and how long it is. */
export function skipHeader(record: Buffer, at: number): { body: number; length: number } {
  const first = record[at + 1] as number;
  if (first < 0x80) return { body: at + 2, length: first };
  const count = first & 0x7f;
  return { body: at + 2 + count, length: record.readUIntBE(at + 2, count) };
}
