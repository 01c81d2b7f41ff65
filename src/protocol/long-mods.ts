// Modifications and value sets with the four-octet length form, as 389 writes them inside control
// and extended values. The reader is the same for both forms; 389 reads the operation with any
// integer tag, so we do.
import type { BerReader, BerWriter } from "../ber/index.ts";
import { BerError, TAG_INTEGER, TAG_SET } from "../ber/index.ts";
import { findModOperation, modOperationCode, readAttribute } from "./attributes.ts";
import type { Mod } from "./messages.ts";

/** A SEQUENCE OF { operation, PartialAttribute }. */
export function readLongMods(reader: BerReader): Mod[] {
  const mods: Mod[] = [];
  reader.enter();
  while (reader.hasMore()) {
    reader.enter();
    const start = reader.position;
    const isInteger = reader.peekTag() === TAG_INTEGER;
    const operation = findModOperation(isInteger ? reader.readInteger() : reader.readEnumerated());
    if (operation === undefined) throw new BerError("unknown modify operation", start);
    const { type, values } = readAttribute(reader);
    reader.leave();
    mods.push({ operation, type, values });
  }
  reader.leave();
  return mods;
}

export function writeLongMods(writer: BerWriter, mods: readonly Mod[]): void {
  writer.startLong();
  for (const mod of mods) {
    writer.startLong();
    writer.writeEnumerated(modOperationCode(mod.operation));
    writer.startLong();
    writer.writeText(mod.type);
    writer.startLong(TAG_SET);
    for (const value of mod.values) writer.writeOctets(value);
    writer.end();
    writer.end();
    writer.end();
  }
  writer.end();
}
