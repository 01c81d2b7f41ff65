// Which normal forms values have, as 32-bit hashes: 5 to 11 bytes a value. `mayHave` answers "surely not there" or "perhaps there"; who
// hears "perhaps" looks at the values.
//
// `ValueForms` is a bag of those of some values, which is never changed: `edited` gives another one. `SeenForms` has those of values
// that have been there at any time, too, so that all versions of an attribute can share one.
import type { AttributeType } from "../schema/index.ts";

const EMPTY = 0;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a, then mixed, because the table takes the low bits; never EMPTY. */
export function hashForm(form: Buffer): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < form.length; i += 1) hash = Math.imul(hash ^ form[i]!, FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0 || 1;
}

/** Open addressing, at most three quarters full; equal hashes take a place each. */
function makeTable(count: number): Uint32Array {
  let size = 16;
  while (size * 3 < count * 4 + 4) size *= 2;
  return new Uint32Array(size);
}

function put(table: Uint32Array, hash: number): void {
  const mask = table.length - 1;
  let at = hash & mask;
  while (table[at] !== EMPTY) at = (at + 1) & mask;
  table[at] = hash;
}

function mayHave(table: Uint32Array, hash: number): boolean {
  const mask = table.length - 1;
  for (let at = hash & mask; table[at] !== EMPTY; at = (at + 1) & mask) {
    if (table[at] === hash) return true;
  }
  return false;
}

export class ValueForms {
  /** Whose normal forms they are. */
  readonly type: AttributeType;
  readonly #table: Uint32Array;

  private constructor(type: AttributeType, table: Uint32Array) {
    this.type = type;
    this.#table = table;
  }

  static of(type: AttributeType, values: readonly Buffer[]): ValueForms {
    const table = makeTable(values.length);
    for (const value of values) put(table, hashForm(type.normalize(value)));
    return new ValueForms(type, table);
  }

  /** `hash`: of a normal form. false: no value has that one. */
  mayHave(hash: number): boolean {
    return mayHave(this.#table, hash);
  }

  *hashes(): Iterable<number> {
    for (const hash of this.#table) if (hash !== EMPTY) yield hash;
  }

  /** Those of the values without `removed`, which are among them, and with `added`. */
  edited(added: readonly Buffer[], removed: readonly Buffer[]): ValueForms {
    const left = new Map<number, number>();
    for (const value of removed) {
      const hash = hashForm(this.type.normalize(value));
      left.set(hash, (left.get(hash) ?? 0) + 1);
    }
    const hashes: number[] = [];
    for (const hash of this.hashes()) {
      const more = left.size === 0 ? 0 : (left.get(hash) ?? 0);
      if (more > 0) left.set(hash, more - 1);
      else hashes.push(hash);
    }
    for (const value of added) hashes.push(hashForm(this.type.normalize(value)));
    const table = makeTable(hashes.length);
    for (const hash of hashes) put(table, hash);
    return new ValueForms(this.type, table);
  }
}

export class SeenForms {
  /** Whose normal forms they are. */
  readonly type: AttributeType;
  #table: Uint32Array;
  #count = 0;

  constructor(type: AttributeType, count: number) {
    this.type = type;
    this.#table = makeTable(count);
  }

  /** How many have been added. */
  get count(): number {
    return this.#count;
  }

  /** false: no value has ever had the normal form with this hash. */
  mayHave(hash: number): boolean {
    return mayHave(this.#table, hash);
  }

  add(hash: number): void {
    if (this.mayHave(hash)) return;
    if ((this.#count + 1) * 4 + 4 > this.#table.length * 3) {
      const old = this.#table;
      this.#table = makeTable(2 * this.#count);
      for (const each of old) if (each !== EMPTY) put(this.#table, each);
    }
    put(this.#table, hash);
    this.#count += 1;
  }
}
