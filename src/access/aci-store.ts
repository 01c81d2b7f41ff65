// All access rules of the server, compiled, by the entry that holds them. Filled at start, kept up to date by every
// committed change of an `aci` attribute and by every move of an entry; an operation asks an evaluator, never the store.
//
// Invariants: a holder without rules is not in the map; the arrays that are handed out never change, so that an
// evaluator may keep them; every change raises the generation.
import { LdapError } from "../protocol/index.ts";
import type { Schema } from "../schema/index.ts";
import { isBelow, normalParent } from "../schema/index.ts";
import type { Aci } from "./aci.ts";
import { parseAci } from "./parse-aci.ts";

/** A rule together with the normal DN of the entry that holds it. */
export interface HeldAci {
  readonly holder: string;
  readonly aci: Aci;
}

/** A stored value that cannot be read as a rule; it has no effect. */
export interface UnreadableAci {
  readonly holder: string;
  readonly text: string;
  readonly reason: string;
}

export class AciStore {
  #schema: Schema;
  #generation = 0;
  readonly #held = new Map<string, readonly HeldAci[]>();
  /** Normal DNs of the parents of all holders; undefined when it has to be made anew. */
  #parents: ReadonlySet<string> | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** Rises with every change. */
  get generation(): number {
    return this.#generation;
  }

  get schema(): Schema {
    return this.#schema;
  }

  /** Number of rules. */
  get size(): number {
    let count = 0;
    for (const held of this.#held.values()) count += held.length;
    return count;
  }

  /** Replaces the rules of an entry. Values were checked when a client wrote them; what cannot be read all the same (it
   *  came from another supplier, or an earlier version wrote it) is left out and returned, to be logged. */
  set(holder: string, values: readonly Buffer[]): readonly UnreadableAci[] {
    const texts = values.map((value) => value.toString("utf8"));
    const unreadable = this.#setTexts(holder, texts);
    this.#noteChange();
    return unreadable;
  }

  remove(holder: string): void {
    if (this.#held.delete(holder)) this.#noteChange();
  }

  /** Follows a rename or move: rules of the entry and of all below it. Targets are texts and stay as they are. */
  moveSubtree(oldDn: string, newDn: string): void {
    const moved: (readonly [holder: string, held: readonly HeldAci[]])[] = [];
    for (const [holder, held] of this.#held) {
      if (holder === oldDn || isBelow(holder, oldDn)) moved.push([holder, held]);
    }
    if (moved.length === 0) return;
    for (const [holder] of moved) this.#held.delete(holder);
    for (const [holder, held] of moved) {
      const next = holder.slice(0, holder.length - oldDn.length) + newDn;
      this.#held.set(
        next,
        held.map(({ aci }) => ({ holder: next, aci })),
      );
    }
    this.#noteChange();
  }

  /** Compiles all rules anew under another schema. */
  useSchema(schema: Schema): readonly UnreadableAci[] {
    this.#schema = schema;
    const unreadable: UnreadableAci[] = [];
    // Setting a key that the map has, or deleting it, does not disturb the iteration.
    for (const [holder, held] of this.#held) {
      unreadable.push(
        ...this.#setTexts(
          holder,
          held.map(({ aci }) => aci.text),
        ),
      );
    }
    this.#noteChange();
    return unreadable;
  }

  /** Whether an entry with this parent holds rules itself. */
  hasHolderBelow(parentNormalDn: string): boolean {
    this.#parents ??= new Set([...this.#held.keys()].map((holder) => normalParent(holder) ?? ""));
    return this.#parents.has(parentNormalDn);
  }

  /** The rules that an entry holds itself. */
  held(normalDn: string): readonly HeldAci[] | undefined {
    return this.#held.get(normalDn);
  }

  #noteChange(): void {
    this.#generation += 1;
    this.#parents = undefined;
  }

  #setTexts(holder: string, texts: readonly string[]): UnreadableAci[] {
    const held: HeldAci[] = [];
    const unreadable: UnreadableAci[] = [];
    for (const text of texts) {
      try {
        held.push({ holder, aci: parseAci(text, this.#schema, { unknownAttributes: "accept" }) });
      } catch (error) {
        if (!(error instanceof LdapError)) throw error;
        unreadable.push({ holder, text, reason: error.message });
      }
    }
    if (held.length > 0) this.#held.set(holder, held);
    else this.#held.delete(holder);
    return unreadable;
  }
}
