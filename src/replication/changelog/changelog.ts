// The changelog of a backend: the changes by CSN, in the tables and in the transaction of the data (389: cl5_api.c;
// replication-protocol 8). Functions over the tables, so that the main thread and the agreement threads read the same
// rows. Key order is CSN order over all replica IDs.
import { assert } from "../../base/index.ts";
import type { Change } from "../change/index.ts";
import { type Csn, type ReplicaId, csnReplicaId, decodeCsn, encodeCsn } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import { decodeChange, encodeRecord } from "./record.ts";
import { type ChangelogTables, readLogFloor, writeLogFloor, writeRuv } from "./tables.ts";
import { addToWindow, clearWindows, takeFromWindows } from "./windows.ts";

/** Records that one slice of trimming or cleaning looks at, so that writes in between do not wait long. */
export const SLICE_LOOKUPS_MAX = 10_000;
/** Records that one slice removes: one transaction. */
export const SLICE_REMOVALS_MAX = 1_000;

/** Logs a change. Inside the transaction that applies it and advances the RUV. */
export function appendChange(tables: ChangelogTables, change: Change, nowSeconds: number): void {
  const key = encodeCsn(change.csn);
  assert(!tables.changelog.has(key), "a change is logged once");
  const record = encodeRecord(change, nowSeconds);
  addToWindow(tables, key, record);
  tables.changelog.putOwned(key, record);
}

export function findChange(tables: ChangelogTables, csn: Csn): Change | undefined {
  const record = tables.changelog.getCopy(encodeCsn(csn));
  return record === undefined ? undefined : decodeChange(csn, record);
}

export const hasChange = (tables: ChangelogTables, csn: Csn): boolean =>
  tables.changelog.has(encodeCsn(csn));

/** Records in the changelog (nsds5ReplicaChangeCount). */
export const countChanges = (tables: ChangelogTables): number => tables.changelog.count();

/** The changelog of data that came from elsewhere (initialization, import, restore): empty, with `ruv` as floor. Changes
 *  that other replicas lack up to there cannot be served from here. */
export function resetChangelog(tables: ChangelogTables, ruv: Ruv): void {
  tables.changelog.clear();
  clearWindows(tables);
  const floor = new Map<ReplicaId, Csn>();
  for (const { replicaId, maxCsn } of ruv.elements) {
    if (maxCsn !== undefined) floor.set(replicaId, maxCsn);
  }
  writeLogFloor(tables.meta, floor);
  writeRuv(tables.meta, ruv);
}

/** Whether the changelog goes on up to `ruv`: after a time in which changes were not logged it has a gap. */
export function reachesRuv(tables: ChangelogTables, ruv: Ruv): boolean {
  const floor = readLogFloor(tables.meta);
  return ruv.elements.every(({ replicaId, maxCsn }) => {
    if (maxCsn === undefined || hasChange(tables, maxCsn)) return true;
    const below = floor.get(replicaId);
    return below !== undefined && below >= maxCsn;
  });
}

/** Takes changes out, with what counts them. The floor is the caller's. */
export function removeRecords(tables: ChangelogTables, csns: readonly Csn[]): void {
  for (const csn of csns) tables.changelog.delete(encodeCsn(csn));
  takeFromWindows(tables, csns);
}

export interface LogBounds {
  readonly firstCsn: Csn;
  readonly lastCsn: Csn;
  readonly changes: number;
}

/** First and last record of each replica ID. Reads all keys. */
export function readLogBounds(tables: ChangelogTables): Map<ReplicaId, LogBounds> {
  const bounds = new Map<ReplicaId, LogBounds>();
  for (const key of tables.changelog.keys()) {
    const csn = decodeCsn(Buffer.from(key));
    const replicaId = csnReplicaId(csn);
    const old = bounds.get(replicaId);
    bounds.set(replicaId, {
      firstCsn: old?.firstCsn ?? csn,
      lastCsn: csn,
      changes: (old?.changes ?? 0) + 1,
    });
  }
  return bounds;
}

export interface CleanSlice {
  readonly removed: number;
  /** Where the next slice starts; undefined when there is no further record. */
  readonly next: Csn | undefined;
}

/** Removes records of a cleaned replica ID, a slice at a time; its floor goes with the last one. */
export function cleanReplicaSlice(
  tables: ChangelogTables,
  replicaId: ReplicaId,
  from: Csn | undefined,
): CleanSlice {
  const victims: Csn[] = [];
  let lookups = 0;
  let next: Csn | undefined;
  for (const key of tables.changelog.keys(from === undefined ? {} : { from: encodeCsn(from) })) {
    const csn = decodeCsn(Buffer.from(key));
    lookups += 1;
    if (lookups > SLICE_LOOKUPS_MAX || victims.length >= SLICE_REMOVALS_MAX) {
      next = csn;
      break;
    }
    if (csnReplicaId(csn) === replicaId) victims.push(csn);
  }
  removeRecords(tables, victims);
  if (next === undefined) {
    const floor = new Map(readLogFloor(tables.meta));
    if (floor.delete(replicaId)) writeLogFloor(tables.meta, floor);
  }
  return { removed: victims.length, next };
}
