// Replaces the whole content of a backend: entries go, parents first, into a set of tables beside the current one, which is
// served as it was until the new one is whole. Used by the import of LDIF, on a stopped instance and by the task, and by a
// total initialization.
//
//   load = new BulkLoad(backend, settings)          while no transaction is in flight: it opens tables
//   load.addPlain(record), load.addWithState(entry) outside of transactions, in order; undefined: taken
//   load.commit()                                   inside a transaction, whenever `shouldCommit`; then renew the snapshot
//   load.takeIndexWork()                            after it: index keys to be made, by `openIndexing` or in another thread
//   load.addState(state), load.addStructure(part)   instead of entries: from another Concord
//   load.complete()                                 after a commit of everything and its index work; when it did something, one
//                                                   more commit
//   load.finish(facts)                              inside a transaction; then the caller moves the pointer row to `load.set`
//   load.abort()                                    instead of finish, while no transaction is in flight
//
// Memory: what one commit writes. The load reads its own staged rows.
import { formatRdn } from "../dn/index.ts";
import type { EntryContent, EntryId } from "../entry/index.ts";
import {
  type AttributeValues,
  LdapError,
  type ReplicationEntry,
  type TotalState,
  type TotalStructure,
} from "../protocol/index.ts";
import { type UniqueId, parseUniqueId } from "../replication/change/index.ts";
import { resetChangelog, writeGenerator } from "../replication/changelog/index.ts";
import { CSN_ZERO, type Csn, type CsnGenerator } from "../replication/csn/index.ts";
import { encodeZeroRegisters } from "../replication/registers/index.ts";
import type { Ruv } from "../replication/ruv/index.ts";
import type { StructureNode } from "../replication/urp/index.ts";
import type { Backend } from "./backend.ts";
import { recordFlagsOf } from "./record-flags.ts";
import { type BulkRecord, hasState, parseStateRecord } from "./bulk-ldif.ts";
import type { BulkIndexing, IndexWork, IndexingStart } from "./bulk-indexing.ts";
import { BulkNames, type BulkPlace } from "./bulk-names.ts";
import { type BulkSettings, type PlainEntry, PlainReader } from "./bulk-plain.ts";
import { type BulkRefusal, refusalOf, refusedPlace } from "./bulk-refusal.ts";
import { BulkStateLoader } from "./bulk-state.ts";
import { BulkStructureLoader, type TakenStructure } from "./bulk-structure.ts";
import { BulkTarget } from "./bulk-target.ts";

/** Entries in one commit of a load that has the instance for itself. */
export const BULK_COMMIT_ENTRIES = 5000;

export interface BulkOptions extends BulkSettings {
  readonly commitEntries?: number;
  /** Memory of collected index keys, in bytes. */
  readonly indexBytesMax?: number;
  readonly isReplica?: boolean;
}

/** Backends whose next set is being filled: an import and an initialization must not share it. */
const LOADING = new WeakSet<Backend>();

/** What the new content brings to replication; both undefined when the suffix has no replica. */
export interface BulkFacts {
  readonly ruv: Ruv | undefined;
  readonly generator: CsnGenerator | undefined;
}

export class BulkLoad {
  readonly #backend: Backend;
  readonly #target: BulkTarget;
  readonly #names: BulkNames;
  readonly #plain: PlainReader;
  readonly #state: BulkStateLoader;
  /** Of a load from another Concord. */
  #structure: BulkStructureLoader | undefined;
  readonly #commitEntries: number;
  #entries = 0;
  #isFinished = false;

  /** Empties the next set of tables and opens it. @throws LdapError busy while another load fills it */
  constructor(backend: Backend, options: BulkOptions) {
    if (LOADING.has(backend)) {
      throw new LdapError("busy", `The content of ${backend.name} is being replaced already`);
    }
    LOADING.add(backend);
    this.#backend = backend;
    this.#target = new BulkTarget(backend, options);
    this.#names = new BulkNames(this.#target);
    this.#plain = new PlainReader(backend.descriptions, options);
    this.#state = new BulkStateLoader(this.#target, this.#names);
    this.#commitEntries = options.commitEntries ?? BULK_COMMIT_ENTRIES;
  }

  /** Number of the set that is being filled. */
  get set(): number {
    return this.#target.set;
  }

  /** Entries and tombstones taken. */
  get entries(): number {
    return this.#entries;
  }

  /** Values that stood twice in a plain entry and were taken once. */
  get repeatedValues(): number {
    return this.#plain.repeatedValues;
  }

  /** The newest CSN in what was taken. */
  get newestCsn(): Csn | undefined {
    return this.#state.newestCsn;
  }

  get shouldCommit(): boolean {
    return this.#target.stagedEntries >= this.#commitEntries || this.#target.isFull;
  }

  /** An entry as in plain LDIF. One that is marked as conflict entry or tombstone needs its unique ID. */
  addPlain(dn: string, attributes: readonly AttributeValues[]): BulkRefusal | undefined {
    if (hasState({ dn, attributes })) {
      const entry = parseStateRecord({ dn, attributes });
      if (entry === undefined) {
        return {
          kind: "malformed",
          reason: "an entry with replication state needs its nsUniqueId",
        };
      }
      return this.addWithState(entry);
    }
    try {
      const place = this.#names.find(dn);
      if (typeof place === "string") return refusedPlace(place);
      return this.#addPlain(place, { dn, attributes });
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** An entry with its state: of a total initialization, or from replica LDIF. */
  addWithState(entry: ReplicationEntry): BulkRefusal | undefined {
    const uniqueId = parseUniqueId(entry.uniqueId);
    if (this.#structure !== undefined) {
      return { kind: "malformed", reason: "entries of another form have come before it" };
    }
    if (uniqueId === undefined) return { kind: "malformed", reason: "it has no unique ID" };
    try {
      const refusal = this.#state.add(uniqueId, entry);
      if (refusal === undefined) this.#entries += 1;
      return refusal;
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** An entry of a total initialization by another Concord. */
  addState(state: TotalState): BulkRefusal | undefined {
    if (this.#structure === undefined && this.#target.suffixUniqueId !== undefined) {
      return { kind: "malformed", reason: "entries of another form have come before it" };
    }
    this.#structure ??= new BulkStructureLoader(this.#target);
    try {
      const refusal = this.#structure.add(state);
      if (refusal === undefined) this.#entries += 1;
      return refusal;
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** What the tree of that Concord keeps beside the entries. */
  addStructure(part: TotalStructure): BulkRefusal | undefined {
    if (this.#structure === undefined) {
      return { kind: "malformed", reason: "a structure log without the entries of its form" };
    }
    this.#structure.addPart(part);
    return undefined;
  }

  /** undefined: nothing but entries has come. A text: why the structure log was dropped. */
  complete(): TakenStructure | string | undefined {
    return this.#structure?.complete();
  }

  /** Writes what is staged. */
  commit(): void {
    this.#target.commit();
  }

  /** The committed entries whose index keys are to be made; `everything`: no others come, and those that might have changed until
   *  now are among them. */
  takeIndexWork({ everything = false } = {}): readonly IndexWork[] {
    return this.#target.takeIndexWork({ everything });
  }

  /** To make index keys in this thread. */
  openIndexing(): BulkIndexing {
    return this.#target.openIndexing();
  }

  /** To make them in another one. */
  get indexingStart(): IndexingStart {
    return this.#target.indexingStart;
  }

  finish(facts: BulkFacts): void {
    this.#target.commit();
    this.#target.finishDigest();
    this.#target.finishIndexes();
    const { base } = this.#target;
    const { meta } = base;
    if (facts.ruv !== undefined) resetChangelog(base, facts.ruv);
    if (facts.generator !== undefined) writeGenerator(meta, facts.generator);
    this.#isFinished = true;
    LOADING.delete(this.#backend);
  }

  /** After `finish` it does nothing: the set may be the current one by now. What a failed commit left goes with the next load. */
  abort(): void {
    if (!this.#isFinished) this.#backend.dropSet(this.#target.set);
    LOADING.delete(this.#backend);
  }

  #addPlain(place: BulkPlace, { dn, attributes: given }: BulkRecord): BulkRefusal | undefined {
    const { parent, normalRdn, rdn } = place;
    const target = this.#target;
    const parentId = parent?.id ?? (0 as EntryId);
    const isTaken =
      parent === undefined
        ? target.suffixUniqueId !== undefined
        : target.childByName(parentId, normalRdn) !== undefined;
    if (isTaken) return { kind: "duplicate", reason: "there is an entry with this DN already" };
    if (parent?.isPlain === false) {
      return { kind: "orphan", reason: "its parent is a conflict entry, a tombstone or glue" };
    }
    const entry = this.#plain.read(given, rdn);
    if ("kind" in entry) return entry;
    const { uniqueId, attributes } = entry;
    if (this.#state.hasStructure) return this.addWithState(withoutState(entry, dn));
    if (entry.hasOwnId && target.idOfUniqueId(uniqueId) !== undefined) {
      return {
        kind: "duplicate",
        reason: `there is an entry with the nsUniqueId ${uniqueId} already`,
      };
    }
    if (parent === undefined) target.suffixUniqueId = uniqueId;
    const name = formatRdn(rdn);
    const content: EntryContent = {
      flags: recordFlagsOf({ kind: "live" }, attributes),
      parentId,
      uniqueId,
      rdn: parent === undefined ? target.suffixDn : name,
      attributes,
    };
    target.putNew(content, normalRdn, {
      node: parent && plainNode(parent.uniqueId, name),
      registers: encodeZeroRegisters(attributes),
      stated: undefined,
    });
    this.#entries += 1;
    return undefined;
  }
}

/** For a load that also holds entries whose place the structure rules have decided. */
function withoutState({ uniqueId, attributes }: PlainEntry, dn: string): ReplicationEntry {
  return {
    uniqueId,
    dn,
    attributes: attributes.map(({ description, values }) => ({
      type: description.text,
      deletionCsn: undefined,
      deleted: false,
      values: values.map((value) => ({ value, deleted: false, csns: [] })),
    })),
  };
}

function plainNode(parent: UniqueId, rdn: string): StructureNode {
  return {
    life: "live",
    parent,
    rdn,
    naming: CSN_ZERO,
    how: "ADD",
    conflict: false,
    death: undefined,
    effects: [],
  };
}
