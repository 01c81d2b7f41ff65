// Whether a modify touches nothing but certain attributes, told from the bytes of the head of its record (record.ts) or of a
// section of a window (window-row.ts): flags and list of names have the same form in both. Millions of records are judged by
// a few different lists, so the verdict on a list is kept.
import { assert } from "../../base/index.ts";
import type { Bytes } from "../../kv/index.ts";
import {
  FLAG_LAST_MODS,
  FLAG_UNLISTED,
  HEAD_BYTES,
  LAST_MODS,
  headFlags,
  isModify,
  namesEnd,
} from "./record.ts";

/** Lists whose verdict is kept. */
const VERDICTS_MAX = 4096;

export class NameFilter {
  readonly #names: ReadonlySet<string>;
  readonly #hasLastMods: boolean;
  readonly #verdicts = new Map<string, boolean>();

  /** `names`: base names. */
  constructor(names: ReadonlySet<string>) {
    this.#names = names;
    this.#hasLastMods = LAST_MODS.every((name) => names.has(name));
  }

  /** Whether the record is a modify of these attributes alone. false: it is not, or its head does not tell. */
  coversRecord(record: Bytes): boolean {
    if (!isModify(record)) return false;
    return this.coversList(record, headFlags(record), HEAD_BYTES, namesEnd(record));
  }

  /** The same for a list of names at `bytes[start, end)`. */
  coversList(bytes: Bytes, flags: number, start: number, end: number): boolean {
    if ((flags & FLAG_UNLISTED) !== 0) return false;
    if ((flags & FLAG_LAST_MODS) !== 0 && !this.#hasLastMods) return false;
    const list = bytes.latin1Slice(start, end);
    const known = this.#verdicts.get(list);
    if (known !== undefined) return known;
    const verdict = this.#covers(list);
    if (this.#verdicts.size >= VERDICTS_MAX) this.#verdicts.clear();
    this.#verdicts.set(list, verdict);
    return verdict;
  }

  #covers(list: string): boolean {
    for (let at = 0; at < list.length; ) {
      const end = at + 1 + list.charCodeAt(at);
      assert(end <= list.length, "a list of names ends with a name");
      if (!this.#names.has(list.slice(at + 1, end))) return false;
      at = end;
    }
    return true;
  }
}
