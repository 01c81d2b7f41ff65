// What a set of changes must lead to, found out in two ways.
//
// The replay oracle is the shipped code with everything in its order: an empty backend gets all changes sorted by CSN, so that
// nothing ever arrives late. The serial oracle is code of its own, for values alone: the modifications of an entry, one after the
// other, on plain sets; what renames did to values it takes from the replay.
import type { Millis } from "../../src/base/index.ts";
import { parseDn, parseRdn } from "../../src/dn/index.ts";
import { Descriptions } from "../../src/entry/index.ts";
import { MemoryKv, WriteSet } from "../../src/kv/index.ts";
import { applyAndLog } from "../../src/operation/index.ts";
import type { Mod } from "../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import { type Csn, type ReplicaId, makeGenerator } from "../../src/replication/csn/index.ts";
import { makeRuv } from "../../src/replication/ruv/index.ts";
import { Backend, BackendTxn, readDescriptions } from "../../src/store/index.ts";
import { shippedSchema } from "../support/config-tree.ts";
import { SUFFIX } from "./scenario.ts";
import { BACKEND } from "./simulated-server.ts";

const NOBODY = 65_000 as ReplicaId;

/** The backend that all changes lead to. */
export function replayAll(changes: readonly Change[]): Backend {
  const kv = new MemoryKv();
  const descriptions = new Descriptions(shippedSchema(), () => readDescriptions(kv));
  const backend = new Backend(kv, { name: BACKEND, suffix: SUFFIX, descriptions });
  backend.keepsState = true;
  const write = (run: (writes: WriteSet) => void): void => {
    kv.transactSync(() => {
      const writes = new WriteSet();
      run(writes);
      backend.saveDescriptions(writes);
      writes.apply();
    });
    backend.reader.forgetNames();
  };
  write((writes) =>
    backend.putFacts(writes, {
      ruv: makeRuv("00000001000000010000"),
      generator: makeGenerator(NOBODY, 1),
    }),
  );
  for (const change of [...changes].sort((a, b) => (a.csn < b.csn ? -1 : 1))) {
    write((writes) => {
      const txn = backend.begin(writes);
      applyAndLog(backend, txn, writes, change, { origin: "replicated", now: 1000 as Millis });
    });
  }
  return backend;
}

const SINGLE_VALUED = new Set(["displayname", "employeenumber", "uidnumber"]);
/** What the workload changes, without what the server itself adds. */
const SERIAL_TYPES = new Set([
  "cn",
  "sn",
  "ou",
  "description",
  "description;lang-de",
  "telephonenumber",
  "title",
  "uidnumber",
  "displayname",
  "employeenumber",
]);

interface Step {
  readonly csn: Csn;
  readonly run: (values: ValueSets) => void;
}

export type ValueSets = Map<string, Set<string>>;

/** Values are compared without case and repeated blanks; telephone numbers without blanks at all. */
export function fold(type: string, value: string): string {
  const lower = value.trim().toLowerCase();
  return type === "telephonenumber"
    ? lower.replaceAll(/[\s-]/g, "")
    : lower.replaceAll(/\s+/g, " ");
}

function setOf(values: ValueSets, type: string): Set<string> {
  let set = values.get(type);
  if (set === undefined) {
    set = new Set();
    values.set(type, set);
  }
  return set;
}

export function addTo(values: ValueSets, type: string, value: string): void {
  const set = setOf(values, type);
  if (SINGLE_VALUED.has(type)) set.clear();
  set.add(fold(type, value));
}

export function runMod(values: ValueSets, { operation, type, values: given }: Mod): void {
  const key = type.toLowerCase();
  const texts = given.map(String);
  if (operation === "replace" || (operation === "delete" && texts.length === 0)) {
    setOf(values, key).clear();
  }
  if (operation === "delete") {
    for (const text of texts) setOf(values, key).delete(fold(key, text));
  } else for (const text of texts) addTo(values, key, text);
}

const rdnOf = (text: string): { type: string; value: string }[] =>
  parseRdn(text).map(({ type, value }) => ({ type: type.toLowerCase(), value: String(value) }));

/** The values that each entry must show, by unique ID: `type: value` in folded form. `replayed`: for the names. */
export function serialValues(
  changes: readonly Change[],
  replayed: Backend,
): ReadonlyMap<string, readonly string[]> {
  const steps = new Map<string, Step[]>();
  const add = (uniqueId: string, step: Step): void => {
    const list = steps.get(uniqueId) ?? [];
    list.push(step);
    steps.set(uniqueId, list);
  };
  for (const change of changes) {
    const { csn, uniqueId } = change;
    if (change.type === "add") {
      const rdn = parseDn(change.dn)[0] ?? [];
      add(uniqueId, {
        csn,
        run: (values) => {
          for (const { type, values: given } of change.attributes) {
            for (const value of given) addTo(values, type.toLowerCase(), String(value));
          }
          for (const { type, value } of rdn) addTo(values, type.toLowerCase(), String(value));
        },
      });
    } else if (change.type === "modify") {
      add(uniqueId, {
        csn,
        run: (values) => {
          for (const mod of change.mods) runMod(values, mod);
        },
      });
    }
  }
  const shown = new Map<string, readonly string[]>();
  const txn = new BackendTxn(replayed, replayed.tables, replayed.descriptions);
  for (const [uniqueId, list] of steps) {
    const node = txn.structure.getNode(uniqueId as UniqueId);
    for (const effect of node?.effects ?? []) {
      const type = effect.type.toLowerCase();
      add(uniqueId, {
        csn: effect.csn,
        run: (values) => {
          if (effect.kind === "vu") addTo(values, type, String(effect.value));
          else setOf(values, type).delete(fold(type, String(effect.value)));
        },
      });
    }
    const values: ValueSets = new Map();
    for (const { run } of list.sort((a, b) => (a.csn < b.csn ? -1 : a.csn > b.csn ? 1 : 0))) {
      run(values);
    }
    for (const { type, value } of node === undefined ? [] : rdnOf(node.rdn)) {
      if (type !== "nsuniqueid") addTo(values, type, value);
    }
    shown.set(uniqueId, linesOf(values));
  }
  return shown;
}

/** The same of what an entry shows. */
export const shownValues = (attributes: Iterable<KeyedValues>): readonly string[] =>
  linesOf(setsOf(attributes));

interface KeyedValues {
  /** The description in lower case. */
  readonly key: string;
  readonly values: readonly Buffer[];
}

export function setsOf(attributes: Iterable<KeyedValues>): ValueSets {
  const values: ValueSets = new Map();
  for (const { key, values: given } of attributes) {
    for (const value of given) setOf(values, key).add(fold(key, String(value)));
  }
  return values;
}

/** What is compared, one line for a value. */
export const linesOf = (values: ValueSets): string[] =>
  [...values]
    .filter(([type]) => SERIAL_TYPES.has(type))
    .flatMap(([type, set]) => [...set].map((value) => `${type}: ${value}`))
    .sort();
