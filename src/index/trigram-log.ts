// Pairs of trigram and entry ID in the order in which a build in bulk meets them, sorted when it writes. Nine in ten of its keys are
// trigrams, some hundred of an entry; a pair in two arrays of numbers costs a tenth of a list in a map for each trigram, and the
// garbage collector never looks at it.

const PAIRS_MIN = 1 << 12;
/** Codes have 24 bits: two passes of a radix sort. */
const DIGIT_BITS = 12;
const DIGITS = 1 << DIGIT_BITS;
export const TRIGRAM_PAIR_BYTES = 8;

export class TrigramLog {
  #codes = new Uint32Array(PAIRS_MIN);
  #ids = new Uint32Array(PAIRS_MIN);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(code: number, id: number): void {
    if (this.#length === this.#codes.length) this.#grow();
    this.#codes[this.#length] = code;
    this.#ids[this.#length] = id;
    this.#length += 1;
  }

  /** Each code once, in ascending order, with its IDs in the order in which they came; those that came twice in a row count once.
   *  The IDs are valid until the next one is asked for. Nothing is added any more. */
  *lists(): Generator<{ readonly code: number; readonly ids: Uint32Array }> {
    this.#sort();
    const codes = this.#codes;
    const ids = this.#ids;
    for (let start = 0; start < this.#length; ) {
      const code = codes[start]!;
      let kept = start;
      let end = start + 1;
      for (; end < this.#length && codes[end] === code; end += 1) {
        if (ids[end] === ids[kept]) continue;
        kept += 1;
        ids[kept] = ids[end]!;
      }
      yield { code, ids: ids.subarray(start, kept + 1) };
      start = end;
    }
  }

  #grow(): void {
    const codes = new Uint32Array(this.#length * 2);
    const ids = new Uint32Array(this.#length * 2);
    codes.set(this.#codes);
    ids.set(this.#ids);
    this.#codes = codes;
    this.#ids = ids;
  }

  #sort(): void {
    for (const shift of [0, DIGIT_BITS]) {
      const starts = this.#starts(shift);
      const codes = new Uint32Array(this.#length);
      const ids = new Uint32Array(this.#length);
      for (let i = 0; i < this.#length; i += 1) {
        const code = this.#codes[i]!;
        const digit = (code >>> shift) & (DIGITS - 1);
        const at = starts[digit]!;
        starts[digit] = at + 1;
        codes[at] = code;
        ids[at] = this.#ids[i]!;
      }
      this.#codes = codes;
      this.#ids = ids;
    }
  }

  /** Where the pairs of each digit go. */
  #starts(shift: number): Uint32Array {
    const starts = new Uint32Array(DIGITS);
    for (let i = 0; i < this.#length; i += 1)
      starts[(this.#codes[i]! >>> shift) & (DIGITS - 1)]! += 1;
    let next = 0;
    for (let digit = 0; digit < DIGITS; digit += 1) {
      const count = starts[digit]!;
      starts[digit] = next;
      next += count;
    }
    return starts;
  }
}
