// Search result entries from parts that are encoded already: the hot path of every search.
//
// The sizes are known beforehand, so all headers are written at once and nothing is moved
// afterwards:
//
//   30 len { 02 messageId, 64 len { 04 len dn, 30 len { PartialAttribute TLVs } }, controls }
//   `------------ writeSearchEntryHeader ------------'  the caller appends  the caller appends
import type { BerWriter } from "../ber/index.ts";
import {
  TAG_OCTET_STRING,
  TAG_SEQUENCE,
  elementSize,
  headerSize,
  integerSize,
} from "../ber/index.ts";
import { TAG_SEARCH_ENTRY } from "./tags.ts";

export interface SearchEntrySizes {
  readonly dnLength: number;
  /** Bytes of the PartialAttribute TLVs together. */
  readonly attributesLength: number;
  /** Bytes of the controls from `encodeControls`, 0 without. */
  readonly controlsLength: number;
}

/** Writes everything in front of the DN's bytes. The caller then appends exactly `dnLength` bytes
 *  (an RDN from the entry and the rest from its parent, say), calls `writeAttributesHeader`,
 *  appends the attributes and then the controls. */
export function writeSearchEntryStart(
  writer: BerWriter,
  messageId: number,
  sizes: SearchEntrySizes,
): void {
  const { dnLength, attributesLength, controlsLength } = sizes;
  const content = headerSize(dnLength) + dnLength + headerSize(attributesLength) + attributesLength;
  const idSize = integerSize(messageId);
  writer.writeHeader(TAG_SEQUENCE, 2 + idSize + elementSize(content) + controlsLength);
  writer.writeInteger(messageId);
  writer.writeHeader(TAG_SEARCH_ENTRY, content);
  writer.writeHeader(TAG_OCTET_STRING, dnLength);
}

/** Writes the header of the list of attributes, behind the DN. */
export function writeAttributesHeader(writer: BerWriter, attributesLength: number): void {
  writer.writeHeader(TAG_SEQUENCE, attributesLength);
}

/** Writes everything in front of the attributes. The caller then appends exactly `attributesLength`
 *  bytes of PartialAttribute TLVs by `writer.appendRange`, and behind them `controls`, the list
 *  from `encodeControls`, if there is one. */
export function writeSearchEntryHeader(
  writer: BerWriter,
  messageId: number,
  dnBytes: Buffer,
  attributesLength: number,
  controls: Buffer | undefined,
): void {
  writeSearchEntryStart(writer, messageId, {
    dnLength: dnBytes.length,
    attributesLength,
    controlsLength: controls === undefined ? 0 : controls.length,
  });
  writer.append(dnBytes);
  writeAttributesHeader(writer, attributesLength);
}
