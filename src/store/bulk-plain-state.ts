// The short way of a bulk load for entries with state: one that is live and without conflict, whose parent is so too and whose
// name is free, is put as it will stay.
import { type Rdn, formatRdn } from "../dn/index.ts";
import type { Attribute, EntryContent, EntryId } from "../entry/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import { type Registers, encodeRegisters } from "../replication/registers/index.ts";
import type { StructureNode } from "../replication/urp/index.ts";
import { checkEntry } from "../schema/index.ts";
import type { BulkPlace } from "./bulk-names.ts";
import type { BulkTarget } from "./bulk-target.ts";
import { recordFlagsOf } from "./record-flags.ts";

/** The attributes that are shown; undefined when these are more than the registers say. */
export function plainAttributes(
  { resolve, descriptions }: BulkTarget,
  registers: Registers,
  rdn: Rdn,
): readonly Attribute[] | undefined {
  for (const { type, value } of rdn) {
    const description = resolve(type);
    if (description === undefined) return undefined;
    if (registers.find(description.key)?.has(value) !== true) return undefined;
  }
  const attributes = registers.shownAttributes();
  const typed = attributes.map(({ description, values }) => ({ type: description.type, values }));
  try {
    checkEntry(descriptions.schema, typed, { syntaxCheck: false });
  } catch (error) {
    if (error instanceof LdapError) return undefined;
    throw error;
  }
  return attributes;
}

export interface PlainState {
  readonly uniqueId: UniqueId;
  readonly place: BulkPlace;
  /** undefined: the suffix entry. */
  readonly node: StructureNode | undefined;
  readonly registers: Registers;
  /** As `plainAttributes` gives them. */
  readonly attributes: readonly Attribute[];
}

export function putPlainState(target: BulkTarget, entry: PlainState): void {
  const { uniqueId, place, node, registers } = entry;
  const { parent, normalRdn } = place;
  const attributes = [
    ...entry.attributes,
    {
      description: target.descriptions.intern("nsUniqueId"),
      values: [Buffer.from(uniqueId, "latin1")],
    },
  ];
  const content: EntryContent = {
    flags: recordFlagsOf({ kind: "live" }, attributes),
    parentId: parent?.id ?? (0 as EntryId),
    uniqueId,
    rdn: parent === undefined ? target.suffixDn : (node?.rdn ?? formatRdn(place.rdn)),
    attributes,
  };
  const encoded = encodeRegisters(registers, attributes);
  target.putNew(content, normalRdn, { node, registers: encoded, stated: registers });
}
