// Forgetting what only operations up to the purge CSN P could make matter (13.8). The caller has stored P first: from then on
// operations up to P have no structural effect (StructureRules.purgeCsn).
//
// Records up to P leave the structure log, oldest first. The effects of renames up to P leave the nodes and join the registers
// for good. What the records touched is then looked at: tombstones whose shown CSN is not above P and placeholders go when
// no node has them as parent, nor has left them above P, children first; `last` of a name goes when nobody holds the name and
// the entry that held it is gone or has another name. Conflict flags, holders and naming CSNs stay.
//
// One place differs from the letter of 13.8: `last` of a name that was left up to P stays when its entry was renamed once more
// above P. It can only be asked for by a DN that no partner uses any more.
import { assert } from "../../base/index.ts";
import type { UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import type { RenameEffect } from "../registers/index.ts";
import { type StructureRules, rdnKey, readRdn } from "./names.ts";
import { type StructureNode, isEmptySlot } from "./node.ts";
import { type StateKey, type StructureRecord, keyText } from "./record.ts";
import { settleShown } from "./settle.ts";
import type { StructureStore } from "./store.ts";
import { WorkingState } from "./working-state.ts";

/** Records taken out of the log in one call. */
export const PURGE_RECORDS_MAX = 500;

export interface PurgeOutcome {
  /** Nothing up to the purge CSN is left in the log. */
  readonly isDone: boolean;
  /** These effects join the stored registers of these entries (Registers.joinEffects); their nodes have been set. */
  readonly joined: readonly {
    readonly uniqueId: UniqueId;
    readonly effects: readonly RenameEffect[];
  }[];
  /** Their nodes are gone: take away record and names. Tombstones go with their registers; the registers of a unique ID
   *  that was only a placeholder go if `largestCsn()` is not above the purge CSN. */
  readonly removed: readonly UniqueId[];
  /** Unique IDs whose shown form may have changed; derive them anew. */
  readonly reshown: readonly UniqueId[];
}

type SlotKey = StateKey & { readonly kind: "slot" };

class Purge {
  readonly #store: StructureStore;
  readonly #rules: StructureRules;
  readonly #purgeCsn: Csn;
  readonly #candidates = new Set<UniqueId>();
  readonly #slots = new Map<string, SlotKey>();
  readonly joined: { uniqueId: UniqueId; effects: RenameEffect[] }[] = [];
  readonly removed: UniqueId[] = [];
  readonly reshown = new Set<UniqueId>();

  constructor(store: StructureStore, rules: StructureRules, purgeCsn: Csn) {
    this.#store = store;
    this.#rules = rules;
    this.#purgeCsn = purgeCsn;
  }

  run(records: readonly StructureRecord[], candidates: Iterable<UniqueId>): void {
    for (const record of records) {
      this.#store.setRecord(record.operation.csn, undefined);
      this.#note(record);
    }
    for (const uniqueId of candidates) this.#candidates.add(uniqueId);
    for (const uniqueId of this.#candidates) this.#joinEffects(uniqueId);
    for (let round = [...this.#candidates]; round.length > 0; ) round = this.#removeIdle(round);
    for (const key of this.#slots.values()) this.#forgetLast(key);
  }

  /** Everything that the record touched, and the parents from which it took an entry away. */
  #note({ operation, reads, writes }: StructureRecord): void {
    this.#candidates.add(operation.uniqueId);
    for (const key of reads) if (key.kind === "node") this.#candidates.add(key.uniqueId);
    for (const { key, before } of writes) {
      if (key.kind === "slot") this.#slots.set(keyText(key), key);
      else this.#candidates.add(key.uniqueId);
      if (before !== undefined && "life" in before) this.#candidates.add(before.parent);
    }
  }

  #joinEffects(uniqueId: UniqueId): void {
    const node = this.#store.getNode(uniqueId);
    if (node === undefined || node.effects.length === 0) return;
    const isPurged = ({ csn }: RenameEffect): boolean => csn <= this.#purgeCsn;
    const effects = node.effects.filter(isPurged);
    if (effects.length === 0) return;
    const kept = node.effects.filter((effect) => !isPurged(effect));
    this.#store.setNode(uniqueId, { ...node, effects: kept });
    this.joined.push({ uniqueId, effects });
  }

  /** Takes away the nodes that are idle; gives the parents, which may be idle now. */
  #removeIdle(uniqueIds: readonly UniqueId[]): UniqueId[] {
    const state = new WorkingState(this.#store);
    const gone: UniqueId[] = [];
    const parents = new Set<UniqueId>();
    for (const uniqueId of uniqueIds) {
      const node = state.node(uniqueId);
      if (node === undefined || !this.#isIdle(state, uniqueId, node)) continue;
      const key = rdnKey(this.#rules, readRdn(node.rdn));
      const slot = { kind: "slot", parent: node.parent, rdnKey: key } as const;
      this.#slots.set(keyText(slot), slot);
      state.setNode(uniqueId, undefined);
      gone.push(uniqueId);
      parents.add(node.parent);
    }
    for (const uniqueId of settleShown(state, this.#rules, gone)) this.reshown.add(uniqueId);
    state.flush();
    this.removed.push(...gone);
    return [...parents];
  }

  #isIdle(state: WorkingState, uniqueId: UniqueId, node: StructureNode): boolean {
    const { shown, tombstones, placeholders } = state.counts(uniqueId);
    if (node.life === "live" || shown + tombstones + placeholders > 0) return false;
    if (node.life === "placeholder") return node.naming <= this.#purgeCsn;
    assert(node.death !== undefined, "a dead node has a death");
    return node.death <= this.#purgeCsn && !this.#wasGlue(state, uniqueId);
  }

  /** An entry has left it above the purge CSN: whoever has not seen that shows it as glue, and may revive it. */
  #wasGlue(state: WorkingState, uniqueId: UniqueId): boolean {
    for (const child of this.#store.lastHolders(uniqueId)) {
      const naming = state.node(child)?.naming;
      if (naming === undefined || naming <= this.#purgeCsn) continue;
      if (this.#hasLeft(child, uniqueId)) return true;
    }
    return false;
  }

  /** Looks through the log: that is for few. */
  #hasLeft(child: UniqueId, parent: UniqueId): boolean {
    for (const { operation, writes } of this.#store.records(this.#purgeCsn)) {
      if (operation.uniqueId !== child) continue;
      const wasThere = writes.some(
        ({ before }) => before !== undefined && "life" in before && before.parent === parent,
      );
      if (wasThere) return true;
    }
    return false;
  }

  #forgetLast({ parent, rdnKey: key }: SlotKey): void {
    const slot = this.#store.getSlot(parent, key);
    if (slot === undefined || slot.holder !== undefined || slot.last === undefined) return;
    const node = this.#store.getNode(slot.last);
    if (node !== undefined) {
      const isElsewhere = node.parent !== parent || rdnKey(this.#rules, readRdn(node.rdn)) !== key;
      if (!isElsewhere || node.naming > this.#purgeCsn) return;
    }
    const left = { ...slot, last: undefined };
    this.#store.setSlot(parent, key, isEmptySlot(left) ? undefined : left);
  }
}

/** Purges up to `rules.purgeCsn`, at most `recordsMax` records; call it until it is done. `candidates`: tombstones that came
 *  without operations (total initialization), found by their nsTombstoneCSN; they may be named more than once. */
export function purgeStructure(
  store: StructureStore,
  rules: StructureRules,
  candidates: Iterable<UniqueId> = [],
  recordsMax = PURGE_RECORDS_MAX,
): PurgeOutcome {
  const { purgeCsn } = rules;
  assert(purgeCsn !== undefined, "there is a purge CSN");
  const records: StructureRecord[] = [];
  let isDone = true;
  for (const record of store.records(undefined)) {
    if (record.operation.csn > purgeCsn) break;
    if (records.length === recordsMax) {
      isDone = false;
      break;
    }
    records.push(record);
  }
  const purge = new Purge(store, rules, purgeCsn);
  purge.run(records, candidates);
  return {
    isDone,
    joined: purge.joined,
    removed: purge.removed,
    reshown: [...purge.reshown].filter((uniqueId) => !purge.removed.includes(uniqueId)),
  };
}
