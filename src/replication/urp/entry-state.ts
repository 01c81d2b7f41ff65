// An entry with its state for 389: one entry of a total initialization, and what nscpEntryWSI prints (13.7, replication-protocol
// 4.1). Effects of renames are joined, RDN values are present and carry md, derived attributes and classes stand as 389 stores
// them. Send entries parents first, tombstones too; placeholders without shown children have no form and are not sent.
import type { AttributeDescription } from "../../entry/index.ts";
import type { ReplicatedAttribute, ReplicationEntry } from "../../protocol/index.ts";
import { type Csn, maxCsn } from "../csn/index.ts";
import {
  AttributeState,
  Registers,
  toReplicatedAttribute,
  toReplicatedAttributes,
} from "../registers/index.ts";
import type { EntryForm } from "./form.ts";
import { plainRdn, readRdn } from "./names.ts";
import { type Surroundings, derivedAttributes, derivedClasses } from "./shown.ts";

const GLUE = Buffer.from("glue", "latin1");

/** Makes an RDN value survive, with md as 389 has it. */
function putNamingValue(state: AttributeState, value: Buffer, naming: Csn): void {
  if (state.has(value)) {
    const key = state.description.type.normalize(value).toString("latin1");
    const known = state.values.get(key);
    state.add(known?.value ?? value, known?.vu ?? naming, naming);
    return;
  }
  state.add(value, maxCsn(state.largestCsn(), naming) ?? naming, naming);
}

/** Registers as 389 would have them for this entry. */
function joinedRegisters(form: EntryForm, base: Registers, surroundings: Surroundings): Registers {
  const { resolve } = surroundings;
  const joined = form.kind === "missing" ? new Registers(resolve) : base.copy();
  if (form.kind !== "missing") joined.joinEffects(form.node.effects);
  joined.collectGarbage();
  const stateOf = (description: AttributeDescription): AttributeState =>
    joined.find(description.key) ?? new AttributeState(description);
  for (const { type, value } of plainRdn(readRdn(form.node.rdn))) {
    const description = resolve(type);
    if (description === undefined) continue;
    const state = stateOf(description);
    putNamingValue(state, value, form.node.naming);
    joined.set(state);
  }
  for (const state of [...joined.attributes.values()]) clipNaming(joined, state, form.node.naming);
  return joined;
}

/** 389 takes the largest md of an entry for its naming CSN. Adds and renames without effect may have left larger ones. */
function clipNaming(joined: Registers, state: AttributeState, naming: Csn): void {
  const values = [...state.list()];
  if (values.every(({ md }) => md === undefined || md <= naming)) return;
  const clipped = values.map((value) =>
    value.md !== undefined && value.md > naming ? { ...value, md: naming } : value,
  );
  joined.set(new AttributeState(state.description, state.ad, clipped));
}

/** The CSN of the classes that the structure adds: of the death where there is one, which no value of the entry itself can
 *  carry, so that a receiver tells them apart; else of the naming. */
function derivedCsn({ kind, node, tombstoneCsn }: EntryForm): Csn | undefined {
  if (kind === "tombstone") return tombstoneCsn;
  return kind === "glue" ? (node.death ?? node.naming) : node.naming;
}

/** objectClass with the classes that the structure adds. */
function classAttribute(
  form: EntryForm,
  joined: Registers,
  { resolve }: Surroundings,
): ReplicatedAttribute | undefined {
  const description = resolve("objectClass");
  if (description === undefined) return undefined;
  const state = joined.find(description.key) ?? new AttributeState(description);
  const attribute = toReplicatedAttribute(state);
  const isGlue = (value: Buffer): boolean =>
    description.type.normalize(value).equals(description.type.normalize(GLUE));
  const kept = (attribute?.values ?? []).filter(({ value }) => !isGlue(value));
  const added = derivedClasses(form)
    .map((name) => Buffer.from(name, "latin1"))
    .filter((value) => !state.has(value))
    .map((value) => {
      const csn = derivedCsn(form);
      return {
        value,
        deleted: false,
        csns: csn === undefined ? [] : [{ kind: "updated" as const, csn }],
      };
    });
  const names = new Set(added.map(({ value }) => value.toString("latin1").toLowerCase()));
  const others = kept.filter(({ value }) => !names.has(value.toString("latin1").toLowerCase()));
  const values = [...added, ...others];
  if (values.length === 0) return undefined;
  return {
    type: description.text,
    deletionCsn: attribute?.deletionCsn,
    deleted: values.every(({ deleted }) => deleted),
    values: [
      ...values.filter(({ deleted }) => !deleted),
      ...values.filter(({ deleted }) => deleted),
    ],
  };
}

/** The entry as 389 would hold it. nsUniqueId, entryid and the like are not among the attributes. */
export function entryState(
  form: EntryForm,
  base: Registers,
  dn: string,
  surroundings: Surroundings,
): ReplicationEntry {
  const joined = joinedRegisters(form, base, surroundings);
  const classes = classAttribute(form, joined, surroundings);
  const own = toReplicatedAttributes(joined).filter(
    ({ type }) => type.toLowerCase() !== "objectclass",
  );
  const derived = derivedAttributes(form, surroundings).flatMap(([type, values]) =>
    values.length === 0
      ? []
      : [
          {
            type,
            deletionCsn: undefined,
            deleted: false,
            values: values.map((value) => ({
              value: Buffer.from(value),
              deleted: false,
              csns: [],
            })),
          },
        ],
  );
  const present = own.filter(({ deleted }) => !deleted);
  const gone = own.filter(({ deleted }) => deleted);
  return {
    uniqueId: form.uniqueId,
    dn,
    attributes: [...(classes === undefined ? [] : [classes]), ...present, ...derived, ...gone],
  };
}
