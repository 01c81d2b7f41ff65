// Entries with replication state in a bulk load. A live entry without conflict whose parent is there and whose name is free and
// without history is put as it is; all others go through BaseImport, which knows tombstones, conflicts, glue, cenotaphs and
// placeholders.
import { formatRdn } from "../dn/index.ts";
import type { Attribute, EntryId } from "../entry/index.ts";
import type { ReplicationEntry } from "../protocol/index.ts";
import { type UniqueId, RUV_UNIQUE_ID, encodeUniqueId } from "../replication/change/index.ts";
import { CSN_ZERO, type Csn, maxCsn } from "../replication/csn/index.ts";
import { BaseImport, type StructureStore } from "../replication/urp/index.ts";
import type { BackendTxn } from "./backend-txn.ts";
import { firstComma } from "./leaf-rdn.ts";
import type { BulkNames, BulkPlace } from "./bulk-names.ts";
import { ReceivedValues, plainAttributes, putPlainState } from "./bulk-plain-state.ts";
import { type BulkRefusal, refusedPlace } from "./bulk-refusal.ts";
import type { BulkTarget } from "./bulk-target.ts";

/** Attributes and values of objectClass that only entries with a history of their own have. */
const SPECIAL_TYPES: ReadonlySet<string> = new Set([
  "nsds5replconflict",
  "conflictcsn",
  "cenotaphid",
  "nstombstonecsn",
]);
const TOMBSTONE_CLASSES: ReadonlySet<string> = new Set(["nstombstone"]);
const SPECIAL_CLASSES: ReadonlySet<string> = new Set([...TOMBSTONE_CLASSES, "glue"]);

export class BulkStateLoader {
  readonly #target: BulkTarget;
  readonly #names: BulkNames;
  readonly #structure: CurrentStructure;
  #import: BaseImport | undefined;
  /** Normal DNs of conflict entries and glue. */
  readonly #awaited = new Set<string>();
  newestCsn: Csn | undefined;

  constructor(target: BulkTarget, names: BulkNames) {
    this.#target = target;
    this.#names = names;
    this.#structure = new CurrentStructure();
  }

  /** Whether some entry went through the structure rules. */
  get hasStructure(): boolean {
    return this.#import !== undefined;
  }

  /** @throws DnSyntaxError */
  add(uniqueId: UniqueId, entry: ReplicationEntry): BulkRefusal | undefined {
    if (uniqueId === RUV_UNIQUE_ID) return undefined;
    const newest = largestCsn(entry);
    const refusal = this.#add(uniqueId, entry);
    if (refusal === undefined) this.newestCsn = maxCsn(this.newestCsn, newest);
    return refusal;
  }

  #add(uniqueId: UniqueId, entry: ReplicationEntry): BulkRefusal | undefined {
    const target = this.#target;
    const isSpecial = isSpecialEntry(entry);
    const place = isSpecial ? "orphan" : this.#names.find(entry.dn);
    if (place === "outside") return refusedPlace(place);
    const isSuffix = typeof place === "object" && place.parent === undefined;
    if (isSuffix !== (target.suffixUniqueId === undefined)) {
      return isSuffix
        ? { kind: "duplicate", reason: "there is an entry with this DN already" }
        : refusedPlace("orphan");
    }
    const known = target.idOfUniqueId(uniqueId);
    if (known !== undefined && target.tables.entry.has(known) && !this.#mayComeLater(known)) {
      return {
        kind: "duplicate",
        reason: `there is an entry with the nsUniqueId ${uniqueId} already`,
      };
    }
    if (isSuffix) target.suffixUniqueId = uniqueId;
    if (typeof place === "object" && known === undefined && this.#isFree(place)) {
      const values = new ReceivedValues(entry.attributes, target.resolve);
      const attributes = plainAttributes(target, values, place.rdn);
      if (attributes !== undefined) {
        this.#putPlain(uniqueId, entry, place, { values, attributes });
        return undefined;
      }
    }
    if (!isSpecial && place === "orphan" && !this.#isAwaited(entry.dn)) return refusedPlace(place);
    if (isSpecial && !hasClass(entry, TOMBSTONE_CLASSES)) {
      this.#awaited.add(target.descriptions.schema.normalizeDnText(entry.dn));
    }
    this.#putByRules(entry);
    return undefined;
  }

  /** Whether the parent has come as glue, which is shown only once a child of it is there. */
  #isAwaited(dn: string): boolean {
    if (this.#awaited.size === 0) return false;
    const parentDn = dn.slice(firstComma(dn) + 1);
    return this.#awaited.has(this.#target.descriptions.schema.normalizeDnText(parentDn));
  }

  /** Glue that stands for an entry not seen so far. */
  #mayComeLater(id: EntryId): boolean {
    const txn = this.#target.begin();
    const uniqueId = txn.writer.getEntry(id).uniqueId;
    return txn.structure.getNode(uniqueId)?.life === "placeholder";
  }

  #isFree({ parent, normalRdn }: BulkPlace): boolean {
    if (parent === undefined) return true;
    const target = this.#target;
    return (
      parent.isPlain &&
      target.childByName(parent.id, normalRdn) === undefined &&
      !target.hasLast(parent.uniqueId, normalRdn)
    );
  }

  #putPlain(
    uniqueId: UniqueId,
    entry: ReplicationEntry,
    place: BulkPlace,
    state: { readonly values: ReceivedValues; readonly attributes: readonly Attribute[] },
  ): void {
    const { parent } = place;
    const node = parent && {
      life: "live" as const,
      parent: parent.uniqueId,
      rdn: formatRdn(place.rdn),
      naming: namingCsn(entry),
      how: "ADD" as const,
      conflict: false,
      death: undefined,
      effects: [],
    };
    putPlainState(this.#target, { uniqueId, place, node, ...state });
  }

  #putByRules(entry: ReplicationEntry): void {
    const target = this.#target;
    const txn = target.begin();
    this.#structure.current = txn.structure;
    this.#import ??= new BaseImport(this.#structure, txn.rules);
    const imported = this.#import.addEntry(entry);
    if (imported === undefined) txn.flush();
    else txn.importEntry(imported);
    const touched = new Set(imported?.reshown ?? []);
    if (imported !== undefined) touched.add(imported.uniqueId);
    target.end(this.#idsOf(touched, txn));
    this.#names.forget();
  }

  *#idsOf(uniqueIds: Iterable<UniqueId>, txn: BackendTxn): Iterable<EntryId> {
    for (const uniqueId of uniqueIds) {
      const row = txn.writer.tables.uid.get(encodeUniqueId(uniqueId));
      if (row !== undefined) yield row.readUInt32BE(0) as EntryId;
    }
  }
}

function isSpecialEntry(entry: ReplicationEntry): boolean {
  return (
    hasClass(entry, SPECIAL_CLASSES) ||
    entry.attributes.some(
      ({ type, values }) =>
        SPECIAL_TYPES.has(type.toLowerCase()) && values.some(({ deleted }) => !deleted),
    )
  );
}

function hasClass({ attributes }: ReplicationEntry, names: ReadonlySet<string>): boolean {
  return attributes.some(
    ({ type, values }) =>
      type.toLowerCase() === "objectclass" &&
      values.some(
        ({ value, deleted }) => !deleted && names.has(value.toString("latin1").toLowerCase()),
      ),
  );
}

/** 389's DN CSN: the largest md. */
function namingCsn({ attributes }: ReplicationEntry): Csn {
  let naming: Csn | undefined;
  for (const { values } of attributes) {
    for (const { csns } of values) {
      for (const { kind, csn } of csns) if (kind === "distinguished") naming = maxCsn(naming, csn);
    }
  }
  return naming ?? CSN_ZERO;
}

function largestCsn({ attributes }: ReplicationEntry): Csn | undefined {
  let largest: Csn | undefined;
  for (const { deletionCsn, values } of attributes) {
    largest = maxCsn(largest, deletionCsn);
    for (const { csns } of values) for (const { csn } of csns) largest = maxCsn(largest, csn);
  }
  return largest;
}

/** The structure of the transaction at hand: BaseImport outlives them all. */
class CurrentStructure implements StructureStore {
  current: StructureStore | undefined;

  get #store(): StructureStore {
    if (this.current === undefined) throw new Error("a structure is in use");
    return this.current;
  }

  getNode: StructureStore["getNode"] = (uniqueId) => this.#store.getNode(uniqueId);
  setNode: StructureStore["setNode"] = (uniqueId, node) => this.#store.setNode(uniqueId, node);
  getSlot: StructureStore["getSlot"] = (parent, key) => this.#store.getSlot(parent, key);
  setSlot: StructureStore["setSlot"] = (parent, key, slot) =>
    this.#store.setSlot(parent, key, slot);
  getChildCounts: StructureStore["getChildCounts"] = (id) => this.#store.getChildCounts(id);
  setChildCounts: StructureStore["setChildCounts"] = (id, counts) =>
    this.#store.setChildCounts(id, counts);
  children: StructureStore["children"] = (uniqueId) => this.#store.children(uniqueId);
  lastHolders: StructureStore["lastHolders"] = (parent) => this.#store.lastHolders(parent);
  newestRecordCsn: StructureStore["newestRecordCsn"] = () => this.#store.newestRecordCsn();
  getRecord: StructureStore["getRecord"] = (csn) => this.#store.getRecord(csn);
  setRecord: StructureStore["setRecord"] = (csn, record) => this.#store.setRecord(csn, record);
  records: StructureStore["records"] = (after) => this.#store.records(after);
}
