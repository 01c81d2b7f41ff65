// Pre-read and post-read (RFC 4527): the target of an update as it was before or is after it.
// Request value: an attribute selection, 30 { 04 name* }. Response value: a SearchResultEntry, 64 {
// 04 dn, 30 { … } }.
import { encodeBer } from "../../ber/index.ts";
import { writeAttributes } from "../attributes.ts";
import { readSearchEntry } from "../decode-response.ts";
import type { AttributeValues } from "../messages.ts";
import { decodeValue } from "../payload.ts";
import { readSelection } from "../selection.ts";
import { TAG_SEARCH_ENTRY } from "../tags.ts";

export const PRE_READ_OID = "1.3.6.1.1.13.1";
export const POST_READ_OID = "1.3.6.1.1.13.2";

export interface ReadEntry {
  readonly dn: string;
  readonly attributes: readonly AttributeValues[];
}

/** The attributes asked for, with the meaning they have in a search. */
export function decodeReadEntryRequest(value: Buffer | undefined): readonly string[] {
  return decodeValue(value, "Read entry control", readSelection);
}

export function encodeReadEntryRequest(attributes: readonly string[]): Buffer {
  return encodeBer((writer) => {
    writer.start();
    for (const attribute of attributes) writer.writeText(attribute);
    writer.end();
  });
}

export function decodeReadEntryResponse(value: Buffer | undefined): ReadEntry {
  return decodeValue(value, "Read entry control", (reader) => {
    const { dn, attributes } = readSearchEntry(reader);
    return { dn, attributes };
  });
}

export function encodeReadEntryResponse(entry: ReadEntry): Buffer {
  return encodeBer((writer) => {
    writer.start(TAG_SEARCH_ENTRY);
    writer.writeText(entry.dn);
    writer.start();
    writeAttributes(writer, entry.attributes);
    writer.end();
    writer.end();
  }, 1024);
}
