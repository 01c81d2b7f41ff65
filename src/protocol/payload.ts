// The frame around decoding of control values and extended values, which are BER inside an OCTET
// STRING.
import type { BerWriter } from "../ber/index.ts";
import { BerError, BerReader } from "../ber/index.ts";
import { ProtocolError } from "./protocol-error.ts";

/** Decodes a whole value. `what` begins the client's error message: "Paged results control".
 *  @throws ProtocolError if the value is absent, is not what `read` expects, or goes on behind it
 *  */
export function decodeValue<T>(
  value: Buffer | undefined,
  what: string,
  read: (reader: BerReader) => T,
  depthMax?: number,
): T {
  if (value === undefined) throw new ProtocolError(`${what} has no value`);
  const reader = new BerReader(value, depthMax === undefined ? {} : { depthMax });
  try {
    const result = read(reader);
    if (reader.hasMore()) throw new BerError("bytes behind the value", reader.position);
    return result;
  } catch (error) {
    if (!(error instanceof BerError)) throw error;
    throw new ProtocolError(`${what} cannot be decoded: ${error.message}`, {
      offset: error.offset,
    });
  }
}

/** The texts of a SEQUENCE OF or SET OF OCTET STRING. */
export function readTexts(reader: BerReader, tag: number): string[] {
  const texts: string[] = [];
  reader.enter(tag);
  while (reader.hasMore()) texts.push(reader.readText());
  reader.leave();
  return texts;
}

export function writeTexts(writer: BerWriter, tag: number, texts: readonly string[]): void {
  writer.start(tag);
  for (const text of texts) writer.writeText(text);
  writer.end();
}

/** A SEQUENCE OF. */
export function writeAll<T>(
  writer: BerWriter,
  items: readonly T[],
  write: (item: T) => void,
): void {
  writer.start();
  for (const item of items) write(item);
  writer.end();
}

export function readAll<T>(reader: BerReader, read: () => T): T[] {
  const items: T[] = [];
  reader.enter();
  while (reader.hasMore()) items.push(read());
  reader.leave();
  return items;
}
