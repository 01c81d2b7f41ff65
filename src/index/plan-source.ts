// What a part of a filter finds in the indexes: a set of candidates whose size is known (or bounded) before its IDs are read.

import { IdList } from "./id-list.ts";
import type { StoredIds } from "./id-table.ts";

export interface Source {
  /** At least the number of IDs. */
  readonly countMax: number;
  /** Whether every candidate matches. */
  readonly exact: boolean;
  ids(): IdList;
  /** Those of `ids` that are candidates here too, or more of them if that is cheaper. */
  retain(ids: IdList): IdList;
}

/** What a filter or a part of it finds. */
export interface NamedSource extends Source {
  /** For people. */
  readonly text: string;
}

/** What cannot be narrowed down. */
export const ALL = "all";
export type All = typeof ALL;

/** One list of the index table. */
export class ListSource implements Source {
  readonly exact: boolean;
  readonly #stored: StoredIds;

  constructor(stored: StoredIds, options: { readonly exact: boolean }) {
    this.#stored = stored;
    this.exact = options.exact;
  }

  get countMax(): number {
    return this.#stored.countMax;
  }

  ids(): IdList {
    return this.#stored.ids();
  }

  retain(ids: IdList): IdList {
    return this.#stored.retain(ids);
  }
}

/** IDs that have been read. */
export class KnownSource implements NamedSource {
  readonly exact: boolean;
  readonly text: string;
  readonly #ids: IdList;

  constructor(ids: IdList, shown: { readonly exact: boolean; readonly text: string }) {
    this.#ids = ids;
    this.exact = shown.exact;
    this.text = shown.text;
  }

  get countMax(): number {
    return this.#ids.size;
  }

  ids(): IdList {
    return this.#ids;
  }

  retain(ids: IdList): IdList {
    return ids.intersect(this.#ids);
  }
}

/** What no entry matches: an Undefined item. */
export function nothing(text: string): NamedSource {
  return new KnownSource(IdList.EMPTY, { exact: true, text: `${text}=0` });
}

export class UnionSource implements Source {
  readonly exact: boolean;
  readonly #parts: readonly Source[];
  #ids: IdList | undefined;

  constructor(parts: readonly Source[]) {
    this.#parts = parts;
    this.exact = parts.every((part) => part.exact);
  }

  get countMax(): number {
    return this.#ids?.size ?? this.#parts.reduce((sum, part) => sum + part.countMax, 0);
  }

  ids(): IdList {
    this.#ids ??= IdList.union(this.#parts.map((part) => part.ids()));
    return this.#ids;
  }

  retain(ids: IdList): IdList {
    if (this.#ids !== undefined) return ids.intersect(this.#ids);
    return IdList.union(this.#parts.map((part) => part.retain(ids)));
  }
}

export const NONE: Source = new UnionSource([]);

/** Lists that all have to hold, the smallest first; the intersection stops once `enough` or fewer are left. */
export class IntersectionSource implements Source {
  readonly exact = false;
  readonly #lists: readonly StoredIds[];
  readonly #enough: number;
  #ids: IdList | undefined;

  constructor(lists: readonly StoredIds[], enough: number) {
    this.#lists = lists;
    this.#enough = enough;
  }

  get countMax(): number {
    return this.#ids?.size ?? this.#lists[0]?.countMax ?? 0;
  }

  ids(): IdList {
    this.#ids ??= this.#narrow(this.#lists[0]?.ids() ?? IdList.EMPTY, this.#lists.slice(1));
    return this.#ids;
  }

  retain(ids: IdList): IdList {
    return this.#ids === undefined ? this.#narrow(ids, this.#lists) : ids.intersect(this.#ids);
  }

  #narrow(ids: IdList, lists: readonly StoredIds[]): IdList {
    let left = ids;
    for (const list of lists) {
      if (left.size <= this.#enough) break;
      left = list.retain(left);
    }
    return left;
  }
}

/** Candidates of an item under its name. */
export class ItemSource implements NamedSource {
  readonly exact: boolean;
  readonly #kind: string;
  readonly #attribute: string;
  readonly #source: Source;

  constructor(source: Source, kind: string, attribute: string) {
    this.#source = source;
    this.#kind = kind;
    this.#attribute = attribute;
    this.exact = source.exact && !attribute.includes(";"); // options are not in the index
  }

  get text(): string {
    return `${this.#kind}(${this.#attribute})=${this.#source.countMax}`;
  }

  get countMax(): number {
    return this.#source.countMax;
  }

  ids(): IdList {
    return this.#source.ids();
  }

  retain(ids: IdList): IdList {
    return this.#source.retain(ids);
  }
}
