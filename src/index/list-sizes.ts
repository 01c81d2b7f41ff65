// About how long the trigram lists are that have been read: from the rarest trigrams of an assertion one gets to few candidates
// without reading the lists of the others. It is a hint for the order of reading and nothing else: two trigrams may share a
// place, and lists change without being noted here.

const PLACES = 0x1_0000;
/** Steps to a doubling. 2^32 IDs are 225 steps. */
const STEPS = 7;

export class ListSizes {
  readonly #steps = new Uint8Array(PLACES);

  /** Grows with the logarithm of the length; 0 when it is not known. */
  stepsOf(tag: number, trigram: number): number {
    return this.#steps[placeOf(tag, trigram)]!;
  }

  note(tag: number, trigram: number, count: number): void {
    this.#steps[placeOf(tag, trigram)] = stepsOf(count);
  }
}

export function stepsOf(count: number): number {
  return 1 + Math.round(STEPS * Math.log2(1 + count));
}

function placeOf(tag: number, trigram: number): number {
  return Math.imul(trigram ^ Math.imul(tag, 0x9e37_79b1), 0x85eb_ca6b) >>> 16;
}
