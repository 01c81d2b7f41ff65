// All lists of one index as they lie in the table, for checks.
import type { BytesTable } from "../kv/index.ts";
import type { IdList } from "./id-list.ts";
import { decodeHead, isHead } from "./id-rows.ts";
import { idsOfRow } from "./id-table.ts";
import { blockKey, keyText } from "./index-key.ts";

export interface IndexedList {
  /** Without the tag, as `keysOf` gives it: kind code and value, one character a byte. */
  readonly key: string;
  readonly ids: IdList;
}

const TAG_BYTES = 2;
const KIND_AT = 2;
const BLOCK_FLAG = 0x80;

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
