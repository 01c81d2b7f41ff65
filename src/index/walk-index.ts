// All lists of one index, for checks: as they lie in the table, or as they are once late changes have been merged.
import type { BytesTable } from "../kv/index.ts";
import { IdList } from "./id-list.ts";
import { decodeHead, isHead } from "./id-rows.ts";
import { idsOfRow } from "./id-table.ts";
import { blockKey, keyPrefix, keyText } from "./index-key.ts";
import { trigramText } from "./index-keys.ts";
import { type LateReader, lateNumber, partOf, readLateRow } from "./late-row.ts";

export interface IndexedList {
  /** Without the tag, as `keysOf` gives it: kind code and value, one character a byte. */
  readonly key: string;
  readonly ids: IdList;
}

const TAG_BYTES = 2;
const KIND_AT = 2;
const BLOCK_FLAG = 0x80;

/** What rows of late changes say of trigrams: whether an entry has one now. */
export class LateChanges implements LateReader {
  /** By tag, then by key without the tag, then by entry ID. */
  readonly #indexes = new Map<number, Map<string, Map<number, boolean>>>();
  #entered = new Map<string, Map<number, boolean>>();
  #prefix = "";

  /** `onFault` hears of rows that cannot be read. */
  constructor(table: BytesTable, onFault: (message: string) => void) {
    table.visit({}, (key, row) => {
      if (!readLateRow(row, this)) onFault(`late changes ${lateNumber(key)} cannot be read`);
      return true;
    });
  }

  /** By key without the tag. */
  of(tag: number): ReadonlyMap<string, ReadonlyMap<number, boolean>> {
    return this.#indexes.get(tag) ?? new Map();
  }

  enter(tag: number): boolean {
    this.#entered = partOf(this.#indexes, tag);
    this.#prefix = keyPrefix(tag, "substring").slice(TAG_BYTES);
    return true;
  }

  added(code: number, id: number): void {
    this.#note(code, id, true);
  }

  removed(code: number, id: number): void {
    this.#note(code, id, false);
  }

  #note(code: number, id: number, has: boolean): void {
    const key = this.#prefix + trigramText(code);
    const ids = this.#entered.get(key);
    if (ids === undefined) this.#entered.set(key, new Map([[id, has]]));
    else ids.set(id, has);
  }
}

/** As `walkIndex`, as if `late` had been merged; lists without IDs may come too. */
export function* walkMergedIndex(
  table: BytesTable,
  late: LateChanges,
  tag: number,
  onFault: (message: string) => void,
): Generator<IndexedList> {
  const changes = new Map(late.of(tag));
  for (const { key, ids } of walkIndex(table, tag, onFault)) {
    const changed = changes.get(key);
    yield { key, ids: changed === undefined ? ids : mergeChanges(ids, changed) };
    changes.delete(key);
  }
  for (const [key, changed] of changes) yield { key, ids: mergeChanges(IdList.EMPTY, changed) };
}

function mergeChanges(ids: IdList, changed: ReadonlyMap<number, boolean>): IdList {
  const added = [...changed].filter(([, has]) => has).map(([id]) => id);
  const removed = [...changed].filter(([, has]) => !has).map(([id]) => id);
  return ids.subtract(IdList.from(removed)).union(IdList.from(added));
}

/** The lists of the index `tag` in key order; `onFault` hears of rows that cannot be read and of blocks without a head. */
export function* walkIndex(
  table: BytesTable,
  tag: number,
  onFault: (message: string) => void,
): Generator<IndexedList> {
  const bounds = { from: tagBytes(tag), to: tag === 0xffff ? undefined : tagBytes(tag + 1) };
  const blocks = new Set<string>();
  for (const { key, value } of table.range(bounds)) {
    const text = keyText(key);
    if ((text.charCodeAt(KIND_AT) & BLOCK_FLAG) !== 0) {
      if (!blocks.delete(text)) onFault(`block ${hex(text)} belongs to no list`);
      continue;
    }
    try {
      if (isHead(value)) {
        for (const { block } of decodeHead(value)) blocks.add(keyText(blockKey(text, block)));
      }
      yield { key: text.slice(TAG_BYTES), ids: idsOfRow(table, text, value).ids() };
    } catch (error) {
      onFault(`list ${hex(text)} cannot be read: ${(error as Error).message}`);
    }
  }
  for (const block of blocks) onFault(`block ${hex(block)} is missing`);
}

/** The tags that have rows. */
export function* indexTags(table: BytesTable): Generator<number> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    let found: number | undefined;
    for (const key of table.keys({ from: tagBytes(from), limit: 1 })) {
      found = ((key[0] as number) << 8) | (key[1] as number);
    }
    if (found === undefined) return;
    yield found;
    from = found === 0xffff ? undefined : found + 1;
  }
}

const tagBytes = (tag: number): Buffer => Buffer.of(tag >> 8, tag & 0xff);
const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex");
