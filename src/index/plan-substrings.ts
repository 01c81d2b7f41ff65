// The lists that a substring assertion is looked up in. Two ways, whichever has few candidates:
//
//   trigrams    the rarest first, as far as earlier look-ups tell (list-sizes.ts), then those that overlap least with what has
//               been looked up: neighbors mostly stand in the same entries. No further once the candidates are few.
//   beginning   values with an asserted beginning stand together among the equality keys, if these are made of the same form of
//               values. A few of them are read, if all trigrams have long lists: a cursor costs as much as several short ones.
//
// Trigrams of entries that changed lately are not in their lists yet: each list is united with what LateLists has of it.

import type { Bytes, BytesTable } from "../kv/index.ts";
import type { MatchingRule } from "../schema/index.ts";
import { IdList } from "./id-list.ts";
import { countBound, isHead, readShortList, retainShortList } from "./id-rows.ts";
import {
  idsOfLentRow,
  idsOfRow,
  retainInBlocks,
  ShortIds,
  type StoredIds,
  UnitedIds,
} from "./id-table.ts";
import {
  cutValue,
  type IndexDefinition,
  keyBytes,
  keyPrefix,
  kindRule,
  prefixEnd,
} from "./index-key.ts";
import { markedLength, type Piece, TRIGRAM_BYTES, trigramAt, trigramText } from "./index-keys.ts";
import {
  ENOUGH_IDS_MAX,
  INITIAL_KEYS_MAX,
  SHORT_LIST_IDS_MAX,
  TRIGRAM_LISTS_MAX,
  TRIGRAMS_MAX,
} from "./limits.ts";
import type { LateLists } from "./late-lists.ts";
import { type ListSizes, stepsOf } from "./list-sizes.ts";
import { IntersectionSource, ListSource, NONE, type Source, UnionSource } from "./plan-source.ts";

/** What an overlap of one byte counts, in steps of ListSizes: as if the list were twice as long. */
const OVERLAP_STEPS = 7;
/** Of lists of more IDs than one row may hold. */
const COMMON_STEPS = stepsOf(SHORT_LIST_IDS_MAX);
/** So few candidates cost less than another list. */
const FEW_IDS = 2;

export interface SubstringIndex {
  readonly table: BytesTable;
  readonly index: IndexDefinition;
  readonly sizes: ListSizes;
  readonly late: LateLists | undefined;
}

/** undefined: the pieces are too short for a trigram, and the beginning is of no use. */
export function findBySubstrings(
  substrings: SubstringIndex,
  rule: MatchingRule,
  pieces: readonly Piece[],
): Source | undefined {
  const trigrams = trigramsOf(pieces);
  if (!weigh(substrings, trigrams)) return NONE;
  const [first] = pieces;
  const isCommon = trigrams.every(({ steps }) => steps >= COMMON_STEPS);
  const found =
    isCommon && first?.position === "initial"
      ? findByBeginning(substrings, rule, first.form)
      : undefined;
  if (found !== undefined || trigrams.length === 0) return found;
  return new TrigramSearch(substrings, trigrams).run();
}

/** Finds out how long the lists are; false: one is empty. */
function weigh(substrings: SubstringIndex, trigrams: readonly Trigram[]): boolean {
  const { sizes, index, late } = substrings;
  for (const trigram of trigrams) {
    trigram.steps = sizes.stepsOf(index.tag, trigram.code);
    if (trigram.steps > 0) continue;
    const isThere = readRow(substrings, trigram) !== undefined;
    if (!isThere && late?.find(index.tag, trigram.code) === undefined) return false;
    trigram.steps = sizes.stepsOf(index.tag, trigram.code);
  }
  return true;
}

/** undefined: there is no such order, or too many values begin so. `initial` is of the form that `rule` gives to parts. */
function findByBeginning(
  { table, index }: SubstringIndex,
  rule: MatchingRule,
  initial: Buffer,
): Source | undefined {
  const { prefix } = rule;
  const equality = index.kinds.has("equality") ? kindRule(index.type, "equality") : undefined;
  if (prefix === undefined || prefix.normalize !== equality?.normalize) return undefined;
  const beginning = prefix.of(initial);
  if (beginning.length === 0) return undefined;
  const start = keyPrefix(index.tag, "equality") + cutValue(beginning);
  const end = prefixEnd(start);
  const lists: Source[] = [];
  let isWhole = true;
  const bounds = { from: keyBytes(start), to: end === undefined ? undefined : keyBytes(end) };
  table.visit({ ...bounds, limit: INITIAL_KEYS_MAX + 1 }, (key, row) => {
    if (lists.length === INITIAL_KEYS_MAX) isWhole = false;
    else lists.push(new ListSource(idsOfLentRow(table, key, key.length, row), { exact: false }));
    return isWhole;
  });
  if (!isWhole) return undefined;
  return lists.length === 1 ? lists[0] : new UnionSource(lists);
}

interface Trigram {
  readonly code: number;
  /** Where it begins in all pieces. */
  readonly place: number;
  steps: number;
}

class TrigramSearch {
  readonly #substrings: SubstringIndex;
  /** Those that have not been looked up. */
  readonly #open: Trigram[];
  /** Lists of several rows; they are only asked for single IDs, unless there are no others. */
  readonly #long: StoredIds[] = [];
  /** Of the candidates, which lie in `scratchIds`; undefined: no list of one row has been read. */
  #size: number | undefined;

  constructor(substrings: SubstringIndex, trigrams: Trigram[]) {
    this.#substrings = substrings;
    this.#open = trigrams;
  }

  run(): Source {
    for (let count = 0; count < TRIGRAM_LISTS_MAX && this.#open.length > 0; count += 1) {
      const before = this.#size;
      if (!this.#lookUp(this.#takeNext())) return NONE;
      if (isEnough(before, this.#size)) break;
    }
    if (this.#size === undefined) {
      this.#long.sort((a, b) => a.countMax - b.countMax);
      return new IntersectionSource(this.#long, ENOUGH_IDS_MAX);
    }
    return new ListSource(new ShortIds(this.#candidates(this.#size)), { exact: false });
  }

  #candidates(size: number): IdList {
    return IdList.fromSorted(scratchIds.slice(0, size));
  }

  #takeNext(): Trigram {
    const open = this.#open;
    let best = 0;
    for (let i = 1; i < open.length; i += 1) if (open[i]!.steps < open[best]!.steps) best = i;
    const next = open[best]!;
    open[best] = open.at(-1)!;
    open.pop();
    for (const trigram of open) {
      const overlap = TRIGRAM_BYTES - Math.abs(trigram.place - next.place);
      if (overlap > 0) trigram.steps += OVERLAP_STEPS * overlap;
    }
    return next;
  }

  /** false: no value has the trigram. */
  #lookUp(trigram: Trigram): boolean {
    const { index, late } = this.#substrings;
    const row = readRow(this.#substrings, trigram);
    const lateIds = late?.find(index.tag, trigram.code);
    if (lateIds !== undefined) {
      const stored = row && this.#stored(trigram, row);
      this.#narrow(new UnitedIds(stored, lateIds));
      return true;
    }
    if (row === undefined) return false;
    if (!isHead(row)) {
      this.#size =
        this.#size === undefined
          ? readShortList(row, scratchIds)
          : retainShortList(row, scratchIds, this.#size);
      return true;
    }
    if (this.#size === undefined) this.#narrow(this.#stored(trigram, row));
    else {
      const { table } = this.#substrings;
      this.#size = retainInBlocks(table, this.#keyOf(trigram), scratchIds, this.#size);
    }
    return true;
  }

  #keyOf({ code }: Trigram): string {
    return keyPrefix(this.#substrings.index.tag, "substring") + trigramText(code);
  }

  #stored(trigram: Trigram, row: Bytes): StoredIds {
    return idsOfRow(this.#substrings.table, this.#keyOf(trigram), row);
  }

  #narrow(stored: StoredIds): void {
    let left: IdList;
    if (this.#size !== undefined) left = stored.retain(this.#candidates(this.#size));
    else if (stored.countMax <= SHORT_LIST_IDS_MAX) left = stored.ids();
    else {
      this.#long.push(stored);
      return;
    }
    scratchIds.set(left.sorted);
    this.#size = left.size;
  }
}

/** Whether to look at `after` candidates costs less than to read on, which may be expected to take away as many as the last
 *  list did. */
function isEnough(before: number | undefined, after: number | undefined): boolean {
  if (after === undefined || after > ENOUGH_IDS_MAX) return false;
  if (after <= FEW_IDS) return true;
  return before !== undefined && (before - after) * after < before;
}

/** Nothing that is handed out; one search for candidates at a time uses it. */
const scratchIds = new Uint32Array(SHORT_LIST_IDS_MAX);

const KEY_BYTES = 6;
const scratchKey = Buffer.alloc(KEY_BYTES);

function readRow({ table, sizes, index }: SubstringIndex, { code }: Trigram): Bytes | undefined {
  scratchKey.write(keyPrefix(index.tag, "substring"), 0, "latin1");
  scratchKey.writeUIntBE(code, KEY_BYTES - TRIGRAM_BYTES, TRIGRAM_BYTES);
  const row = table.getAt(scratchKey, 0, KEY_BYTES);
  if (row !== undefined) sizes.note(index.tag, code, countBound(row));
  return row;
}

/** The trigrams of the pieces, each once: of TRIGRAMS_MAX places, evenly from all over. */
function trigramsOf(pieces: readonly Piece[]): Trigram[] {
  let places = 0;
  for (const piece of pieces) places += trigramCount(piece);
  const trigrams: Trigram[] = [];
  const step = Math.max(1, (places - 1) / (TRIGRAMS_MAX - 1));
  let start = 0;
  let before = 0;
  let chosen = 0;
  for (const piece of pieces) {
    const end = before + trigramCount(piece);
    for (; chosen < TRIGRAMS_MAX; chosen += 1) {
      const at = Math.floor(chosen * step) - before;
      if (before + at >= end) break;
      const code = trigramAt(piece, at);
      if (!has(trigrams, code)) trigrams.push({ code, place: start + at, steps: 0 });
    }
    before = end;
    start += markedLength(piece) + TRIGRAM_BYTES;
  }
  return trigrams;
}

function has(trigrams: readonly Trigram[], code: number): boolean {
  for (const trigram of trigrams) if (trigram.code === code) return true;
  return false;
}

const trigramCount = (piece: Piece): number => Math.max(0, markedLength(piece) - TRIGRAM_BYTES + 1);
