// What plans of searches ask of a backend: its indexes, and what they lack as yet, as of the moment.
import type { CatalogIndex, IndexCatalog, LateLists, ListSizes } from "../index/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { BackendIndexes } from "./backend-indexes.ts";
import type { LateRows } from "./late-rows.ts";

/** A backend, as far as its catalog looks: each of these is another one after an import or a change of the schema. */
interface Indexed {
  readonly indexes: BackendIndexes;
  readonly descriptions: { occurs(type: AttributeType): boolean };
  readonly lateRows: LateRows;
  readonly kv: { readonly snapshot: number };
}

export class BackendCatalog implements IndexCatalog {
  readonly #backend: Indexed;

  constructor(backend: Indexed) {
    this.#backend = backend;
  }

  get sizes(): ListSizes {
    return this.#backend.indexes.sizes;
  }

  find(type: AttributeType): CatalogIndex | undefined {
    return this.#backend.indexes.find(type);
  }

  occurs(type: AttributeType): boolean {
    return this.#backend.descriptions.occurs(type);
  }

  late(): LateLists {
    const { lists } = this.#backend.lateRows;
    lists.follow(this.#backend.kv.snapshot);
    return lists;
  }
}
