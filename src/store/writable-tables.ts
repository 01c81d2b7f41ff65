// The tables of a backend as an operation sees them, through its write set. An operation uses a third of them: each is made when
// it is asked for, and kept, because asking the write set means two look-ups. Not to be asked for the first time when the write
// set has been applied or discarded.
import type { BytesTable, IdTable, WriteSet } from "../kv/index.ts";
import type { BackendTables } from "./tables.ts";

export class WritableTables implements BackendTables {
  readonly #writes: WriteSet;
  readonly #base: BackendTables;
  #entry: IdTable | undefined;
  #piece: BytesTable | undefined;
  #state: IdTable | undefined;
  #uid: BytesTable | undefined;
  #tree: BytesTable | undefined;
  #children: IdTable | undefined;
  #last: BytesTable | undefined;
  #index: BytesTable | undefined;
  #late: BytesTable | undefined;
  #changelog: BytesTable | undefined;
  #window: BytesTable | undefined;
  #structure: BytesTable | undefined;
  #digest: BytesTable | undefined;
  #stale: IdTable | undefined;
  #meta: BytesTable | undefined;

  constructor(writes: WriteSet, base: BackendTables) {
    this.#writes = writes;
    this.#base = base;
  }

  get entry(): IdTable {
    this.#entry ??= this.#writes.table(this.#base.entry);
    return this.#entry;
  }

  get piece(): BytesTable {
    this.#piece ??= this.#writes.table(this.#base.piece);
    return this.#piece;
  }

  get state(): IdTable {
    this.#state ??= this.#writes.table(this.#base.state);
    return this.#state;
  }

  get uid(): BytesTable {
    this.#uid ??= this.#writes.table(this.#base.uid);
    return this.#uid;
  }

  get tree(): BytesTable {
    this.#tree ??= this.#writes.table(this.#base.tree);
    return this.#tree;
  }

  get children(): IdTable {
    this.#children ??= this.#writes.table(this.#base.children);
    return this.#children;
  }

  get last(): BytesTable {
    this.#last ??= this.#writes.table(this.#base.last);
    return this.#last;
  }

  get index(): BytesTable {
    this.#index ??= this.#writes.table(this.#base.index);
    return this.#index;
  }

  get late(): BytesTable {
    this.#late ??= this.#writes.table(this.#base.late);
    return this.#late;
  }

  get changelog(): BytesTable {
    this.#changelog ??= this.#writes.table(this.#base.changelog);
    return this.#changelog;
  }

  get window(): BytesTable {
    this.#window ??= this.#writes.table(this.#base.window);
    return this.#window;
  }

  get structure(): BytesTable {
    this.#structure ??= this.#writes.table(this.#base.structure);
    return this.#structure;
  }

  get digest(): BytesTable {
    this.#digest ??= this.#writes.table(this.#base.digest);
    return this.#digest;
  }

  get stale(): IdTable {
    this.#stale ??= this.#writes.table(this.#base.stale);
    return this.#stale;
  }

  get meta(): BytesTable {
    this.#meta ??= this.#writes.table(this.#base.meta);
    return this.#meta;
  }
}
