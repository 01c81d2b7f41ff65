// Conflict histories (test/data/urp) on a real backend, and what it ends with, in the form in which the model wrote its own results:
// nodes, names and their holders, registers, entries, tombstones.
import { parseDn } from "../../src/dn/index.ts";
import { type EntryId, RecordFlag, type StoredEntry } from "../../src/entry/index.ts";
import type { Kv } from "../../src/kv/index.ts";
import { WriteSet } from "../../src/kv/index.ts";
import { decodeUniqueId } from "../../src/replication/change/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import type { Csn } from "../../src/replication/csn/index.ts";
import { type Registers, decodeRegisters } from "../../src/replication/registers/index.ts";
import type { BackendTxn } from "../../src/store/index.ts";
import type { ExpectedState, History, StoredValues } from "./conflict-histories.ts";
import { StoreBackend } from "./store-backend.ts";

export const HISTORY_SUFFIX = "ou=base";
export const HISTORY_SUFFIX_ID = "eeeeeeee-00000000-00000000-00000000" as UniqueId;
/** The model looks at the attributes that the classes allow, a server at those that they require too. */
const SCHEMA_VIOLATION = "Schema violation";
/** Derived or kept for the server, not attributes of the model. */
const NOT_COMPARED = new Set(["nsuniqueid", "conflictcsn"]);

/** Of an origin that no history has: the update vector must not cover anything of one. */
const SUFFIX_CSN = "000000010000ffff0000" as Csn;

/** A replica that has only the suffix entry. */
export function newHistoryStore(kv?: Kv): StoreBackend {
  const store = new StoreBackend(HISTORY_SUFFIX, kv).replicate();
  store.apply({
    type: "add",
    csn: SUFFIX_CSN,
    uniqueId: HISTORY_SUFFIX_ID,
    dn: HISTORY_SUFFIX,
    attributes: [
      { type: "objectClass", values: [Buffer.from("top"), Buffer.from("organizationalUnit")] },
      { type: "ou", values: [Buffer.from("base")] },
    ],
    parentUniqueId: undefined,
  });
  return store;
}

export function playHistory(history: History, order: readonly number[], kv?: Kv): StoreBackend {
  const store = newHistoryStore(kv);
  for (const index of order) store.apply(history.changes[index] as Change);
  return store;
}

/** What is compared; keys sorted by nature of the maps. */
export type Compared = Readonly<
  Record<"nodes" | "entries" | "tombstones" | "registers", Readonly<Record<string, unknown>>>
>;

const lower = (text: string): string => text.toLowerCase();
const sortedAssertions = (rdn: string): string =>
  (parseDn(rdn)[0] ?? [])
    .map(({ type, value }) => lower(`${type}=${value.toString("utf8")}`))
    .sort()
    .join("+");
const tidyDn = (dn: string): string =>
  parseDn(dn)
    .map((rdn) =>
      rdn
        .map(({ type, value }) => lower(`${type}=${value.toString("utf8")}`))
        .sort()
        .join("+"),
    )
    .join(",");
const tidyMark = (mark: string): string => {
  const at = mark.indexOf(") ");
  return at < 0 ? mark : mark.slice(0, at + 2) + tidyDn(mark.slice(at + 2));
};

function tidyAttributes(
  attributes: Iterable<readonly [string, readonly string[]]>,
): Record<string, readonly string[]> {
  const out: Record<string, readonly string[]> = {};
  for (const [name, values] of attributes) {
    const isClass = name === "objectclass";
    const isMark = name === "nsds5replconflict";
    const kept = values
      .filter((value) => value !== SCHEMA_VIOLATION)
      .map((value) => (isClass ? lower(value) : isMark ? tidyMark(value) : value))
      .sort();
    if (kept.length > 0 && !NOT_COMPARED.has(name)) out[name] = kept;
  }
  return out;
}

/** What the model says. */
export function expectedOf({ nodes, entries, tombstones, registers }: ExpectedState): Compared {
  return {
    nodes: Object.fromEntries(
      nodes.map(([uid, life, parent, rdn, ...rest]) => [
        uid,
        [life, parent, sortedAssertions(rdn), ...rest],
      ]),
    ),
    entries: Object.fromEntries(
      entries.map(([dn, uid, attributes, csn]) => [
        uid,
        [tidyDn(dn), tidyAttributes(Object.entries(attributes)), csn],
      ]),
    ),
    tombstones,
    registers: registers ?? {},
  };
}

/** What the store says. */
export function comparedOf(store: StoreBackend): Compared {
  const { backend } = store;
  const txn = backend.begin(new WriteSet());
  const compared = { nodes: {}, entries: {}, tombstones: {}, registers: {} } as {
    -readonly [Key in keyof Compared]: Record<string, unknown>;
  };
  for (const { key, value } of backend.tables.uid.range({})) {
    const uniqueId = decodeUniqueId(Buffer.from(key));
    if (uniqueId === HISTORY_SUFFIX_ID) continue;
    const id = value.readUInt32BE(0) as EntryId;
    const node = txn.structure.getNode(uniqueId);
    const entry = backend.reader.entry(id);
    if (node !== undefined) compared.nodes[uniqueId] = nodeOf(node);
    if (entry !== undefined) describeEntry(compared, entry, store);
    const bytes = txn.rows.registers(id);
    if (bytes.length === 0) continue;
    const registers = registersOf(
      decodeRegisters(bytes, entry?.stored() ?? [], {
        resolve: txn.resolve,
        get: (number) => backend.descriptions.get(number),
      }),
    );
    if (Object.keys(registers).length > 0) compared.registers[uniqueId] = registers;
  }
  return compared;
}

function nodeOf(node: NonNullable<ReturnType<BackendTxn["structure"]["getNode"]>>): unknown {
  return [
    node.life,
    node.parent,
    sortedAssertions(node.rdn),
    node.naming,
    node.how,
    node.conflict,
    node.death ?? null,
    node.effects.map(({ csn, kind, type, value }) => [csn, kind, lower(type), value.toString()]),
  ];
}

function describeEntry(
  compared: { entries: Record<string, unknown>; tombstones: Record<string, unknown> },
  entry: StoredEntry,
  { schema }: StoreBackend,
): void {
  const first = (type: string): string | null =>
    entry.values(schema.attributeType(type))[0]?.toString("latin1") ?? null;
  if ((entry.flags & RecordFlag.tombstone) !== 0) {
    compared.tombstones[entry.uniqueId] = first("nsTombstoneCSN");
    return;
  }
  const attributes = entry
    .stored()
    .map(({ description, values }) => [
      description.key,
      values.map((value) => value.toString("utf8")),
    ]) as [string, string[]][];
  const csn = first("conflictCSN");
  compared.entries[entry.uniqueId] = [tidyDn(entry.dn), tidyAttributes(attributes), csn];
}

/** Registers in the model's form: by attribute the deletion CSN and the values, without garbage. */
function registersOf(registers: Registers): Record<string, unknown> {
  const copy = registers.copy();
  copy.collectGarbage();
  const out: Record<string, unknown> = {};
  for (const [key, state] of copy.attributes) {
    const values: Record<string, StoredValues[string]> = {};
    for (const { value, vu, vd } of state.list()) {
      const spelling = value.toString("utf8");
      values[lower(spelling)] = [vu ?? null, vu === undefined ? null : spelling, vd ?? null];
    }
    out[key] = [state.ad ?? null, values];
  }
  return out;
}
