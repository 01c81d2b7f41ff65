// Which normal forms values have, as a bag of 32-bit hashes: 5 to 11 bytes a value. It answers "surely not there" or "perhaps there";
// who hears "perhaps" looks at the values. Never changed: `edited` gives another one.
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
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = hash & mask; table[at] !== EMPTY; at = (at + 1) & mask) {
      if (table[at] === hash) return true;
    }
    return false;
  }

  /** Those of the values without `removed`, which are among them, and with `added`. */
  edited(added: readonly Buffer[], removed: readonly Buffer[]): ValueForms {
    const left = new Map<number, number>();
    for (const value of removed) {
      const hash = hashForm(this.type.normalize(value));
      left.set(hash, (left.get(hash) ?? 0) + 1);
    }
    const hashes: number[] = [];
    for (const hash of this.#table) {
      if (hash === EMPTY) continue;
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
