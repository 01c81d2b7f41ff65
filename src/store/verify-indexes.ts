// Indexes, as they are once late changes have been merged, against entries, both ways. All pairs of key and entry ID of both sides
// are summed up as hashes, so that nothing but late changes is kept in memory; only an index whose sums differ is gone through
// again, pair by pair.
import { type EntryId, RecordFlag, type StoredEntry } from "../entry/index.ts";
import { LateChanges, indexTags, keysOf, walkMergedIndex } from "../index/index.ts";
import type { Backend } from "./backend.ts";
import type { BackendIndex } from "./backend-indexes.ts";
import { indexedValues } from "./backend-writer.ts";
import type { Report } from "./verify-finding.ts";

/** Differences of one index that are told one by one. */
const DIFFERENCES_MAX = 20;

/** An order-independent sum over pairs of key and ID. */
class PairSum {
  #count = 0;
  #low = 0;
  #high = 0;

  add(hash: KeyHash, id: number): void {
    this.#count += 1;
    this.#low = (this.#low + mix(hash.low ^ Math.imul(id, 0x9e3779b1))) | 0;
    this.#high = (this.#high + mix(hash.high ^ Math.imul(id, 0x85ebca6b))) | 0;
  }

  equals(other: PairSum): boolean {
    return this.#count === other.#count && this.#low === other.#low && this.#high === other.#high;
  }
}

interface KeyHash {
  readonly low: number;
  readonly high: number;
}

function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) | 0;
}

function hashKey(key: string): KeyHash {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  for (let i = 0; i < key.length; i += 1) {
    const code = key.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x5bd1e995) + 0x3c6ef372;
  }
  return { low: mix(low), high: mix(high) };
}

export function verifyIndexes(backend: Backend, report: Report): void {
  const { indexes, tables } = backend;
  const known = new Set(indexes.all.map(({ tag }) => tag));
  for (const tag of indexTags(tables.index)) {
    if (!known.has(tag)) report("index", `there are rows of an index with the unknown tag ${tag}`);
  }
  const late = new LateChanges(tables.late, (message) => report("index", message));
  const ready = indexes.all.filter((index) => index.ready);
  const expected = ready.map(() => new PairSum());
  for (const id of tables.entry.keys()) {
    const valuesOf = findIndexedValues(backend, id as EntryId);
    if (valuesOf === undefined) continue;
    ready.forEach((index, i) => {
      const values = valuesOf(index);
      if (values.length === 0) return;
      for (const key of keysOf(index.type, index.kinds, values)) expected[i]?.add(hashKey(key), id);
    });
  }
  ready.forEach((index, i) => {
    const actual = new PairSum();
    const onFault = (message: string): void => report("index", `${index.type.name}: ${message}`);
    for (const { key, ids } of walkMergedIndex(tables.index, late, index.tag, onFault)) {
      const hash = hashKey(key);
      for (const id of ids) actual.add(hash, id);
    }
    if (expected[i]?.equals(actual) !== true) compareIndex(backend, index, late, report);
  });
}

/** undefined: the record cannot be read, which has been told already. */
function findIndexedValues(
  backend: Backend,
  id: EntryId,
): ReturnType<typeof indexedValuesOf> | undefined {
  try {
    return indexedValuesOf(backend.reader.getEntry(id));
  } catch {
    return undefined;
  }
}

/** `indexedValues` for many indexes of one entry. */
function indexedValuesOf(entry: StoredEntry): (index: BackendIndex) => readonly Buffer[] {
  if ((entry.flags & RecordFlag.tombstone) !== 0) return (index) => indexedValues(entry, index);
  const byType = new Map<string, Buffer[]>();
  for (const { description, values } of entry.stored()) {
    const { key } = description.type;
    byType.set(key, [...(byType.get(key) ?? []), ...values]);
  }
  return (index) => byType.get(index.type.key) ?? [];
}

function compareIndex(
  backend: Backend,
  index: BackendIndex,
  late: LateChanges,
  report: Report,
): void {
  const { tables } = backend;
  const expected = new Map<string, Set<number>>();
  for (const id of tables.entry.keys()) {
    const values = findIndexedValues(backend, id as EntryId)?.(index) ?? [];
    if (values.length === 0) continue;
    for (const key of keysOf(index.type, index.kinds, values)) {
      const ids = expected.get(key);
      if (ids === undefined) expected.set(key, new Set([id]));
      else ids.add(id);
    }
  }
  let told = 0;
  const tell = (message: string): void => {
    told += 1;
    if (told <= DIFFERENCES_MAX) report("index", `${index.type.name}: ${message}`);
  };
  for (const { key, ids } of walkMergedIndex(tables.index, late, index.tag, () => {})) {
    const wanted = expected.get(key) ?? new Set<number>();
    for (const id of ids) {
      if (!wanted.delete(id)) tell(`${shownKey(key)} names entry ${id}, which has no such value`);
    }
    if (wanted.size === 0) expected.delete(key);
  }
  for (const [key, ids] of expected) {
    for (const id of ids)
      tell(`${shownKey(key)} does not name entry ${id}, which has such a value`);
  }
  if (told > DIFFERENCES_MAX) {
    report("index", `${index.type.name}: ${told - DIFFERENCES_MAX} more differences`);
  }
}

const KIND_NAMES = ["", "presence", "equality", "substring", "ordering"];

function shownKey(key: string): string {
  const kind = KIND_NAMES[key.charCodeAt(0)] ?? `kind ${key.charCodeAt(0)}`;
  return `${kind} ${JSON.stringify(Buffer.from(key.slice(1), "latin1").toString("utf8"))}`;
}
