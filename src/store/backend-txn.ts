// One operation on a backend: applies changes to registers, structure, records, names and indexes, all on the tables of the
// operation's write set. Local and replicated changes take the same way (architecture, walk of a replicated change).
//
// A backend without replica keeps no CSNs: the operation is applied like any other, then the state it left is reduced to what
// is shown, and a deleted entry is removed instead of kept as tombstone.
import { assert } from "../base/index.ts";
import {
  type Attribute,
  type Descriptions,
  type EntryContent,
  type EntryId,
  RecordFlag,
  type StoredEntry,
  hasApart,
} from "../entry/index.ts";
import { LdapError, type ReplicationEntry } from "../protocol/index.ts";
import type { Change, UniqueId } from "../replication/change/index.ts";
import { CSN_ZERO, type Csn } from "../replication/csn/index.ts";
import { Registers, encodeRegisters, encodeZeroRegisters } from "../replication/registers/index.ts";
import {
  type EntryForm,
  type ImportedEntry,
  type StructureReplay,
  type StructureRules,
  type Surroundings,
  applyStructural,
  deriveForm,
  entryState,
  shownAttributes,
  structuralOperation,
  suffixForm,
} from "../replication/urp/index.ts";
import { checkEntry } from "../schema/index.ts";
import { TOMBSTONE_RDN } from "./backend-reader.ts";
import { BackendWriter, type WriterBackend } from "./backend-writer.ts";
import { putStale } from "./digest-tree.ts";
import { leafValues } from "./leaf-rdn.ts";
import { markedBelow } from "./marked-entries.ts";
import type { NameCache } from "./name-cache.ts";
import { recordFlagsOf } from "./record-flags.ts";
import { StateRows } from "./state-rows.ts";
import { StructureTables } from "./structure-tables.ts";
import type { BackendTables } from "./tables.ts";
import { registersIn, resolverOf } from "./stored-registers.ts";

export interface TxnBackend extends WriterBackend {
  /** As configured. */
  readonly suffixDn: string;
  /** nsUniqueId of the suffix entry; undefined while there is none. */
  suffixUniqueId: UniqueId | undefined;
  readonly keepRenamed: boolean;
  readonly purgeCsn: Csn | undefined;
  /** Whether values keep their CSNs. */
  readonly keepsState: boolean;
  readonly replay: StructureReplay;
  /** Whether the digest tree is there. */
  readonly keepsDigest: boolean;
}

/** Where a change comes from. Replicated ones skip the checks of the first server, so what they leave is looked at. */
export type Origin = "local" | "replicated";

interface Working {
  readonly id: EntryId;
  readonly before: StoredEntry | undefined;
  readonly registers: Registers;
}

const NO_ID = 0 as EntryId;

export class BackendTxn {
  readonly writer: BackendWriter;
  readonly rows: StateRows;
  readonly structure: StructureTables;
  readonly #backend: TxnBackend;
  readonly #descriptions: Descriptions;
  readonly #working = new Map<UniqueId, Working>();

  /** `names`: as the operation before this one left them; without, the operation looks them up. */
  constructor(
    backend: TxnBackend,
    tables: BackendTables,
    descriptions: Descriptions,
    names?: NameCache,
  ) {
    this.#backend = backend;
    this.#descriptions = descriptions;
    this.resolve = resolverOf(descriptions);
    this.writer = new BackendWriter(backend, tables, descriptions, names);
    this.rows = new StateRows(tables.state);
    this.structure = new StructureTables(this.writer, this.rows);
  }

  /** The structure rules of this backend. Only while it has a suffix entry. */
  get rules(): StructureRules {
    const { suffixUniqueId, suffix, keepRenamed, purgeCsn } = this.#backend;
    assert(suffixUniqueId !== undefined, "the backend has a suffix entry");
    const { schema } = this.#descriptions;
    return {
      suffixUniqueId,
      suffix,
      keepRenamed,
      purgeCsn,
      normalizeRdn: (rdn) => schema.normalizeRdn(rdn),
      resolve: this.resolve,
    };
  }

  /** The attribute description that a text names; undefined when it cannot be one. */
  readonly resolve: ReturnType<typeof resolverOf>;

  /** The registers of an entry, to be read. */
  registersOf(entry: StoredEntry): Registers {
    return this.#decode(entry.id, entry);
  }

  /** The entry with all its state, as it goes to other replicas; undefined: nothing is stored under this ID. */
  replicatedEntry(id: EntryId): ReplicationEntry | undefined {
    const entry = this.writer.entry(id);
    if (entry === undefined) return undefined;
    const form = this.#form(entry.uniqueId);
    if (form === undefined) return undefined;
    return entryState(form, this.#decode(id, entry), entry.dn, this.surroundings(form));
  }

  /** Applies a change that the RUV does not cover. Never fails for what the change says. */
  apply(change: Change, origin: Origin): void {
    const { schema } = this.#descriptions;
    if (change.type === "add" && this.#backend.suffixUniqueId === undefined) {
      if (schema.normalizeDnText(change.dn) === this.#backend.suffix) {
        this.#backend.suffixUniqueId = change.uniqueId;
      }
    }
    if (change.type === "delete" && !this.#backend.keepsState) {
      this.#remove(change.uniqueId);
      return;
    }
    const { id, before } = this.#load(change.uniqueId);
    this.#applyToRegisters(change);
    const operation = structuralOperation(change);
    if (operation === undefined) {
      this.#learnParent(id, before);
      this.#reshowAlone(change.uniqueId, origin);
    } else {
      const reshown = new Set<UniqueId>([change.uniqueId]);
      const outcome = applyStructural(this.#backend.replay, this.structure, this.rules, operation);
      for (const uniqueId of outcome.reshown) reshown.add(uniqueId);
      if (!this.#backend.keepsState) this.#dropState(change);
      this.reshow(reshown, origin);
    }
    this.flush();
  }

  /** While node and record are those that are stored, the record has the ID for what the node says of the parent. */
  #learnParent(id: EntryId, entry: StoredEntry | undefined): void {
    if (entry === undefined) return;
    const node = this.rows.node(id);
    if (node !== undefined) this.writer.learnId(node.parent, entry.parentId);
  }

  /** Stores an entry of a total initialization, and those that look otherwise because of it. */
  importEntry(imported: ImportedEntry): void {
    const { id, before } = this.#load(imported.uniqueId);
    this.#working.set(imported.uniqueId, { id, before, registers: imported.registers });
    this.reshow(new Set([imported.uniqueId, ...imported.reshown]), "replicated");
    this.flush();
    this.#working.clear();
  }

  /** Puts what the operation left of states, and marks what has another digest now. */
  flush(): void {
    for (const id of this.rows.takeTouched()) {
      if (this.#backend.keepsDigest) this.#markStale(id);
    }
    this.rows.flush();
    this.#forgetPieces();
  }

  /** What has been read of values that lie apart may name pieces that go now. */
  #forgetPieces(): void {
    if (!this.writer.dropPieces()) return;
    for (const [uniqueId, { before }] of this.#working) {
      if (before !== undefined && hasApart(before.record)) this.#working.delete(uniqueId);
    }
  }

  /** The digest is made later (settle-digest.ts): here it would cost a quarter of a modification. */
  #markStale(id: EntryId): void {
    const { rows, writer } = this;
    const isMarked = rows.isStale(id);
    if (rows.digest(id) !== undefined || isCounted(writer.entry(id))) {
      if (isMarked) return;
      rows.markStale(id);
      putStale(writer.tables, id);
    } else if (isMarked) {
      // It has come and gone before it was counted.
      rows.setDigest(id, undefined);
      writer.tables.stale.delete(id);
    }
  }

  /** Derives what is shown of these unique IDs anew and stores it; and what names the DN of one that has another name now. */
  reshow(uniqueIds: ReadonlySet<UniqueId>, origin: Origin): void {
    const forms = new Map<UniqueId, EntryForm | undefined>();
    for (const uniqueId of uniqueIds) {
      this.#load(uniqueId);
      forms.set(uniqueId, this.#form(uniqueId));
    }
    // Names may be swapped within one operation: all old ones go before a new one comes. Forms have been derived by then,
    // because the tree says what stands below a tombstone.
    for (const uniqueId of uniqueIds.size > 1 ? uniqueIds : []) {
      const { id, before } = this.#load(uniqueId);
      if (before !== undefined) this.writer.takeName(id);
    }
    const renamed: EntryId[] = [];
    const parentOf = (uniqueId: UniqueId): UniqueId | undefined =>
      this.structure.getNode(uniqueId)?.parent;
    for (const uniqueId of ancestorsFirst(uniqueIds, parentOf)) {
      const { id, before } = this.#load(uniqueId);
      this.#store(uniqueId, forms.get(uniqueId), origin);
      if (this.#hasOtherName(uniqueId, before)) renamed.push(id);
    }
    for (const id of renamed) this.#renameMarks(id);
  }

  /** The same for one whose place in the tree has not changed. */
  #reshowAlone(uniqueId: UniqueId, origin: Origin): void {
    const { id, before } = this.#load(uniqueId);
    this.#store(uniqueId, this.#form(uniqueId), origin);
    if (this.#hasOtherName(uniqueId, before)) this.#renameMarks(id);
  }

  /** Whether what stands below an entry has another DN than before, apart from its being a tombstone. */
  #hasOtherName(uniqueId: UniqueId, before: StoredEntry | undefined): boolean {
    const after = this.#load(uniqueId).before;
    const isSame =
      before === undefined || after === undefined
        ? before === after
        : before.parentId === after.parentId && plainName(before) === plainName(after);
    if (isSame) return false;
    const { shown, tombstones, placeholders } = this.structure.getChildCounts(uniqueId);
    return shown + tombstones + placeholders > 0;
  }

  /** Their names do not change, only what is said of them. */
  #renameMarks(top: EntryId): void {
    for (const { uniqueId } of markedBelow(this.writer, this.#backend.indexes, top)) {
      this.#store(uniqueId, this.#form(uniqueId), "replicated");
    }
  }

  #applyToRegisters(change: Change): void {
    const { registers } = this.#load(change.uniqueId);
    switch (change.type) {
      case "add":
        registers.applyAdd(change.attributes, leafValues(change.dn), change.csn);
        break;
      case "modify":
      case "modifyDn":
        registers.applyMods(change.mods, change.csn);
        break;
      case "delete":
        break;
    }
  }

  #form(uniqueId: UniqueId): EntryForm | undefined {
    if (uniqueId === this.#backend.suffixUniqueId) return suffixForm(this.rules);
    if (this.#backend.suffixUniqueId === undefined) return undefined;
    return deriveForm(this.structure, this.rules, uniqueId);
  }

  #load(uniqueId: UniqueId): Working {
    const known = this.#working.get(uniqueId);
    if (known !== undefined) return known;
    const id = this.writer.internUniqueId(uniqueId);
    const before = this.writer.entry(id);
    const working = { id, before, registers: this.#decode(id, before) };
    this.#working.set(uniqueId, working);
    return working;
  }

  #decode(id: EntryId, entry: StoredEntry | undefined): Registers {
    const bytes = this.rows.registers(id);
    return registersIn(bytes, entry?.stored() ?? [], this.#descriptions, this.resolve);
  }

  #store(uniqueId: UniqueId, form: EntryForm | undefined, origin: Origin): void {
    const { id, before, registers } = this.#load(uniqueId);
    // What was hidden may stand elsewhere now, or not at all.
    const hidden = before === undefined ? this.rows.storedNode(id) : undefined;
    if (hidden !== undefined)
      this.writer.takeHidden(uniqueId, this.writer.internUniqueId(hidden.parent));
    if (form === undefined) {
      this.writer.putEntry(id, undefined);
      const node = this.structure.getNode(uniqueId);
      if (node !== undefined)
        this.writer.putHidden(id, uniqueId, this.writer.internUniqueId(node.parent));
      this.#setRegisters(id, registers, []);
    } else {
      const content = this.#content(form, registers, origin);
      this.writer.putEntry(id, content);
      this.#setRegisters(id, registers, content.attributes);
    }
    this.rows.touch(id);
    const after = this.writer.entry(id);
    this.#working.set(uniqueId, { id, before: after, registers });
  }

  #setRegisters(id: EntryId, registers: Registers, recorded: readonly Attribute[]): void {
    this.rows.setRegisters(id, this.#encodeRegisters(registers, recorded));
  }

  /** Without replica the registers say no more than what is shown. */
  #encodeRegisters(registers: Registers, recorded: readonly Attribute[]): Buffer {
    if (!this.#backend.keepsState) return encodeZeroRegisters(recorded);
    return registers.isEmpty() ? Buffer.alloc(0) : encodeRegisters(registers, recorded);
  }

  #content(form: EntryForm, registers: Registers, origin: Origin): EntryContent {
    const isSuffix = form.uniqueId === this.#backend.suffixUniqueId;
    const parentId = isSuffix ? NO_ID : this.writer.internUniqueId(form.node.parent);
    const surroundings = this.surroundings(form);
    let attributes = shownAttributes(form, registers, surroundings);
    const isLive = form.kind === "live" || form.kind === "conflict";
    if (origin === "replicated" && isLive && this.#violatesSchema(attributes)) {
      attributes = shownAttributes(form, registers, { ...surroundings, schemaViolation: true });
    }
    const idDescription = this.#descriptions.intern("nsUniqueId");
    attributes.push({ description: idDescription, values: [Buffer.from(form.uniqueId, "latin1")] });
    return {
      flags: recordFlagsOf(form, attributes),
      parentId,
      uniqueId: form.uniqueId,
      rdn: isSuffix ? this.#backend.suffixDn : form.rdn,
      attributes,
    };
  }

  /** What the attributes of an entry depend on besides its own state; of the schema nothing is said. */
  surroundings(form: EntryForm): Surroundings {
    const isSuffix = form.uniqueId === this.#backend.suffixUniqueId;
    return {
      parentDn: isSuffix ? "" : this.#parentDn(form.node.parent),
      schemaViolation: false,
      resolve: this.resolve,
    };
  }

  #violatesSchema(attributes: readonly Attribute[]): boolean {
    try {
      checkEntry(this.#descriptions.schema, attributes, { syntaxCheck: false });
      return false;
    } catch (error) {
      if (error instanceof LdapError) return true;
      throw error;
    }
  }

  /** The DN of a parent, of a tombstone the one that it had (389: nscpEntryDN). What is not shown has no record, but it has a
   *  name. */
  #parentDn(uniqueId: UniqueId): string {
    const id = this.writer.internUniqueId(uniqueId);
    const names = this.writer.findNames(id);
    if (names?.normalDn.startsWith(TOMBSTONE_RDN) === false) return names.dn;
    const entry = this.writer.entry(id);
    const node = this.structure.getNode(uniqueId);
    assert(node !== undefined, "a parent is the suffix entry or has a node");
    const rdn = entry === undefined ? node.rdn : plainName(entry);
    return `${rdn},${this.#parentDn(node.parent)}`;
  }

  /** Without replica: what a rename did to values becomes part of them, and nothing of the operation is kept. */
  #dropState(change: Change): void {
    for (const { key } of this.structure.getRecord(change.csn)?.writes ?? []) {
      if (key.kind !== "slot") continue;
      const slot = this.structure.getSlot(key.parent, key.rdnKey);
      if (slot?.holder === undefined) this.structure.setSlot(key.parent, key.rdnKey, undefined);
    }
    this.structure.setRecord(change.csn, undefined);
    const node = this.structure.getNode(change.uniqueId);
    if (node === undefined) return;
    this.#load(change.uniqueId).registers.joinEffects(node.effects);
    this.structure.setNode(change.uniqueId, { ...node, naming: CSN_ZERO, effects: [] });
  }

  /** Without replica: the entry goes altogether. */
  #remove(uniqueId: UniqueId): void {
    const id = this.writer.idOfUniqueId(uniqueId);
    assert(id !== undefined, "a deleted entry is known");
    const node = this.structure.getNode(uniqueId);
    this.writer.takeName(id);
    this.writer.putEntry(id, undefined);
    this.writer.forgetUniqueId(uniqueId);
    this.rows.setNode(id, undefined);
    this.rows.setRegisters(id, Buffer.alloc(0));
    if (node !== undefined) {
      const counts = this.structure.getChildCounts(node.parent);
      this.structure.setChildCounts(node.parent, { ...counts, shown: counts.shown - 1 });
    } else {
      this.#backend.suffixUniqueId = undefined;
    }
    this.flush();
  }
}

/** Whether the digest tree counts it. */
export const isCounted = (entry: StoredEntry | undefined): entry is StoredEntry =>
  entry !== undefined && !isTombstone(entry);

const isTombstone = ({ flags }: StoredEntry): boolean => (flags & RecordFlag.tombstone) !== 0;

/** The RDN, of a tombstone the one that it had: the second part of `nsuniqueid=…,<RDN>`. */
const plainName = (entry: StoredEntry): string =>
  isTombstone(entry) ? entry.rdn.slice(entry.rdn.indexOf(",") + 1) : entry.rdn;

/** The unique IDs so that what is above another one comes before it, `parentOf` leading through those that are not among them: on
 *  its way from old places to new ones the tree would have loops else. */
function ancestorsFirst(
  uniqueIds: ReadonlySet<UniqueId>,
  parentOf: (uniqueId: UniqueId) => UniqueId | undefined,
): Iterable<UniqueId> {
  if (uniqueIds.size === 1) return uniqueIds;
  const ordered = new Set<UniqueId>();
  for (const uniqueId of uniqueIds) {
    const path: UniqueId[] = [];
    let one: UniqueId | undefined = uniqueId;
    for (; one !== undefined && !ordered.has(one); one = parentOf(one)) {
      if (uniqueIds.has(one)) path.push(one);
    }
    for (const next of path.reverse()) ordered.add(next);
  }
  return ordered;
}
