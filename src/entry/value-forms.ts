// Which normal forms the values of an attribute have, as a bag of 32-bit hashes: about 11 bytes a value. It answers "surely not
// there" or "perhaps there"; who hears "perhaps" looks at the values. Never changed: `edited` gives another one, which shares the
// table and carries what is different.
import type { AttributeType } from "../schema/index.ts";

/** Differences that are carried before the table is made anew. */
const CHANGES_MAX = 256;
const EMPTY = 0;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a, then mixed, because the table takes the low bits; never EMPTY. */
function hashForm(form: Buffer): number {
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

function countIn(table: Uint32Array, hash: number): number {
  const mask = table.length - 1;
  let count = 0;
  for (let at = hash & mask; table[at] !== EMPTY; at = (at + 1) & mask) {
    if (table[at] === hash) count += 1;
  }
  return count;
}

export class ValueForms {
  /** Whose normal forms they are. */
  readonly type: AttributeType;
  readonly #table: Uint32Array;
  /** By hash, how many more or fewer there are than in the table. */
  readonly #changes: ReadonlyMap<number, number>;

  private constructor(
    type: AttributeType,
    table: Uint32Array,
    changes: ReadonlyMap<number, number>,
  ) {
    this.type = type;
    this.#table = table;
    this.#changes = changes;
  }

  static of(type: AttributeType, values: readonly Buffer[]): ValueForms {
    const table = makeTable(values.length);
    for (const value of values) put(table, hashForm(type.normalize(value)));
    return new ValueForms(type, table, new Map());
  }

  /** false: no value has this normal form. */
  mayHave(form: Buffer): boolean {
    const hash = hashForm(form);
    return countIn(this.#table, hash) + (this.#changes.get(hash) ?? 0) > 0;
  }

  /** Those of the values without `removed`, which are among them, and with `added`. */
  edited(added: readonly Buffer[], removed: readonly Buffer[]): ValueForms {
    const changes = new Map(this.#changes);
    const count = (value: Buffer, by: number): void => {
      const hash = hashForm(this.type.normalize(value));
      changes.set(hash, (changes.get(hash) ?? 0) + by);
    };
    for (const value of added) count(value, 1);
    for (const value of removed) count(value, -1);
    const table = changes.size > CHANGES_MAX ? this.#tableWith(changes) : undefined;
    return new ValueForms(
      this.type,
      table ?? this.#table,
      table === undefined ? changes : new Map(),
    );
  }

  #tableWith(changes: ReadonlyMap<number, number>): Uint32Array {
    const left = new Map(changes);
    const hashes: number[] = [];
    for (const hash of this.#table) {
      if (hash === EMPTY) continue;
      const more = left.get(hash) ?? 0;
      if (more < 0) left.set(hash, more + 1);
      else hashes.push(hash);
    }
    for (const [hash, more] of left) for (let i = 0; i < more; i += 1) hashes.push(hash);
    const table = makeTable(hashes.length);
    for (const hash of hashes) put(table, hash);
    return table;
  }
}
