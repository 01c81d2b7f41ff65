// Takes away what only operations up to the purge CSN could make matter (conflict-resolution 13.8), in slices that each fit into a
// transaction: first the structure log, until `purgeStructureSlice` is done, then the state of all values, a number of unique IDs
// at a time, then names. What is shown never changes; tombstones that nobody needs any more go altogether.
//
// The order matters: registers may be purged when the effects of renames up to the purge CSN have joined them, and the first
// step sees to that.
import { type EntryId, RecordFlag, recordFlags } from "../entry/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import { decodeUniqueId } from "../replication/change/index.ts";
import type { Csn } from "../replication/csn/index.ts";
import { Registers, encodeRegisters } from "../replication/registers/index.ts";
import { type PurgeOutcome, purgeStructure } from "../replication/urp/index.ts";
import { assert } from "../base/index.ts";
import type { Attribute } from "../entry/index.ts";
import type { Backend } from "./backend.ts";
import type { BackendTxn } from "./backend-txn.ts";
import { registersIn } from "./stored-registers.ts";

/** Unique IDs that one slice looks at. */
export const PURGE_IDS_MAX = 200;
const UNIQUE_ID_BYTES = 16;

export interface PurgeCount {
  /** Tombstones, and unique IDs of which only old operations were known. */
  readonly removed: number;
  /** Entries that lost state of values. */
  readonly shrunk: number;
}

export interface StructurePurge extends PurgeCount {
  readonly isDone: boolean;
}

export interface NamePurge {
  /** Where the next slice starts; undefined: all has been looked at. */
  readonly next: Buffer | undefined;
}

export interface ValuePurge extends PurgeCount, NamePurge {}

/** Operations up to the purge CSN leave the structure log. The purge CSN of the backend is the new one already. */
export function purgeStructureSlice(backend: Backend, txn: BackendTxn): StructurePurge {
  if (backend.suffixUniqueId === undefined) return { isDone: true, removed: 0, shrunk: 0 };
  const slice = new PurgeSlice(backend, txn);
  const { isDone } = slice.structure([]);
  txn.flush();
  return { isDone, removed: slice.removed, shrunk: slice.shrunk };
}

/** Names that nobody holds forget an entry that is gone (the row of `last`: u8 1 if a last holder follows, nsUniqueId, glue). An
 *  entry that was renamed more than once before it died may be named by each of its former names. */
export function purgeNameSlice(txn: BackendTxn, from: Buffer | undefined): NamePurge {
  const { last, uid } = txn.writer.tables;
  const range = { limit: PURGE_IDS_MAX, ...(from === undefined ? {} : { from }) };
  const rows = [...last.range(range)].map(({ key, value }) => ({
    key: Buffer.from(key),
    value: Buffer.from(value),
  }));
  for (const { key, value } of rows) {
    if (value[0] !== 1) continue;
    const id = uid.get(value.subarray(1, 1 + UNIQUE_ID_BYTES))?.readUInt32BE(0);
    if (id !== undefined && txn.rows.node(id as EntryId) !== undefined) continue;
    const glue = value.subarray(1 + UNIQUE_ID_BYTES);
    if (glue.length === 0) last.delete(key);
    else last.put(key, Buffer.concat([Buffer.of(0), glue]));
  }
  const end = rows.length < PURGE_IDS_MAX ? undefined : rows.at(-1)?.key;
  return { next: end && Buffer.concat([end, Buffer.of(0)]) };
}

/** The state of values, and tombstones that came without operations (initialization, import). `from`: of the slice before. */
export function purgeValueSlice(
  backend: Backend,
  txn: BackendTxn,
  from: Buffer | undefined,
): ValuePurge {
  if (backend.suffixUniqueId === undefined) return { next: undefined, removed: 0, shrunk: 0 };
  const slice = new PurgeSlice(backend, txn);
  const known: { uniqueId: UniqueId; id: EntryId }[] = [];
  let last: Buffer | undefined;
  const range = { limit: PURGE_IDS_MAX, ...(from === undefined ? {} : { from }) };
  for (const { key, value } of txn.writer.tables.uid.range(range)) {
    last = Buffer.from(key);
    known.push({ uniqueId: decodeUniqueId(last), id: value.readUInt32BE(0) as EntryId });
  }
  slice.structure(known.filter(({ id }) => slice.isHidden(id)).map(({ uniqueId }) => uniqueId));
  for (const { uniqueId, id } of known) slice.values(uniqueId, id);
  txn.flush();
  const isEnd = last === undefined || known.length < PURGE_IDS_MAX;
  return {
    next: isEnd || last === undefined ? undefined : Buffer.concat([last, Buffer.of(0)]),
    removed: slice.removed,
    shrunk: slice.shrunk,
  };
}

class PurgeSlice {
  removed = 0;
  shrunk = 0;
  readonly #backend: Backend;
  readonly #txn: BackendTxn;
  readonly #purgeCsn: Csn;

  constructor(backend: Backend, txn: BackendTxn) {
    assert(backend.keepsState, "only a replica is purged");
    assert(backend.purgeCsn !== undefined, "the purge CSN has been stored");
    this.#backend = backend;
    this.#txn = txn;
    this.#purgeCsn = backend.purgeCsn;
  }

  /** A tombstone or a placeholder. */
  isHidden(id: EntryId): boolean {
    const { writer, rows } = this.#txn;
    const record = writer.tables.entry.getCopy(id);
    if (record !== undefined && (recordFlags(record) & RecordFlag.tombstone) === 0) return false;
    const node = rows.node(id);
    return node !== undefined && node.life !== "live";
  }

  structure(candidates: readonly UniqueId[]): PurgeOutcome {
    const txn = this.#txn;
    const outcome = purgeStructure(txn.structure, txn.rules, candidates);
    for (const { uniqueId, effects } of outcome.joined) {
      const id = txn.writer.internUniqueId(uniqueId);
      this.#change(id, (registers) => {
        registers.joinEffects(effects);
        registers.purge(this.#purgeCsn);
      });
    }
    this.#show(outcome);
    for (const uniqueId of outcome.removed) this.#forget(uniqueId);
    return outcome;
  }

  /** Registers of one unique ID; those that belong to nothing and are old go altogether. */
  values(uniqueId: UniqueId, id: EntryId): void {
    const { rows, writer } = this.#txn;
    if (rows.registers(id).length === 0) {
      this.#forgetIfUnknown(uniqueId, id);
      return;
    }
    const isKnown = rows.node(id) !== undefined || uniqueId === this.#backend.suffixUniqueId;
    const isOld = (registers: Registers): boolean =>
      (registers.largestCsn() ?? this.#purgeCsn) <= this.#purgeCsn;
    if (!isKnown && writer.entry(id) === undefined && isOld(this.#registers(id).registers)) {
      rows.setRegisters(id, Buffer.alloc(0));
      this.removed += 1;
      this.#forgetIfUnknown(uniqueId, id);
      return;
    }
    this.#change(id, (registers) => registers.purge(this.#purgeCsn));
  }

  /** Forms that may have changed: parents that lost a tombstone. Whether an entry violates the schema is no question here. */
  #show({ reshown, removed }: PurgeOutcome): void {
    const txn = this.#txn;
    const flagged = new Set<UniqueId>();
    const others = new Set<UniqueId>(removed);
    for (const uniqueId of reshown) (this.#isFlagged(uniqueId) ? flagged : others).add(uniqueId);
    if (others.size > 0) txn.reshow(others, "local");
    if (flagged.size > 0) txn.reshow(flagged, "replicated");
  }

  #isFlagged(uniqueId: UniqueId): boolean {
    const { writer } = this.#txn;
    const id = writer.idOfUniqueId(uniqueId);
    const entry = id === undefined ? undefined : writer.entry(id);
    const type = this.#backend.schema.attributeType("nsds5ReplConflict");
    return (entry?.values(type) ?? []).some((value) => value.toString() === SCHEMA_VIOLATION);
  }

  /** A removed node: its record and name are gone with its form. Registers with newer operations stay. */
  #forget(uniqueId: UniqueId): void {
    const { writer, rows } = this.#txn;
    const id = writer.idOfUniqueId(uniqueId);
    if (id === undefined) return;
    this.removed += 1;
    const { registers } = this.#registers(id);
    const largest = registers.largestCsn();
    if (largest === undefined || largest <= this.#purgeCsn) rows.setRegisters(id, Buffer.alloc(0));
    this.#forgetIfUnknown(uniqueId, id);
  }

  #forgetIfUnknown(uniqueId: UniqueId, id: EntryId): void {
    const { rows, writer } = this.#txn;
    const isUsed =
      rows.node(id) !== undefined ||
      rows.registers(id).length > 0 ||
      writer.entry(id) !== undefined;
    const { shown, tombstones, placeholders } = this.#txn.structure.getChildCounts(uniqueId);
    if (!isUsed && shown + tombstones + placeholders === 0) writer.forgetUniqueId(uniqueId);
  }

  #registers(id: EntryId): { registers: Registers; recorded: readonly Attribute[] } {
    const txn = this.#txn;
    const bytes = txn.rows.registers(id);
    const recorded = [...(txn.writer.entry(id)?.stored() ?? [])];
    const { descriptions } = this.#backend;
    return { registers: registersIn(bytes, recorded, descriptions, txn.resolve), recorded };
  }

  #change(id: EntryId, change: (registers: Registers) => void): void {
    const { rows } = this.#txn;
    const { registers, recorded } = this.#registers(id);
    change(registers);
    const after = registers.isEmpty() ? Buffer.alloc(0) : encodeRegisters(registers, recorded);
    if (after.equals(rows.registers(id))) return;
    rows.setRegisters(id, after);
    this.shrunk += 1;
  }
}

const SCHEMA_VIOLATION = "Schema violation";
