// A base state from entries alone, without the operations that made them: total initialization from 389, replica LDIF, plain
// LDIF (13.7). Entries come in any order, best parents first; a parent that has not come yet is a placeholder until then.
//
//   entry from 389                                     node
//   normal entry                                       live, holder of its name
//   conflict entry (mark namingConflict)               live with conflict flag
//   tombstone (class nsTombstone)                      dead at the CSN of that class; with flag if it was a conflict entry
//   glue deletedEntryHasChildren, renameTombstone      dead at the CSN of the class glue
//   glue missingEntry                                  placeholder; registers empty
//   cenotaph                                           none; it is the last holder of its name
//
// Naming CSN is the DN CSN of 389: the largest md of the values. Derived attributes and classes do not go into the registers.
// The RUV entry is for the caller.
import type { ReplicatedAttribute, ReplicationEntry } from "../../protocol/index.ts";
import type { Dn } from "../../dn/index.ts";
import { type UniqueId, RUV_UNIQUE_ID, parseUniqueId } from "../change/index.ts";
import { CSN_ZERO, type Csn, maxCsn, parseCsn } from "../csn/index.ts";
import { Registers, fromReplicatedAttributes } from "../registers/index.ts";
import { type StructureRules, rdnKey, rdnUniqueId, readRdn, relativeDn } from "./names.ts";
import type { Life, StructureNode } from "./node.ts";
import { Places, type StructureState, leafOf } from "./places.ts";
import type { SlotValue } from "./record.ts";
import { settleShown } from "./settle.ts";
import type { StructureStore } from "./store.ts";
import { WorkingState } from "./working-state.ts";

/** Parents remembered by DN; siblings mostly come one after the other. */
const PARENTS_MAX = 1000;

export interface ImportedEntry {
  readonly uniqueId: UniqueId;
  /** To be stored as the registers of the entry. */
  readonly registers: Registers;
  /** Derive these anew: the entry itself, and ancestors that it made glue. */
  readonly reshown: readonly UniqueId[];
}

type Kind = "live" | "conflict" | "glue" | "missing" | "tombstone";

const DERIVED_CLASSES: Readonly<Record<Kind, readonly string[]>> = {
  live: [],
  conflict: ["ldapsubentry"],
  glue: ["glue", "extensibleobject"],
  missing: [],
  tombstone: ["nstombstone"],
};
const LIVES: Readonly<Record<Kind, Life>> = {
  live: "live",
  conflict: "live",
  glue: "dead",
  missing: "placeholder",
  tombstone: "dead",
};

const text = (value: Buffer): string => value.toString("utf8");
const lower = (value: Buffer): string => value.toString("latin1").toLowerCase();

/** What the importer asks of an entry. */
class Source {
  readonly #attributes = new Map<string, ReplicatedAttribute>();
  readonly classes = new Map<string, Csn | undefined>();
  readonly marks: readonly string[];

  constructor({ attributes }: ReplicationEntry) {
    for (const attribute of attributes)
      this.#attributes.set(attribute.type.toLowerCase(), attribute);
    for (const { value, deleted, csns } of this.#attributes.get("objectclass")?.values ?? []) {
      const csn = csns.find(({ kind }) => kind === "updated")?.csn;
      if (!deleted) this.classes.set(lower(value), csn);
    }
    this.marks = this.values("nsds5replconflict");
  }

  values(type: string): string[] {
    const values = this.#attributes.get(type)?.values ?? [];
    return values.filter(({ deleted }) => !deleted).map(({ value }) => text(value));
  }

  csn(type: string): Csn | undefined {
    return parseCsn(this.values(type)[0] ?? "");
  }

  uniqueId(type: string): UniqueId | undefined {
    return parseUniqueId(this.values(type)[0] ?? "");
  }

  hasMark(text: string): boolean {
    return this.marks.some((mark) => mark.startsWith(text));
  }

  /** Of an entry that is not live: it has the conflict flag. Glue has no mark of it, but its conflictCSN. */
  get hasConflict(): boolean {
    return this.hasMark("namingConflict") || this.csn("conflictcsn") !== undefined;
  }

  get kind(): Kind {
    if (this.classes.has("nstombstone")) return "tombstone";
    if (this.hasMark("missingEntry")) return "missing";
    if (this.hasMark("deletedEntryHasChildren") || this.hasMark("renameTombstone")) return "glue";
    return this.hasMark("namingConflict") ? "conflict" : "live";
  }

  /** The largest md of the values. */
  get naming(): Csn | undefined {
    let naming: Csn | undefined;
    for (const { values } of this.#attributes.values()) {
      for (const { csns } of values) {
        for (const { kind, csn } of csns) {
          if (kind === "distinguished") naming = maxCsn(naming, csn);
        }
      }
    }
    return naming;
  }

  /** extensibleObject of glue came with the class glue, unless it says otherwise: then it is the entry's own. */
  #isDerived(value: Buffer, derived: ReadonlySet<string>): boolean {
    const name = lower(value);
    if (name !== "extensibleobject") return derived.has(name);
    return derived.has(name) && this.classes.get(name) === this.classes.get("glue");
  }

  /** The registers, without what the structure derives. */
  registers(kind: Kind, resolve: StructureRules["resolve"]): Registers {
    if (kind === "missing") return new Registers(resolve);
    const derived = new Set(DERIVED_CLASSES[kind]);
    if (kind === "tombstone" && this.hasConflict) derived.add("ldapsubentry");
    const attributes = [...this.#attributes.values()];
    if (derived.size === 0) return fromReplicatedAttributes(attributes, resolve);
    return fromReplicatedAttributes(
      attributes.map((attribute) =>
        attribute.type.toLowerCase() === "objectclass"
          ? {
              ...attribute,
              values: attribute.values.filter(({ value }) => !this.#isDerived(value, derived)),
            }
          : attribute,
      ),
      resolve,
    );
  }
}

/** One import into empty tables. */
export class BaseImport {
  readonly #store: StructureStore;
  readonly #rules: StructureRules;
  readonly #parents = new Map<string, UniqueId>();
  /** Glue by the plain name that it is shown under: what the DNs of its children mean. */
  readonly #glueNames = new Map<string, UniqueId>();
  /** CSNs at which names were left, of names that nobody holds. */
  readonly #leftAt = new Map<string, Csn>();

  constructor(store: StructureStore, rules: StructureRules) {
    this.#store = store;
    this.#rules = rules;
  }

  /** Sets node, names and counts; undefined for what is no entry: a cenotaph, the RUV entry, one without a unique ID.
   *  From plain LDIF: values without CSNs. */
  addEntry(entry: ReplicationEntry): ImportedEntry | undefined {
    const uniqueId = parseUniqueId(entry.uniqueId);
    if (uniqueId === undefined || uniqueId === RUV_UNIQUE_ID) return undefined;
    const source = new Source(entry);
    const state = new WorkingState(this.#store);
    if (source.values("cenotaphid").length > 0) {
      this.#addCenotaph(entry, source, state);
      state.flush();
      return undefined;
    }
    if (uniqueId === this.#rules.suffixUniqueId) {
      return {
        uniqueId,
        registers: source.registers("live", this.#rules.resolve),
        reshown: [uniqueId],
      };
    }
    const node = this.#node(uniqueId, entry, source, state);
    this.#place(uniqueId, node, state);
    this.#noteGlue(uniqueId, node, entry);
    const reshown = settleShown(state, this.#rules, state.changedNodes());
    state.flush();
    return { uniqueId, registers: source.registers(source.kind, this.#rules.resolve), reshown };
  }

  #node(
    uniqueId: UniqueId,
    entry: ReplicationEntry,
    source: Source,
    state: WorkingState,
  ): StructureNode {
    const { kind } = source;
    const isTombstone = kind === "tombstone";
    const full = relativeDn(this.#rules, entry.dn);
    // The first RDN of a tombstone is its unique ID alone.
    const dn = isTombstone ? full.slice(1) : full;
    const naming = source.naming ?? CSN_ZERO;
    const glueCsn = source.classes.get("glue") ?? naming;
    const tombstoneCsn = source.classes.get("nstombstone") ?? source.csn("nstombstonecsn");
    const life = LIVES[kind];
    const death = isTombstone ? (tombstoneCsn ?? CSN_ZERO) : glueCsn;
    return {
      life,
      parent: this.#parent(
        uniqueId,
        dn,
        isTombstone ? source.uniqueId("nsparentuniqueid") : undefined,
        state,
      ),
      rdn: leafOf(dn, uniqueId),
      naming,
      how: source.hasMark("namingConflict (MODRDN)") ? "MODRDN" : "ADD",
      conflict: kind === "conflict" || (life === "dead" && source.hasConflict),
      death: life === "dead" ? death : undefined,
      effects: [],
    };
  }

  #parent(
    uniqueId: UniqueId,
    dn: Dn,
    parentId: UniqueId | undefined,
    state: WorkingState,
  ): UniqueId {
    const above = dn.slice(1);
    const key = above.map((rdn) => this.#rules.normalizeRdn(rdn)).join(",");
    const remembered = parentId ?? this.#parents.get(key);
    const places = new Places(this.#rules, new ImportState(state, this.#glueNames), CSN_ZERO);
    const found = remembered === undefined ? places.byDn(above) : places.known(remembered, above);
    if (this.#parents.size >= PARENTS_MAX) this.#parents.clear();
    // A placeholder stands for a parent that may still come under another unique ID.
    const isFinal = state.node(found)?.life !== "placeholder";
    if (parentId === undefined && isFinal) this.#parents.set(key, found);
    const old = state.node(uniqueId);
    return old !== undefined && places.isWithin(found, uniqueId) ? old.parent : found;
  }

  /** Stores the node and its claim on the name. */
  #place(uniqueId: UniqueId, node: StructureNode, state: WorkingState): void {
    const key = rdnKey(this.#rules, readRdn(node.rdn));
    const slotKey = { kind: "slot", parent: node.parent, rdnKey: key } as const;
    const { holder } = state.slot(node.parent, key);
    if (node.life === "live" && !node.conflict) {
      const isTaken = holder !== undefined && holder !== uniqueId;
      state.setNode(uniqueId, isTaken ? { ...node, conflict: true } : node);
      if (!isTaken) state.setValue(slotKey, { holder: uniqueId, last: uniqueId });
      return;
    }
    state.setNode(uniqueId, node);
    if (node.life === "dead" && !node.conflict) {
      this.#leave(uniqueId, node.parent, key, node.death ?? CSN_ZERO, state);
    }
  }

  #noteGlue(uniqueId: UniqueId, node: StructureNode, { dn }: ReplicationEntry): void {
    const leaf = relativeDn(this.#rules, dn)[0] ?? [];
    if (node.life === "live" || rdnUniqueId(leaf) !== undefined) return;
    this.#glueNames.set(`${node.parent}/${rdnKey(this.#rules, leaf)}`, uniqueId);
  }

  /** The entry was the last holder of the name unless somebody holds it or left it later. */
  #leave(uniqueId: UniqueId, parent: UniqueId, key: string, csn: Csn, state: WorkingState): void {
    const { holder } = state.slot(parent, key);
    const name = `${parent}/${key}`;
    const known = this.#leftAt.get(name);
    if (holder !== undefined || (known !== undefined && known > csn)) return;
    this.#leftAt.set(name, csn);
    state.setValue({ kind: "slot", parent, rdnKey: key }, { holder: undefined, last: uniqueId });
  }

  #addCenotaph({ dn }: ReplicationEntry, source: Source, state: WorkingState): void {
    const uniqueId = source.uniqueId("cenotaphid");
    if (uniqueId === undefined) return;
    const relative = relativeDn(this.#rules, dn);
    const leaf = relative[0];
    if (leaf === undefined) return;
    const parent = this.#parent(uniqueId, relative, undefined, state);
    const name = leaf.filter(({ type }) => type.toLowerCase() !== "cenotaphid");
    if (rdnUniqueId(name) !== undefined) return; // the name of a conflict entry is nobody's
    const csn = source.csn("cenotaphto") ?? CSN_ZERO;
    this.#leave(uniqueId, parent, rdnKey(this.#rules, name), csn, state);
  }
}

/** The working state as the search for parents sees it. */
class ImportState implements StructureState {
  readonly #state: WorkingState;
  readonly #glueNames: ReadonlyMap<string, UniqueId>;

  constructor(state: WorkingState, glueNames: ReadonlyMap<string, UniqueId>) {
    this.#state = state;
    this.#glueNames = glueNames;
  }

  node(uniqueId: UniqueId): StructureNode | undefined {
    return this.#state.node(uniqueId);
  }

  putNode(uniqueId: UniqueId, node: StructureNode): void {
    this.#state.setNode(uniqueId, node);
  }

  slot(parent: UniqueId, key: string): SlotValue | undefined {
    const { holder, last } = this.#state.slot(parent, key);
    return { holder, last: this.#glueNames.get(`${parent}/${key}`) ?? last };
  }

  putSlot(parent: UniqueId, key: string, value: SlotValue): void {
    this.#state.setValue({ kind: "slot", parent, rdnKey: key }, value);
  }
}
