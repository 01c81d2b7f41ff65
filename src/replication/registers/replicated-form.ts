// The state of an entry as 389 writes it: in a total initialization (replication-protocol 4.1), and as text in nscpEntryWSI and
// replica LDIF (conflict-resolution 3). Per attribute: present values, then deleted ones; per value its CSNs by kind.
//
// 389 says of each value whether it is present; registers derive it. Where the two disagree on import (389 had purged CSNs, or
// kept a value that lost), what 389 showed is kept: see `settle`.
import type {
  ReplicatedAttribute,
  ReplicatedValue,
  ReplicationEntry,
  ValueCsn,
} from "../../protocol/index.ts";
import { CSN_ZERO, type Csn, maxCsn } from "../csn/index.ts";
import { AttributeState, type ValueCsns } from "./attribute-state.ts";
import { Registers, type ResolveDescription } from "./registers.ts";
import { isStateless } from "./stateless.ts";

const NO_BYTES = Buffer.alloc(0);

/** The CSNs of a value, ascending; a value that came without has none. */
function csnsOf({ vu, vd, md }: ValueCsns): ValueCsn[] {
  const csns: ValueCsn[] = [];
  if (vu !== undefined && vu !== CSN_ZERO) csns.push({ kind: "updated", csn: vu });
  if (vd !== undefined && vd !== CSN_ZERO) csns.push({ kind: "deleted", csn: vd });
  if (md !== undefined && md !== CSN_ZERO) csns.push({ kind: "distinguished", csn: md });
  return csns.sort((a, b) => (a.csn < b.csn ? -1 : a.csn > b.csn ? 1 : 0));
}

/** The state of one attribute; undefined when there is nothing to be said of it. */
export function toReplicatedAttribute(state: AttributeState): ReplicatedAttribute | undefined {
  return untouchedAttribute(state) ?? anyAttribute(state);
}

/** Of an attribute whose values have one vu, and are all shown; undefined: it is none of these. */
function untouchedAttribute({
  description,
  ad,
  uniform,
}: AttributeState): ReplicatedAttribute | undefined {
  if (uniform === undefined || (ad !== undefined && uniform.vu < ad)) return undefined;
  const { vu, named, attribute } = uniform;
  const { values } = attribute;
  if (values.length === 0 || (values.length > 1 && description.type.singleValue)) return undefined;
  const csns = csnsOf({ vu, vd: undefined, md: undefined });
  const csnsAt = (position: number): readonly ValueCsn[] =>
    position === named?.position ? csnsOf({ vu, vd: undefined, md: named.md }) : csns;
  return {
    type: description.text,
    deletionCsn: ad === CSN_ZERO ? undefined : ad,
    deleted: false,
    values: values.map((value, position) => ({ value, deleted: false, csns: csnsAt(position) })),
  };
}

function anyAttribute(state: AttributeState): ReplicatedAttribute | undefined {
  const shown = new Set(state.shown());
  const present: ReplicatedValue[] = [];
  const gone: ReplicatedValue[] = [];
  for (const value of state.list()) {
    const csns = csnsOf(value);
    if (shown.has(value.value)) present.push({ value: value.value, deleted: false, csns });
    else if (csns.length > 0) gone.push({ value: value.value, deleted: true, csns });
  }
  const deletionCsn = state.ad === CSN_ZERO ? undefined : state.ad;
  if (present.length + gone.length === 0) {
    if (deletionCsn === undefined) return undefined;
    // 389: a deleted attribute without values is written as one empty deleted value (entry.c).
    gone.push({ value: NO_BYTES, deleted: true, csns: [{ kind: "deleted", csn: deletionCsn }] });
  }
  return {
    type: state.description.text,
    deletionCsn,
    deleted: present.length === 0,
    values: [...present, ...gone],
  };
}

/** All attributes of the registers: present ones first. Joined with rename effects and the RDN by the caller. */
export function toReplicatedAttributes(registers: Registers): ReplicatedAttribute[] {
  const all: ReplicatedAttribute[] = [];
  for (const state of registers.attributes.values()) {
    const attribute = toReplicatedAttribute(state);
    if (attribute !== undefined) all.push(attribute);
  }
  return [...all.filter(({ deleted }) => !deleted), ...all.filter(({ deleted }) => deleted)];
}

const csnOf = (csns: readonly ValueCsn[], kind: ValueCsn["kind"]): Csn | undefined =>
  csns.reduce<Csn | undefined>(
    (largest, each) => (each.kind === kind ? maxCsn(largest, each.csn) : largest),
    undefined,
  );

/** What 389 writes for a deleted attribute without values. */
function isPlaceholder({ value, csns }: ReplicatedValue, deletionCsn: Csn | undefined): boolean {
  return (
    value.length === 0 && csns.every(({ kind, csn }) => kind === "deleted" && csn === deletionCsn)
  );
}

function addDeleted(state: AttributeState, value: ReplicatedValue, keepUpdated: boolean): void {
  const vu = csnOf(value.csns, "updated");
  const vd = csnOf(value.csns, "deleted");
  const wouldShow = vu !== undefined && vu >= (vd ?? CSN_ZERO) && vu >= (state.ad ?? CSN_ZERO);
  // What left the name is remembered as such also where its add is forgotten.
  if (vd !== undefined) state.deleteValue(value.value, vd, csnOf(value.csns, "distinguished"));
  if (vu !== undefined && keepUpdated && !wouldShow) {
    state.add(value.value, vu, csnOf(value.csns, "distinguished"));
  }
}

/** Makes the values that 389 shows survive: with a CSN as large as what stands against them. */
function settle(state: AttributeState, present: readonly ReplicatedValue[]): void {
  for (const { value } of present) {
    if (!state.has(value)) state.add(value, state.largestCsn() ?? CSN_ZERO);
  }
}

/** Registers from the state as 389 writes it; attributes without registers and unusable types are left out. */
export function fromReplicatedAttributes(
  attributes: readonly ReplicatedAttribute[],
  resolve: ResolveDescription,
): Registers {
  const registers = new Registers(resolve);
  for (const { type, deletionCsn, values } of attributes) {
    const description = resolve(type);
    if (description === undefined || isStateless(description.type.key)) continue;
    const state = registers.find(description.key) ?? new AttributeState(description);
    if (deletionCsn !== undefined) state.deleteAll(deletionCsn);
    const present = values.filter(({ deleted }) => !deleted);
    const keepUpdated = present.length === 0 || !description.type.singleValue;
    for (const { value, csns } of present) {
      state.add(value, csnOf(csns, "updated") ?? CSN_ZERO, csnOf(csns, "distinguished"));
      const vd = csnOf(csns, "deleted");
      if (vd !== undefined) state.deleteValue(value, vd);
    }
    for (const value of values) {
      if (value.deleted && !isPlaceholder(value, deletionCsn))
        addDeleted(state, value, keepUpdated);
    }
    const mayDiffer =
      description.type.singleValue ||
      deletionCsn !== undefined ||
      present.some(({ csns }) => csns.length > 1);
    if (mayDiffer) settle(state, present);
    registers.set(state);
  }
  registers.collectGarbage();
  return registers;
}

// ---- text ----------------------------------------------------------------------------------------------------------

const CSN_OPTIONS = { updated: "vucsn", deleted: "vdcsn", distinguished: "mdcsn" } as const;

/** RFC 2849 SAFE-STRING, and no blank at the end. */
function isSafe(value: Buffer): boolean {
  const first = value[0];
  if (first === 0x20 || first === 0x3a || first === 0x3c) return false;
  if (value[value.length - 1] === 0x20) return false;
  return value.every((byte) => byte < 0x80 && byte !== 0 && byte !== 0x0a && byte !== 0x0d);
}

const formatLine = (name: string, value: Buffer): string =>
  isSafe(value) ? `${name}: ${value.toString("latin1")}` : `${name}:: ${value.toString("base64")}`;

/** The values of nscpEntryWSI: unwrapped LDIF lines, the first one the DN. */
export function formatEntryState(entry: ReplicationEntry): string[] {
  const lines = [formatLine("dn", Buffer.from(entry.dn, "utf8"))];
  for (const { type, deletionCsn, deleted, values } of entry.attributes) {
    values.forEach((value, index) => {
      let name = type;
      if (index === 0 && deletionCsn !== undefined) name += `;adcsn-${deletionCsn}`;
      for (const { kind, csn } of value.csns) name += `;${CSN_OPTIONS[kind]}-${csn}`;
      if (deleted) name += ";deletedattribute";
      if (value.deleted) name += ";deleted";
      lines.push(formatLine(name, value.value));
    });
  }
  lines.push(formatLine("nsUniqueId", Buffer.from(entry.uniqueId, "latin1")));
  return lines;
}

/** The state options of one line. */
export interface LineState {
  /** Without the options that carry state. */
  readonly type: string;
  readonly deletionCsn: Csn | undefined;
  readonly csns: readonly ValueCsn[];
  readonly deletedAttribute: boolean;
  readonly deleted: boolean;
}

const CSN_OPTION = /^([a-z0-9]{2})csn-([0-9a-f]{20})$/i;
const KINDS: Readonly<Record<string, ValueCsn["kind"] | undefined>> = {
  vu: "updated",
  vd: "deleted",
  md: "distinguished",
};

/** Takes an attribute description of replica LDIF apart; the options may stand in any order. */
export function parseStateDescription(text: string): LineState {
  const parts = text.split(";");
  const kept: string[] = [];
  const csns: ValueCsn[] = [];
  let deletionCsn: Csn | undefined;
  let deletedAttribute = false;
  let deleted = false;
  parts.forEach((part, index) => {
    const match = index === 0 ? null : CSN_OPTION.exec(part);
    const option = part.toLowerCase();
    if (match !== null) {
      const csn = (match[2] as string).toLowerCase() as Csn;
      const prefix = (match[1] as string).toLowerCase();
      const kind = KINDS[prefix];
      if (prefix === "ad") deletionCsn = maxCsn(deletionCsn, csn);
      else if (kind !== undefined) csns.push({ kind, csn });
    } else if (index > 0 && option === "deletedattribute") deletedAttribute = true;
    else if (index > 0 && option === "deleted") deleted = true;
    else kept.push(part);
  });
  return { type: kept.join(";"), deletionCsn, csns, deletedAttribute, deleted };
}

/** Gathers the lines of one LDIF entry with state into attributes. */
export class StateCollector {
  readonly #attributes = new Map<
    string,
    { type: string; deletionCsn: Csn | undefined; deleted: boolean; values: ReplicatedValue[] }
  >();

  /** `description` as in the LDIF, `value` decoded. */
  addLine(description: string, value: Buffer): void {
    const line = parseStateDescription(description);
    const key = line.type.toLowerCase();
    let attribute = this.#attributes.get(key);
    if (attribute === undefined) {
      attribute = { type: line.type, deletionCsn: undefined, deleted: false, values: [] };
      this.#attributes.set(key, attribute);
    }
    attribute.deletionCsn = maxCsn(attribute.deletionCsn, line.deletionCsn);
    attribute.deleted ||= line.deletedAttribute;
    const deleted = line.deleted || line.deletedAttribute;
    attribute.values.push({ value, deleted, csns: line.csns });
  }

  finish(): ReplicatedAttribute[] {
    return [...this.#attributes.values()];
  }
}
