// The registers of one entry, living, dead or unknown: one AttributeState per attribute description (13.2).
//
// How operations use them (`base` = what decodeRegisters gave for the stored row, or a new Registers):
//
//   add       base.applyAdd(attributes, rdn, csn)            every add for the unique ID counts, also one without
//                                                            structural effect; RDN values missing among the attributes
//                                                            are added
//   modify    keys = base.applyMods(mods, csn)               whether the entry is alive, dead or unknown
//   modifyDn  keys = base.applyMods(change.mods, csn)        modifiersName and modifyTimestamp only; what the rename does to
//                                                            RDN values is in the node's effects (urp room), not here
//   delete    nothing
//   LDIF import without state                                base.applyAdd(attributes, rdn, CSN_ZERO)
//
// To show an entry, the effects of renames are joined in: `shownValues` of the urp room does it per attribute. The effects
// never go into the stored registers before the purge CSN has passed them (`joinEffects`, called by the purge).
import type { Attribute, AttributeDescription } from "../../entry/index.ts";
import type { AttributeValues, Mod } from "../../protocol/index.ts";
import { type Csn, csnSubsequence, maxCsn, withSubsequence } from "../csn/index.ts";
import { AttributeState } from "./attribute-state.ts";
import { isStateless } from "./stateless.ts";

/** The description that a text names, undefined when the text cannot be one. Called inside writes only. */
export type ResolveDescription = (text: string) => AttributeDescription | undefined;

/** What an effective rename did to one attribute value (13.2, RDN overlay). */
export interface RenameEffect {
  readonly csn: Csn;
  readonly kind: "vu" | "vd";
  /** As in the RDN. */
  readonly type: string;
  readonly value: Buffer;
}

/** One assertion of an RDN. */
export interface RdnValue {
  readonly type: string;
  readonly value: Buffer;
}

const SUBSEQUENCE_MAX = 0xffff;

export class Registers {
  readonly #resolve: ResolveDescription;
  readonly #attributes = new Map<string, AttributeState>();

  constructor(resolve: ResolveDescription) {
    this.#resolve = resolve;
  }

  /** By attribute description key. */
  get attributes(): ReadonlyMap<string, AttributeState> {
    return this.#attributes;
  }

  isEmpty(): boolean {
    return this.#attributes.size === 0;
  }

  copy(): Registers {
    const copy = new Registers(this.#resolve);
    for (const [key, state] of this.#attributes) copy.#attributes.set(key, state.copy());
    return copy;
  }

  /** The state of one attribute; undefined: an empty register, or an attribute without state. */
  find(key: string): AttributeState | undefined {
    return this.#attributes.get(key);
  }

  /** Takes over a whole attribute (decoders, conversions). */
  set(state: AttributeState): void {
    if (state.isEmpty()) this.#attributes.delete(state.description.key);
    else this.#attributes.set(state.description.key, state);
  }

  /** An add operation. `rdn`: the assertions of the entry's RDN without nsuniqueid. */
  applyAdd(attributes: readonly AttributeValues[], rdn: readonly RdnValue[], csn: Csn): void {
    for (const { type, values } of attributes) {
      const state = this.#get(type);
      if (state === undefined) continue;
      for (const value of values) state.add(value, csn);
    }
    for (const { type, value } of rdn) {
      this.#get(type)?.addNaming(value, csn);
    }
    this.collectGarbage();
  }

  /** The mods of one operation: mod number i has subsequence i, unless `csn` came with one of its own, which then holds
   *  for all. Gives the keys of the attributes whose registers were touched. */
  applyMods(mods: readonly Mod[], csn: Csn): readonly string[] {
    const shared = csnSubsequence(csn) !== 0;
    const states = mods.map(({ type }) => this.#get(type));
    /** The number of the last mod of each attribute. */
    const touched = new Map<string, number>();
    states.forEach((state, index) => {
      if (state !== undefined) touched.set(state.description.key, index);
    });
    mods.forEach((mod, index) => {
      const state = states[index];
      if (state === undefined) return;
      const isLast = touched.get(state.description.key) === index;
      const at = shared ? csn : withSubsequence(csn, Math.min(index, SUBSEQUENCE_MAX));
      applyMod(state, mod, at, isLast);
    });
    this.collectGarbage(touched.keys());
    return [...touched.keys()];
  }

  /** Joins the effects of renames for good; the keys of the touched attributes. Stored registers take only effects that
   *  the purge CSN has passed. */
  joinEffects(effects: readonly RenameEffect[]): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const effect of effects) {
      const state = this.#get(effect.type);
      if (state === undefined) continue;
      if (effect.kind === "vu") state.add(effect.value, effect.csn, effect.csn);
      else state.deleteValue(effect.value, effect.csn);
      touched.add(state.description.key);
    }
    return touched;
  }

  /** The values of one attribute by the registers alone: without rename effects, RDN overlay and derived values. */
  shown(key: string): Buffer[] {
    return this.#attributes.get(key)?.shown() ?? [];
  }

  /** All attributes that have values, in the order in which they became known. */
  shownAttributes(): Attribute[] {
    const out: Attribute[] = [];
    for (const state of this.#attributes.values()) {
      const values = state.shown();
      if (values.length > 0) out.push({ description: state.description, values });
    }
    return out;
  }

  /** There is state but no value: 389's list of deleted attributes. */
  isDeleted(key: string): boolean {
    const state = this.#attributes.get(key);
    return state !== undefined && state.shown().length === 0;
  }

  /** Largest CSN of the entry; undefined when there is none. */
  largestCsn(): Csn | undefined {
    let largest: Csn | undefined;
    for (const state of this.#attributes.values()) largest = maxCsn(largest, state.largestCsn());
    return largest;
  }

  /** Forgets what can never matter again; all attributes, or those with the given keys. */
  collectGarbage(keys: Iterable<string> = [...this.#attributes.keys()]): void {
    for (const key of keys) this.#shrink(key, (state) => state.collectGarbage());
  }

  /** Forgets what only operations up to the purge CSN could make matter (13.8). The effects of renames up to it must
   *  have been joined. Registers of a unique ID without node go altogether once `largestCsn()` is ≤ the purge CSN; that
   *  is for the caller. */
  purge(purgeCsn: Csn): void {
    for (const key of [...this.#attributes.keys()]) {
      this.#shrink(key, (state) => state.purge(purgeCsn));
    }
  }

  #shrink(key: string, change: (state: AttributeState) => void): void {
    const state = this.#attributes.get(key);
    if (state === undefined) return;
    change(state);
    if (state.isEmpty()) this.#attributes.delete(key);
  }

  /** The state to be changed; undefined for attributes without state. */
  #get(type: string): AttributeState | undefined {
    const description = this.#resolve(type);
    if (description === undefined || isStateless(description.type.key)) return undefined;
    let state = this.#attributes.get(description.key);
    if (state === undefined) {
      state = new AttributeState(description);
      this.#attributes.set(description.key, state);
    }
    return state;
  }
}

/** `isLast`: no other mod of the operation is about this attribute, which might find a value that is replaced here. */
function applyMod(state: AttributeState, mod: Mod, csn: Csn, isLast: boolean): void {
  const [only] = mod.values;
  if (isLast && mod.operation === "replace" && only !== undefined && mod.values.length === 1) {
    state.replaceWith(only, csn);
    return;
  }
  if (mod.operation === "replace" || (mod.operation === "delete" && mod.values.length === 0)) {
    state.deleteAll(csn);
  }
  for (const value of mod.values) {
    if (mod.operation === "delete") state.deleteValue(value, csn);
    else state.add(value, csn);
  }
}
