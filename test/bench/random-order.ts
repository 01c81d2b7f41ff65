// Numbers below a limit in an order in which neighbors lie far apart, the same at each run; no number comes twice before all have
// come once.
const STEP_SHARE = 0.618;

export class RandomOrder {
  readonly #count: number;
  readonly #step: number;
  #last = 0;

  constructor(count: number) {
    this.#count = count;
    let step = Math.max(1, Math.floor(count * STEP_SHARE));
    while (greatestCommonDivisor(step, count) !== 1) step += 1;
    this.#step = step;
  }

  next(): number {
    this.#last = (this.#last + this.#step) % this.#count;
    return this.#last;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
