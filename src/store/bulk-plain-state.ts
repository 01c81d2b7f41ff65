// The short way of a bulk load for entries with state: one that is live and without conflict, whose parent is so too and whose
// name is free, is put as it will stay.
import { type Rdn, formatRdn } from "../dn/index.ts";
import type { Attribute, EntryContent, EntryId } from "../entry/index.ts";
import { LdapError, type ReplicatedAttribute } from "../protocol/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import {
  type Registers,
  type ResolveDescription,
  encodeRegisters,
  encodeZeroRegisters,
  fromReplicatedAttributes,
  unstatedAttributes,
} from "../replication/registers/index.ts";
import type { StructureNode } from "../replication/urp/index.ts";
import { checkEntry } from "../schema/index.ts";
import type { BulkPlace } from "./bulk-names.ts";
import { hasValue } from "./bulk-plain.ts";
import type { BulkTarget } from "./bulk-target.ts";
import { recordFlagsOf } from "./record-flags.ts";

/** The values of an entry as they came. */
export class ReceivedValues {
  readonly #given: readonly ReplicatedAttribute[];
  readonly #resolve: ResolveDescription;
  readonly #unstated: readonly Attribute[] | undefined;
  #registers: Registers | undefined;

  constructor(given: readonly ReplicatedAttribute[], resolve: ResolveDescription) {
    this.#given = given;
    this.#resolve = resolve;
    this.#unstated = unstatedAttributes(given, resolve);
  }

  get registers(): Registers {
    this.#registers ??= fromReplicatedAttributes(this.#given, this.#resolve);
    return this.#registers;
  }

  /** undefined: all values came without CSNs. */
  get stated(): Registers | undefined {
    return this.#unstated === undefined ? this.registers : undefined;
  }

  /** Those that the registers show. */
  get shown(): readonly Attribute[] {
    return this.#unstated ?? this.registers.shownAttributes();
  }
}

/** The attributes that are shown; undefined when these are more than the registers say. */
export function plainAttributes(
  { resolve, descriptions }: BulkTarget,
  values: ReceivedValues,
  rdn: Rdn,
): readonly Attribute[] | undefined {
  const attributes = values.shown;
  for (const { type, value } of rdn) {
    const key = resolve(type)?.key;
    const own = attributes.find(({ description }) => description.key === key);
    if (own === undefined || !hasValue(own.description, own.values, value)) return undefined;
  }
  try {
    checkEntry(descriptions.schema, attributes, { syntaxCheck: false });
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
  /** The node, if it came encoded. */
  readonly nodeBytes?: Buffer;
  readonly values: ReceivedValues;
  /** As `plainAttributes` gives them. */
  readonly attributes: readonly Attribute[];
}

export function putPlainState(target: BulkTarget, entry: PlainState): void {
  const { uniqueId, place, node, nodeBytes } = entry;
  const { stated } = entry.values;
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
  const registers =
    stated === undefined ? encodeZeroRegisters(attributes) : encodeRegisters(stated, attributes);
  target.putNew(content, normalRdn, { node, nodeBytes, registers, stated });
}
