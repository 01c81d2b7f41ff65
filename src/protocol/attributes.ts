// Lists of attributes and of modifications (RFC 4511 §4.1.7, §4.6, §4.7), shared by requests,
// responses and replication.
//
//   PartialAttribute  30 { 04 type, 31 { 04 value* } }
//   change            30 { 0A operation, PartialAttribute }
import type { BerReader, BerWriter } from "../ber/index.ts";
import {
  BerError,
  TAG_SEQUENCE,
  TAG_SET,
  elementSize,
  encodeBer,
  headerSize,
} from "../ber/index.ts";
import type { AttributeValues, Mod, ModOperation } from "./messages.ts";

/** A writer makes room for the longest header before each element; with this much more it never
 *  grows. */
const HEADER_SLACK_BYTES = 6;

/** In order of their codes on the wire. */
const MOD_OPERATIONS: readonly ModOperation[] = ["add", "delete", "replace", "increment"];

export const modOperationCode = (operation: ModOperation): number =>
  MOD_OPERATIONS.indexOf(operation);
export const findModOperation = (code: number): ModOperation | undefined => MOD_OPERATIONS[code];

export function readValueSet(reader: BerReader): Buffer[] {
  const values: Buffer[] = [];
  reader.enter(TAG_SET);
  while (reader.hasMore()) values.push(reader.readOctets());
  reader.leave();
  return values;
}

/** One PartialAttribute; the set of values may be empty. */
export function readAttribute(reader: BerReader): AttributeValues {
  reader.enter();
  const type = reader.readText();
  const values = readValueSet(reader);
  reader.leave();
  return { type, values };
}

/** A SEQUENCE OF PartialAttribute. */
export function readAttributes(reader: BerReader): AttributeValues[] {
  const attributes: AttributeValues[] = [];
  reader.enter();
  while (reader.hasMore()) attributes.push(readAttribute(reader));
  reader.leave();
  return attributes;
}

/** A SEQUENCE OF change. @throws BerError also for an unknown operation */
export function readMods(reader: BerReader): Mod[] {
  const mods: Mod[] = [];
  reader.enter();
  while (reader.hasMore()) {
    reader.enter();
    const start = reader.position;
    const operation = findModOperation(reader.readEnumerated());
    if (operation === undefined) throw new BerError("unknown modify operation", start);
    const { type, values } = readAttribute(reader);
    reader.leave();
    mods.push({ operation, type, values });
  }
  reader.leave();
  return mods;
}

export function writeAttribute(writer: BerWriter, type: string, values: readonly Buffer[]): void {
  const typeBytes = Buffer.byteLength(type);
  const valuesBytes = valuesSize(values);
  writer.writeHeader(TAG_SEQUENCE, elementSize(typeBytes) + elementSize(valuesBytes));
  writer.writeText(type);
  writer.writeHeader(TAG_SET, valuesBytes);
  for (const value of values) writer.writeOctets(value);
}

/** Without the SEQUENCE around the list. */
export function writeAttributes(writer: BerWriter, attributes: readonly AttributeValues[]): void {
  for (const attribute of attributes) writeAttribute(writer, attribute.type, attribute.values);
}

/** Without the SEQUENCE around the list. */
export function writeMods(writer: BerWriter, mods: readonly Mod[]): void {
  for (const mod of mods) {
    writer.start();
    writer.writeEnumerated(modOperationCode(mod.operation));
    writeAttribute(writer, mod.type, mod.values);
    writer.end();
  }
}

function valuesSize(values: readonly Buffer[]): number {
  let size = 0;
  for (const value of values) size += elementSize(value.length);
  return size;
}

/** Bytes of the PartialAttribute that `encodePartialAttribute` makes. */
export function partialAttributeSize(type: string, values: readonly Buffer[]): number {
  const set = elementSize(valuesSize(values));
  const content = elementSize(Buffer.byteLength(type)) + set;
  return headerSize(content) + content;
}

/** One PartialAttribute TLV as it stands in a search result entry. */
export function encodePartialAttribute(type: string, values: readonly Buffer[]): Buffer {
  return encodeBer(
    (writer) => writeAttribute(writer, type, values),
    partialAttributeSize(type, values) + HEADER_SLACK_BYTES,
  );
}
