// What processes that follow this one keep in memory, and how they find out that it is outdated: a row with a number for each such
// thing, raised in the transaction that changes the thing (of files: in the one behind it). Whoever follows looks at `anything`
// after a commit, and at the rest when that has changed. Without followers nothing is written.
//
// Table `generation`: name → number, 4 bytes.
import type { BytesTable, Kv, WriteSet } from "../kv/index.ts";

/** Things that are kept in memory: attribute descriptions of all backends; the files of the configuration and of the schema; of a
 *  backend, by its name, the names of its entries, and its content as a whole (set of tables, indexes, access rules). */
export type Followed =
  | "descriptions"
  | "config"
  | "schema"
  | `names/${string}`
  | `content/${string}`;

const TABLE = "generation";
const ANYTHING = "anything";
const NUMBER_MAX = 0xffff_ffff;

/** Opens the table, which must be there before transactions run. */
export const generationTable = (kv: Kv): BytesTable => kv.bytesTable(TABLE);

/** Tells those who follow, with the commit of `writes`. */
export function raiseGeneration(kv: Kv, writes: WriteSet, followed: Followed): void {
  if (kv.sharing !== "followed") return;
  const table = writes.table(generationTable(kv));
  for (const name of [ANYTHING, followed]) raise(table, Buffer.from(name, "utf8"));
}

/** The numbers as a process that follows has seen them. */
export class SeenGenerations {
  readonly #kv: Kv;
  readonly #seen = new Map<string, number>();

  constructor(kv: Kv) {
    this.#kv = kv;
  }

  /** Whether anything at all has changed since the last call. */
  hasAnyChanged(): boolean {
    return this.#hasChanged(ANYTHING);
  }

  hasChanged(followed: Followed): boolean {
    return this.#hasChanged(followed);
  }

  #hasChanged(name: string): boolean {
    const now = read(generationTable(this.#kv), Buffer.from(name, "utf8"));
    if (this.#seen.get(name) === now) return false;
    this.#seen.set(name, now);
    return true;
  }
}

function raise(table: BytesTable, key: Buffer): void {
  const before = read(table, key);
  const row = Buffer.allocUnsafe(4);
  row.writeUInt32BE(before === NUMBER_MAX ? 1 : before + 1, 0);
  table.put(key, row);
}

const read = (table: BytesTable, key: Buffer): number => table.get(key)?.readUInt32BE(0) ?? 0;
