// Named limits of the index room.

import { KV_KEY_BYTES_MAX } from "../kv/index.ts";
import { assert } from "../base/index.ts";

/** A longer normal form is cut to this length and a hash is put behind it (index-key.ts). */
export const INDEX_VALUE_BYTES_MAX = 400;
/** Bytes of that hash. */
export const INDEX_HASH_BYTES = 16;
/** Tag, kind and block number around the value. */
assert(
  2 + 1 + INDEX_VALUE_BYTES_MAX + INDEX_HASH_BYTES + 3 <= KV_KEY_BYTES_MAX,
  "index keys fit the key-value store",
);

/** A list with more IDs is split into blocks, so that an update rewrites about 1 KiB. */
export const SHORT_LIST_IDS_MAX = 1000;
/** A split list with fewer is joined again. Half of the above, so that a list at the border does not go to and fro. */
export const BLOCKED_LIST_IDS_MIN = 500;
/** IDs to a block: a bitmap of them is 1 KiB, two of which fit an LMDB page; a list of a million has 123 blocks. */
export const BLOCK_IDS = 8192;

/** Intersecting stops once so few candidates are left: reading them costs less than reading another list (389:
 *  FILTER_TEST_THRESHOLD). */
export const ENOUGH_IDS_MAX = 10;
/** Trigrams of one substring assertion from which those are chosen that are looked up. */
export const TRIGRAMS_MAX = 32;
/** Trigrams of one substring assertion whose lists are read. */
export const TRIGRAM_LISTS_MAX = 12;
/** Values with an asserted beginning that are looked for among the equality keys; of more, the trigrams are looked up. */
export const INITIAL_KEYS_MAX = 16;
/** Index keys read for one range or for one piece of two bytes; beyond it the entries are scanned (389:
 *  nsslapd-rangelookthroughlimit). */
export const RANGE_KEYS_MAX = 5000;
/** Parts of an AND or OR that the text of a plan names. */
export const PLAN_TEXT_PARTS_MAX = 3;

/** Memory of collected keys and IDs after which an index builder asks to be flushed. */
export const BUILDER_BYTES_MAX = 64 * 1024 * 1024;
/** Lists that a builder writes between two looks whether its time is over. */
export const LISTS_BETWEEN_LOOKS = 64;

/** Trigrams in rows of late changes from which on they are merged into the lists: some thousand additions. */
export const LATE_CODES_MAX = 1 << 18;
/** Rows of late changes that are read or deleted between two looks at the clock. */
export const LATE_ROWS_BETWEEN_LOOKS = 32;
/** Lists that are written between two looks at the clock. */
export const LATE_LISTS_BETWEEN_LOOKS = 16;
