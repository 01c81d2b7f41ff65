// Windows: summaries of stretches of the changelog, so that a reader passes over what it need not hand out without reading it
// record by record (docs/notes/022). A window holds the CSNs of WINDOW_SECONDS, whoever issued them.
//
//   table   key                value
//   window  number (4)         a row (window-row.ts): what the changelog holds of the CSNs of this window
//   meta    "windows"          first (4) · open (4) · the row of the window `open`
//
// number = seconds of the CSN / WINDOW_SECONDS. `open` is the newest window. Its row lies in `meta`, of which a page is written
// with each change anyway, and moves to `window` when a newer one begins.
//
// Invariant: each record of the changelog whose window is `first` or later is counted in the row of its window, in the
// transaction that puts it, late ones too; and no row counts what is not there. Windows below `first` have no rows: their
// changes were logged before there were windows. Without the row in `meta` there are no windows.
import { assert } from "../../base/index.ts";
import type { Bytes } from "../../kv/index.ts";
import { CSN_BYTES, type Csn, type ReplicaId, csnReplicaId, csnSeconds } from "../csn/index.ts";
import { type ChangelogTables, META_WINDOWS_KEY } from "./tables.ts";
import { countInRow, takeFromRow } from "./window-row.ts";

/** Short, because a single change that goes out makes the reader read its whole window, and the first window of a session is
 *  read as a rule; but so long that seldom changes share one. */
export const WINDOW_SECONDS = 4;

const OPEN_OFFSET = 4;
const OPEN_ROW_OFFSET = 8;
const NUMBER_BYTES = 4;
const NOTHING = Buffer.alloc(0);
const WINDOW_MAX = Math.floor(0xffff_ffff / WINDOW_SECONDS);

export const windowOfSeconds = (seconds: number): number => Math.floor(seconds / WINDOW_SECONDS);
const windowOfCsn = (csn: Csn): number => windowOfSeconds(csnSeconds(csn));
const windowOfKey = (key: Buffer): number => windowOfSeconds(key.readUInt32BE(0));

/** The key in `changelog` at which the window begins; behind all keys when it would be the one after the last. */
export function windowStart(number: number): Buffer {
  if (number > WINDOW_MAX) return Buffer.alloc(CSN_BYTES + 1, 0xff);
  const key = Buffer.alloc(NUMBER_BYTES);
  key.writeUInt32BE(number * WINDOW_SECONDS, 0);
  return key;
}

/** Counts a change in its window. Before its record is put. */
export function addToWindow(tables: ChangelogTables, key: Buffer, record: Buffer): void {
  const number = windowOfKey(key);
  const state = tables.meta.getCopy(META_WINDOWS_KEY) ?? beginWindows(tables, number);
  const open = state.readUInt32BE(OPEN_OFFSET);
  if (number === open) {
    putState(tables, countInRow(state, OPEN_ROW_OFFSET, key, record));
  } else if (number > open) {
    const row = state.subarray(OPEN_ROW_OFFSET);
    if (row.length > 0) tables.window.putOwned(numberKey(open), row);
    const next = makeState(state.readUInt32BE(0), number);
    putState(tables, countInRow(next, OPEN_ROW_OFFSET, key, record));
  } else if (number >= state.readUInt32BE(0)) {
    const row = tables.window.getCopy(numberKey(number)) ?? NOTHING;
    tables.window.putOwned(numberKey(number), countInRow(row, 0, key, record));
  }
}

/** Takes changes whose records are removed out of their windows. */
export function takeFromWindows(tables: ChangelogTables, csns: readonly Csn[]): void {
  const state = tables.meta.getCopy(META_WINDOWS_KEY);
  if (state === undefined) return;
  const first = state.readUInt32BE(0);
  const open = state.readUInt32BE(OPEN_OFFSET);
  for (const [number, counts] of countByWindow(csns)) {
    if (number < first) continue;
    if (number === open) {
      putState(tables, takeAll(state, OPEN_ROW_OFFSET, counts));
      continue;
    }
    const key = numberKey(number);
    const row = tables.window.getCopy(key);
    assert(row !== undefined, "a change that is removed is counted in its window");
    const left = takeAll(row, 0, counts);
    if (left.length === 0) tables.window.delete(key);
    else tables.window.putOwned(key, left);
  }
}

/** The changelog is empty from now on. */
export function clearWindows(tables: ChangelogTables): void {
  tables.window.clear();
  tables.meta.delete(META_WINDOWS_KEY);
}

/** Which windows there are: from `first` to `open`; undefined: none. */
export interface Windows {
  readonly first: number;
  readonly open: number;
  /** Lends the rows from the window `from` on, oldest first, until `visit` returns false. Windows without changes have none. */
  visit(from: number, visit: WindowVisitor): void;
}

/** The sections of `row` begin at `sections`. */
export type WindowVisitor = (number: number, row: Bytes, sections: number) => boolean;

export function readWindows({ meta, window }: ChangelogTables): Windows | undefined {
  const state = meta.getCopy(META_WINDOWS_KEY);
  if (state === undefined) return undefined;
  const open = state.readUInt32BE(OPEN_OFFSET);
  return {
    first: state.readUInt32BE(0),
    open,
    visit(from, visit) {
      let isGoingOn = true;
      if (from < open) {
        window.visit({ from: numberKey(from) }, (key, row) => {
          isGoingOn = visit(Buffer.from(key).readUInt32BE(0), row, 0);
          return isGoingOn;
        });
      }
      if (isGoingOn && from <= open) visit(open, state as Bytes, OPEN_ROW_OFFSET);
    },
  };
}

/** What was logged before, and what may still come beside it, is in no window. */
function beginWindows(tables: ChangelogTables, number: number): Buffer {
  let first = 0;
  for (const key of tables.changelog.keys({ reverse: true, limit: 1 })) {
    first = windowOfKey(Buffer.from(key)) + 1;
  }
  const state = makeState(first, Math.max(first, number));
  putState(tables, state);
  return Buffer.from(state);
}

function makeState(first: number, open: number): Buffer {
  const state = Buffer.allocUnsafe(OPEN_ROW_OFFSET);
  state.writeUInt32BE(first, 0);
  state.writeUInt32BE(open, OPEN_OFFSET);
  return state;
}

const putState = ({ meta }: ChangelogTables, state: Buffer): void =>
  meta.putOwned(META_WINDOWS_KEY, state);

function numberKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(NUMBER_BYTES);
  key.writeUInt32BE(number, 0);
  return key;
}

function countByWindow(csns: readonly Csn[]): Map<number, Map<ReplicaId, number>> {
  const windows = new Map<number, Map<ReplicaId, number>>();
  for (const csn of csns) {
    const number = windowOfCsn(csn);
    const counts = windows.get(number) ?? new Map<ReplicaId, number>();
    windows.set(number, counts);
    counts.set(csnReplicaId(csn), (counts.get(csnReplicaId(csn)) ?? 0) + 1);
  }
  return windows;
}

function takeAll(row: Buffer, from: number, counts: ReadonlyMap<ReplicaId, number>): Buffer {
  let left = row;
  for (const [replicaId, count] of counts) left = takeFromRow(left, from, replicaId, count);
  return left;
}
