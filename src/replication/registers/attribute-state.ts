// State of one attribute (type and options) of one entry: the registers of conflict-resolution 2 and 13.2.
//
//   register   kept per    meaning                                             update
//   vu         value       latest add of the value                             maximum; with it the spelling
//   vd         value       latest delete that named the value                  maximum
//   md         value       latest operation that put the value in the RDN      maximum, until the value is added again
//   ad         attribute   latest delete of the whole attribute (or replace)   maximum
//
// A value survives iff it has vu, vu >= vd and vu >= ad. A multi-valued attribute shows the survivors; a single-valued one
// looks only at the value with the largest vu. All updates are maxima, so that order and repetition of operations do not
// matter.
// md decides nothing: it is kept for 389.
//
// Values that came without a CSN (LDIF import, values that 389 purged) have vu = CSN_ZERO, which is below every CSN.
import type { Attribute, AttributeDescription, ValueRope } from "../../entry/index.ts";
import { CSN_ZERO, type Csn, maxCsn } from "../csn/index.ts";
import type { ValueRuns } from "./value-runs.ts";

/** Registers of one value; at least one of vu and vd is set. */
export interface ValueCsns {
  readonly vu: Csn | undefined;
  readonly vd: Csn | undefined;
  readonly md: Csn | undefined;
}

export interface ValueState extends ValueCsns {
  /** Spelling of the add with the largest vu; without vu, that of the delete. */
  readonly value: Buffer;
}

/** All values of an attribute of the record with one vu, one of them perhaps with md. */
export interface UniformValues {
  readonly attribute: Attribute;
  readonly vu: Csn;
  readonly named: { readonly position: number; readonly md: Csn } | undefined;
}

/** Normal forms as Map keys: one char a byte. */
const keyOf = (description: AttributeDescription, value: Buffer): string =>
  description.type.normalize(value).toString("latin1");

const reaches = (vu: Csn, other: Csn | undefined): boolean => other === undefined || vu >= other;

const countOf = (attribute: Attribute): number => attribute.count ?? attribute.values.length;

const statesOf = ({ attribute, vu, named }: UniformValues): ValueState[] =>
  attribute.values.map((value, position) => ({
    value,
    vu,
    vd: undefined,
    md: position === named?.position ? named.md : undefined,
  }));

export class AttributeState {
  readonly description: AttributeDescription;
  #ad: Csn | undefined;
  /** As most attributes are that no operation has touched: nothing is made of the values before one is asked for. */
  #uniform: UniformValues | undefined;
  /** Values in the order in which they came; used until a value has to be looked up. */
  #list: readonly ValueState[] | undefined;
  /** Of a multi-valued attribute that has very many values. */
  #runs: ValueRuns | undefined;
  /** By normal form. Exactly one of #uniform, #list, #runs and #map is set. */
  #map: Map<string, ValueState> | undefined;

  /** `values` have pairwise different normal forms. */
  constructor(description: AttributeDescription, ad?: Csn, values: readonly ValueState[] = []) {
    this.description = description;
    this.#ad = ad;
    this.#list = values;
  }

  static ofUniform(uniform: UniformValues, ad?: Csn): AttributeState {
    const state = new AttributeState(uniform.attribute.description, ad);
    state.#list = undefined;
    state.#uniform = uniform;
    return state;
  }

  static ofRuns(
    description: AttributeDescription,
    ad: Csn | undefined,
    runs: ValueRuns,
  ): AttributeState {
    const state = new AttributeState(description, ad);
    state.#list = undefined;
    state.#runs = runs;
    return state;
  }

  copy(): AttributeState {
    const { description, ad } = this;
    if (this.#uniform !== undefined) return AttributeState.ofUniform(this.#uniform, ad);
    if (this.#runs !== undefined) return AttributeState.ofRuns(description, ad, this.#runs.copy());
    return new AttributeState(description, ad, [...this.list()]);
  }

  get ad(): Csn | undefined {
    return this.#ad;
  }

  /** Values by normal form (latin1 text of its bytes). */
  get values(): ReadonlyMap<string, ValueState> {
    return this.#byKey();
  }

  /** The values without their normal forms: cheaper than `values` when nothing is looked up. */
  list(): Iterable<ValueState> {
    return this.#listed() ?? this.#runs?.list() ?? this.#byKey().values();
  }

  /** While no value has been looked at or touched. */
  get uniform(): UniformValues | undefined {
    return this.#uniform;
  }

  /** How the values lie in the record, while that is how they are kept. */
  get runs(): ValueRuns | undefined {
    return this.#runs;
  }

  get size(): number {
    if (this.#uniform !== undefined) return countOf(this.#uniform.attribute);
    return this.#list?.length ?? this.#runs?.size ?? this.#byKey().size;
  }

  /** No registers left. */
  isEmpty(): boolean {
    return this.#ad === undefined && this.size === 0;
  }

  add(value: Buffer, csn: Csn, md?: Csn): void {
    if (this.#listed()?.length === 0) {
      this.#list = [{ value, vu: csn, vd: undefined, md }];
      return;
    }
    this.#update(value, (old) => {
      const newer =
        old?.vu === undefined ||
        csn > old.vu ||
        (csn === old.vu && Buffer.compare(value, old.value) > 0);
      return {
        value: newer ? value : old.value,
        vu: maxCsn(old?.vu, csn),
        vd: old?.vd,
        md: maxCsn(old?.md, md),
      };
    });
  }

  /** `value` is in the RDN of the entry that the operation adds: it is added unless it was among the attributes. */
  addNaming(value: Buffer, csn: Csn): void {
    const index = this.#listed()?.findIndex((state) => state.value.equals(value)) ?? -1;
    const listed = this.#list?.[index];
    if (this.#list !== undefined && listed?.vu === csn) {
      this.#list = this.#list.with(index, { ...listed, md: maxCsn(listed.md, csn) });
      return;
    }
    const known = this.#byKey().get(keyOf(this.description, value));
    this.add(known?.vu === csn ? known.value : value, csn, csn);
  }

  /** Remembered also when the value is unknown: its add may be on its way. */
  deleteValue(value: Buffer, csn: Csn, md?: Csn): void {
    this.#update(value, (old) => ({
      value: old?.value ?? value,
      vu: old?.vu,
      vd: maxCsn(old?.vd, csn),
      md: maxCsn(old?.md, md),
    }));
  }

  deleteAll(csn: Csn): void {
    this.#ad = maxCsn(this.#ad, csn);
  }

  /** `deleteAll` and `add` of the one value, if that says more than all that is known: nothing else will be left then when garbage
   *  has been collected, and no value has to be looked at. */
  replaceWith(value: Buffer, csn: Csn): void {
    if (this.#isAllBelow(csn)) {
      this.#uniform = undefined;
      this.#ad = csn;
      this.#list = [{ value, vu: csn, vd: undefined, md: undefined }];
      return;
    }
    this.deleteAll(csn);
    this.add(value, csn);
  }

  #isAllBelow(csn: Csn): boolean {
    if (this.#uniform === undefined || (this.#ad !== undefined && this.#ad > csn)) return false;
    const { vu, named } = this.#uniform;
    return vu < csn && (named === undefined || named.md < csn);
  }

  survives({ vu, vd }: ValueCsns): boolean {
    return vu !== undefined && reaches(vu, vd) && reaches(vu, this.#ad);
  }

  /** The attribute as it stands in the record, if that is what is to be shown. */
  shownWhole(): Attribute | undefined {
    if (this.#uniform === undefined) return undefined;
    const { attribute, vu } = this.#uniform;
    if (!reaches(vu, this.#ad)) return undefined;
    return !this.description.type.singleValue || countOf(attribute) === 1 ? attribute : undefined;
  }

  /** The values to be shown of an attribute that has very many: those that were there before are not looked at. */
  shownRope(): ValueRope | undefined {
    return this.#runs?.rope((state) => this.survives(state));
  }

  /** The values to be shown. */
  shown(): Buffer[] {
    const whole = this.shownWhole();
    if (whole !== undefined) return [...whole.values];
    if (this.description.type.singleValue) {
      const best = this.#newest();
      return best !== undefined && this.survives(best) ? [best.value] : [];
    }
    const rope = this.shownRope();
    if (rope !== undefined) return [...rope.list()];
    const out: Buffer[] = [];
    for (const state of this.list()) if (this.survives(state)) out.push(state.value);
    return out;
  }

  has(value: Buffer): boolean {
    const state = this.#byKey().get(keyOf(this.description, value));
    if (state === undefined || !this.survives(state)) return false;
    return !this.description.type.singleValue || this.#newest() === state;
  }

  /** Forgets what no later arrival can make matter. Never changes `shown`, now or after any further update. Only on base
   *  registers, never on the join with rename effects. A naming CSN older than the add of its value goes too: it would be gone
   *  where the value had been purged before it was added again. */
  collectGarbage(): void {
    const single = this.description.type.singleValue;
    const newest = single ? this.#newest() : undefined;
    const keep = newest?.vu;
    const ad = this.#ad;
    this.#rewrite((state) => {
      const { vu, vd, md } = state;
      const dropVd =
        vd !== undefined &&
        ((vu !== undefined && vd <= vu) ||
          (ad !== undefined && vd < ad) ||
          (keep !== undefined && vd < keep));
      // Of a single-valued attribute only one add can matter, also among those of one mod.
      const dropVu =
        vu !== undefined &&
        (single ? (state as ValueCsns) !== newest : ad !== undefined && vu < ad);
      const dropMd = md !== undefined && vu !== undefined && md < vu;
      if (!dropVd && !dropVu && !dropMd) return state;
      return {
        ...state,
        vu: dropVu ? undefined : vu,
        vd: dropVd ? undefined : vd,
        md: dropMd ? undefined : md,
      };
    });
  }

  /** Forgets what only operations up to the purge CSN could make matter (13.8). */
  purge(purgeCsn: Csn): void {
    this.collectGarbage();
    this.#rewrite((state) => {
      const { vu, vd } = state;
      const oldVd = vd !== undefined && vd <= purgeCsn;
      if (this.survives(state)) return oldVd ? { ...state, vd: undefined } : state;
      const oldVu = vu === undefined || vu <= purgeCsn;
      return oldVu && (vd === undefined || oldVd)
        ? { ...state, vu: undefined, vd: undefined }
        : state;
    });
  }

  largestCsn(): Csn | undefined {
    let largest = this.#ad;
    if (this.#uniform !== undefined) {
      const { vu, named } = this.#uniform;
      largest = maxCsn(largest, maxCsn(vu, named?.md));
      return largest === CSN_ZERO ? undefined : largest;
    }
    for (const { vu, vd, md } of this.list()) {
      largest = maxCsn(largest, maxCsn(maxCsn(vu, vd), md));
    }
    return largest === CSN_ZERO ? undefined : largest;
  }

  #newest(): ValueState | undefined {
    let best: ValueState | undefined;
    let tie = false;
    for (const state of this.list()) {
      if (state.vu === undefined) continue;
      if (best?.vu === undefined || state.vu > best.vu) {
        best = state;
        tie = false;
      } else if (state.vu === best.vu) tie = true;
    }
    return tie && best?.vu !== undefined ? this.#largestForm(best.vu) : best;
  }

  /** Of the values with this vu, the one whose normal form is largest. */
  #largestForm(vu: Csn): ValueState | undefined {
    let best: [key: string, state: ValueState] | undefined;
    for (const [key, state] of this.#byKey()) {
      if (state.vu === vu && (best === undefined || key > best[0])) best = [key, state];
    }
    return best?.[1];
  }

  /** Replaces every value state; one without vu and vd goes. */
  #rewrite(change: <S extends ValueCsns>(state: S) => S): void {
    const keep = ({ vu, vd }: ValueCsns): boolean => vu !== undefined || vd !== undefined;
    if (this.#runs !== undefined) {
      this.#runs.rewrite((state) => {
        const next = change(state);
        return keep(next) ? next : undefined;
      });
      return;
    }
    if (this.#listed() !== undefined) {
      const next = (this.#list ?? []).map(change);
      if (next.some((state, i) => state !== this.#list?.[i])) this.#list = next.filter(keep);
      return;
    }
    const map = this.#byKey();
    for (const [key, state] of map) {
      const next = change(state);
      if (!keep(next)) map.delete(key);
      else if (next !== state) map.set(key, next);
    }
  }

  #update(value: Buffer, change: (old: ValueState | undefined) => ValueState): void {
    if (this.#runs?.isWorn === false) return this.#runs.update(value, change);
    const map = this.#byKey();
    const key = keyOf(this.description, value);
    map.set(key, change(map.get(key)));
  }

  /** `#list`, which is made of what lies in the record if it has to be. */
  #listed(): readonly ValueState[] | undefined {
    if (this.#uniform !== undefined) {
      this.#list = statesOf(this.#uniform);
      this.#uniform = undefined;
    }
    return this.#list;
  }

  #byKey(): Map<string, ValueState> {
    if (this.#map === undefined) {
      this.#map = new Map();
      for (const state of this.list()) {
        this.#map.set(keyOf(this.description, state.value), state);
      }
      this.#list = undefined;
      this.#runs = undefined;
    }
    return this.#map;
  }
}
