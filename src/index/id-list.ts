// A set of entry IDs: a sorted array without duplicates, never changed after it was made.

export class IdList implements Iterable<number> {
  static readonly EMPTY = new IdList(new Uint32Array(0));

  readonly #ids: Uint32Array;

  /** `ids` is sorted, without duplicates, and from now on left alone by the caller. */
  private constructor(ids: Uint32Array) {
    this.#ids = ids;
  }

  static fromSorted(ids: Uint32Array): IdList {
    return ids.length === 0 ? IdList.EMPTY : new IdList(ids);
  }

  static from(ids: Iterable<number>): IdList {
    return IdList.fromUnsorted(Uint32Array.from(ids));
  }

  /** Sorts `ids` in place and takes it over. */
  static fromUnsorted(ids: Uint32Array): IdList {
    ids.sort();
    let count = 0;
    for (let i = 0; i < ids.length; i += 1) {
      if (i > 0 && ids[i] === ids[i - 1]) continue;
      ids[count] = ids[i]!;
      count += 1;
    }
    return IdList.fromSorted(ids.subarray(0, count));
  }

  /** The union of many lists at once. */
  static union(lists: readonly IdList[]): IdList {
    const first = lists[0];
    if (first === undefined) return IdList.EMPTY;
    if (lists.length === 1) return first;
    if (lists.length === 2) return first.union(lists[1]!);
    let size = 0;
    for (const list of lists) size += list.size;
    const all = new Uint32Array(size);
    let at = 0;
    for (const list of lists) {
      all.set(list.#ids, at);
      at += list.size;
    }
    return IdList.fromUnsorted(all);
  }

  get size(): number {
    return this.#ids.length;
  }

  /** In ascending order. */
  [Symbol.iterator](): Iterator<number> {
    return this.#ids[Symbol.iterator]();
  }

  /** The ID at `position` in ascending order. */
  at(position: number): number | undefined {
    return this.#ids[position];
  }

  /** The IDs themselves, not to be changed. */
  get sorted(): Uint32Array {
    return this.#ids;
  }

  toArray(): number[] {
    return [...this.#ids];
  }

  has(id: number): boolean {
    const position = this.lowerBound(id);
    return this.#ids[position] === id;
  }

  /** Position of the first ID that is not below `id`. */
  lowerBound(id: number, start = 0): number {
    let low = start;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  union(other: IdList): IdList {
    if (other.size === 0) return this;
    if (this.size === 0) return other;
    const a = this.#ids;
    const b = other.#ids;
    const out = new Uint32Array(a.length + b.length);
    let count = 0;
    let i = 0;
    let j = 0;
    while (i < a.length && j < b.length) {
      const x = a[i]!;
      const y = b[j]!;
      out[count] = x < y ? x : y;
      count += 1;
      if (x <= y) i += 1;
      if (y <= x) j += 1;
    }
    for (; i < a.length; i += 1, count += 1) out[count] = a[i]!;
    for (; j < b.length; j += 1, count += 1) out[count] = b[j]!;
    return IdList.fromSorted(out.subarray(0, count));
  }

  intersect(other: IdList): IdList {
    const [few, many] = this.size <= other.size ? [this, other] : [other, this];
    const out = new Uint32Array(few.size);
    let count = 0;
    let position = 0;
    for (const id of few.#ids) {
      position = many.#seek(id, position);
      if (many.#ids[position] === id) {
        out[count] = id;
        count += 1;
      }
    }
    return IdList.fromSorted(out.subarray(0, count));
  }

  subtract(other: IdList): IdList {
    if (other.size === 0 || this.size === 0) return this;
    const out = new Uint32Array(this.size);
    let count = 0;
    let position = 0;
    for (const id of this.#ids) {
      position = other.#seek(id, position);
      if (other.#ids[position] === id) continue;
      out[count] = id;
      count += 1;
    }
    return IdList.fromSorted(out.subarray(0, count));
  }

  /** As `lowerBound`, quick when the place is near `start`: the step doubles until it has passed the ID. */
  #seek(id: number, start: number): number {
    const ids = this.#ids;
    let step = 1;
    let low = start;
    let high = start;
    while (high < ids.length && ids[high]! < id) {
      low = high + 1;
      high += step;
      step *= 2;
    }
    high = Math.min(high, ids.length);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
