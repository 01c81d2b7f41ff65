// The number of an entry that was allotted last. Numbers rise; after a restart they go on above all that are in use. A unique ID may be
// known while nothing is stored under its number (a parent that has not come yet, an entry that was deleted before it came), so the
// number that a unique ID got last is kept in the table `meta`.
import type { EntryId } from "../entry/index.ts";
import type { BytesTable, IdTable } from "../kv/index.ts";
import { type BackendTables, pieceNumber } from "./tables.ts";

const META_LAST_ID = Buffer.from("lastId");

/** 0: none has been allotted. */
export const lastAllottedId = ({ entry, state, meta }: BackendTables): number =>
  Math.max(lastRowId(entry), lastRowId(state), meta.getCopy(META_LAST_ID)?.readUInt32BE(0) ?? 0);

/** 0: there is none. Numbers of pieces rise as well. */
export function lastPiece({ piece }: Pick<BackendTables, "piece">): number {
  for (const key of piece.keys({ reverse: true, limit: 1 })) return pieceNumber(key);
  return 0;
}

/** 0: the table is empty. */
export function lastRowId(table: IdTable): number {
  for (const id of table.keys({ reverse: true, limit: 1 })) return id;
  return 0;
}

export function writeLastId(meta: BytesTable, id: EntryId): void {
  const row = Buffer.allocUnsafe(4);
  row.writeUInt32BE(id, 0);
  meta.put(META_LAST_ID, row);
}
