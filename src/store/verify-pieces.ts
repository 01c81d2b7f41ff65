// Values that lie apart: each piece that a record names is there and holds what the record says, and no other piece is.
import {
  DirectoryRows,
  type ValuePiece,
  hasApart,
  listValues,
  readPieces,
} from "../entry/index.ts";
import { copyBytes } from "../kv/index.ts";
import type { Backend } from "./backend.ts";
import { type BackendTables, pieceKey, pieceNumber } from "./tables.ts";
import type { Report } from "./verify-finding.ts";

export function verifyPieces({ tables }: Backend, report: Report): void {
  const named = new Set<number>();
  for (const id of tables.entry.keys()) {
    for (const piece of piecesOf(tables, id)) {
      const { number, byteLength, knownCount } = piece;
      if (named.has(number)) report("piece", `piece ${number} is named twice`);
      named.add(number);
      const bytes = tables.piece.getCopy(pieceKey(number));
      if (bytes === undefined) {
        report("piece", `entry ${id} names piece ${number}, which is not there`);
      } else if (bytes.length !== byteLength || listValues(bytes).length !== knownCount) {
        report("piece", `piece ${number} is not what entry ${id} says`);
      }
    }
  }
  for (const key of tables.piece.keys()) {
    const number = pieceNumber(key);
    if (!named.has(number)) report("piece", `piece ${number} belongs to no entry`);
  }
}

/** What the record of an entry names; most name none. */
function piecesOf({ entry }: BackendTables, id: number): readonly ValuePiece[] {
  const lent = entry.get(id);
  if (lent === undefined || !hasApart(lent)) return [];
  const record = copyBytes(lent);
  const pieces: ValuePiece[] = [];
  for (const rows = new DirectoryRows(record); rows.next(); ) {
    if (rows.isApart) pieces.push(...readPieces(record, rows));
  }
  return pieces;
}
