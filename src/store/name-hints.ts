// Which entry had a name below a parent when it was last looked for. A hint only: the record of the entry proves or refutes it,
// because it has the parent and the RDN. So nobody has to be told of renames, deletions, imports or other processes, and a name
// that was asked for before costs one look-up in LMDB instead of two.
//
// Of each name its 32-bit hash is kept, in sets of WAYS pairs that share a line of the CPU's cache:
//
//   u32 hash   u32 entry ID, 0: free
import { type EntryId, RDN_START, recordParentId, recordRdnBytes } from "../entry/index.ts";

/** Names that are kept at most: 2 MiB. */
const HINTS_MAX = 1 << 18;
const WAYS = 8;
const SET_WORDS = 2 * WAYS;
const SETS_MASK = HINTS_MAX / WAYS - 1;
/** Of FNV-1a. */
const HASH_START = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;

export class NameHints {
  readonly #words = new Uint32Array(2 * HINTS_MAX);
  /** Which pair of a full set gives way. */
  #turn = 0;

  /** 0: nothing is known. */
  find(hash: number): EntryId {
    const words = this.#words;
    const start = (hash & SETS_MASK) * SET_WORDS;
    for (let at = start; at < start + SET_WORDS; at += 2) {
      if (words[at] === hash) return words[at + 1]! as EntryId;
    }
    return 0 as EntryId;
  }

  keep(hash: number, id: EntryId): void {
    const words = this.#words;
    const start = (hash & SETS_MASK) * SET_WORDS;
    this.#turn = (this.#turn + 2) % SET_WORDS;
    let place = start + this.#turn;
    for (let at = start; at < start + SET_WORDS; at += 2) {
      const isFree = words[at + 1] === 0;
      if (isFree || words[at] === hash) {
        place = at;
        break;
      }
    }
    words[place] = hash;
    words[place + 1] = id;
  }
}

/** Of the RDN that ends at `end` of a normal DN, below this parent. */
export function nameHash(parentId: EntryId, normalDn: string, end: number): number {
  let hash = HASH_START ^ parentId;
  for (let at = 0; at < end; at += 1) {
    hash = Math.imul(hash ^ normalDn.charCodeAt(at), HASH_FACTOR);
  }
  // The lower bits choose the set.
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Whether the record, which may be lent, is of the entry with this parent and with the normal RDN that ends at `end` of a normal
 *  DN. false also if that would have to be worked out: the RDN is spelled another way. (The normal form of a normal form is itself,
 *  so an RDN that is spelled like one has no other. A tombstone has no RDN that begins like that of a shown entry.) */
export function isNamed(record: Buffer, parentId: EntryId, normalDn: string, end: number): boolean {
  if (recordParentId(record) !== parentId || recordRdnBytes(record) !== end) return false;
  for (let at = 0; at < end; at += 1) {
    const code = normalDn.charCodeAt(at);
    if (code > 0x7f || record[RDN_START + at] !== code) return false;
  }
  return true;
}
