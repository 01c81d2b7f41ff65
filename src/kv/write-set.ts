// What one operation writes, held back until it is known to succeed. The operation reads and writes the tables of its write
// set, which show the tables below with its own changes on top. `apply` writes them down, `discard` forgets them.
//
// Write sets nest: `child()` gives one whose tables lie on those of its parent, so that a step of an operation (a plug-in,
// one operation of a batch) can be taken back alone. Nothing is paid for a table that is not touched.

import { assert } from "../base/index.ts";
import type { BytesTable, IdTable } from "./kv.ts";
import { BytesOverlayTable, IdOverlayTable } from "./overlay-table.ts";

type Overlay = BytesOverlayTable | IdOverlayTable;

/** Never written. */
const NO_OVERLAYS = new Map<BytesTable | IdTable, Overlay>();

export class WriteSet {
  readonly #parent: WriteSet | undefined;
  /** Dropped at the end: what waits for the commit may hold the write set, and need not hold its tables. */
  #overlays = new Map<BytesTable | IdTable, Overlay>();
  #afterCommit: (() => void)[] = [];
  /** By their owners. */
  #lastWrites: Map<object, () => void> | undefined;
  #open = true;

  constructor(parent?: WriteSet) {
    this.#parent = parent;
  }

  /** The table as this write set sees it; the same object at each call. `base` is a table of the Kv, or what an outer
   *  write set made of it. */
  table(base: BytesTable): BytesTable;
  table(base: IdTable): IdTable;
  table(base: BytesTable | IdTable): BytesTable | IdTable {
    const found = this.#overlays.get(base);
    if (found !== undefined) return found;
    assert(this.#open, "a write set is not used after it was applied or discarded");
    if (isOverlay(base)) {
      return base.keyKind === "bytes"
        ? this.table(base.root as BytesTable)
        : this.table(base.root as IdTable);
    }
    const overlay = isBytesTable(base)
      ? new BytesOverlayTable(this.#parent?.table(base) ?? base)
      : new IdOverlayTable(this.#parent?.table(base) ?? base);
    this.#overlays.set(base, overlay);
    return overlay;
  }

  /** A write set on top of this one. This one must not be written until the child is applied or discarded. */
  child(): WriteSet {
    return new WriteSet(this);
  }

  /** `callback` runs once what this write set wrote is on disk, never if it is discarded. */
  afterCommit(callback: () => void): void {
    assert(this.#open, "a write set is not used after it was applied or discarded");
    this.#afterCommit.push(callback);
  }

  /** `write` puts into tables of the Kv when the outermost write set is applied, behind its changes: once, however many write sets
   *  ask for that in the name of `owner`; never if all of them are discarded. For rows that every operation would write. */
  lastly(owner: object, write: () => void): void {
    assert(this.#open, "a write set is not used after it was applied or discarded");
    this.#lastWrites ??= new Map();
    this.#lastWrites.set(owner, write);
  }

  /** Writes all changes to the tables below: those of the parent, or those of the Kv within its current transaction.
   *  Post-commit callbacks go to the parent; without one they are returned. */
  apply(): readonly (() => void)[] {
    assert(this.#open, "a write set is applied once");
    this.#open = false;
    for (const overlay of this.#overlays.values()) overlay.apply();
    this.#overlays = NO_OVERLAYS;
    for (const [owner, write] of this.#lastWrites ?? []) {
      if (this.#parent === undefined) write();
      else this.#parent.lastly(owner, write);
    }
    if (this.#parent === undefined) return this.#afterCommit;
    for (const callback of this.#afterCommit) this.#parent.afterCommit(callback);
    return [];
  }

  discard(): void {
    this.#open = false;
    this.#afterCommit = [];
    this.#lastWrites = undefined;
    for (const overlay of this.#overlays.values()) overlay.close();
    this.#overlays = NO_OVERLAYS;
  }
}

function isOverlay(table: BytesTable | IdTable): table is Overlay {
  return table instanceof BytesOverlayTable || table instanceof IdOverlayTable;
}

function isBytesTable(table: BytesTable | IdTable): table is BytesTable {
  return table.keyKind === "bytes";
}
