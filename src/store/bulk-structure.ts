// Entries and structure of another Concord in a bulk load (conflict-resolution 13.7; state-source.ts is the other side). States come
// parents first and are stored with their nodes as they are; nothing is derived but what is shown. They are of different moments.
// When all is there, nodes of one moment take their place, and with the records of the structure log and the last holders of names
// the tree is what it is on the supplier: operations that are still on their way find their places in it.
//
// What is looked at: nodes and records can be read and hang together with the suffix entry; two living entries never hold one name;
// records come in the order of their CSNs; all parts are of one moment, and the last one has come. Else the log is dropped, and the
// load has what an initialization by a 389 server gives: the effects of renames join the registers, and nodes stay as they came.
//
// The purge of the supplier may have gone on while states were sent. Effects of renames that it has passed are in the registers
// there; here they join them at the end.
import type { EntryId } from "../entry/index.ts";
import type { BytesTable } from "../kv/index.ts";
import type { TotalState, TotalStructure } from "../protocol/index.ts";
import {
  type UniqueId,
  RUV_UNIQUE_ID,
  decodeUniqueId,
  encodeUniqueId,
  parseUniqueId,
} from "../replication/change/index.ts";
import { CSN_ZERO, type Csn, encodeCsn } from "../replication/csn/index.ts";
import type { Registers, RenameEffect } from "../replication/registers/index.ts";
import {
  EMPTY_SLOT,
  type StructureNode,
  loadNodes,
  rdnKey,
  readNode,
  readRecord,
} from "../replication/urp/index.ts";
import { type Rdn, parseDn, parseRdn } from "../dn/index.ts";
import { RecordFlag, recordFlags } from "../entry/index.ts";
import { writePurgeCsn } from "./backend.ts";
import type { BackendTxn } from "./backend-txn.ts";
import type { BulkParent } from "./bulk-names.ts";
import { ReceivedValues, plainAttributes, putPlainState } from "./bulk-plain-state.ts";
import { type BulkRefusal, refusedPlace } from "./bulk-refusal.ts";
import type { BulkTarget } from "./bulk-target.ts";
import { storedRegisters } from "./repair-state.ts";
import { decodeStateRow } from "./state-rows.ts";
import { lastKey } from "./tables.ts";

/** Nodes that changed while states were sent: they take their places in one step. */
export const STRUCTURE_NODES_MAX = 20_000;
const ID_BYTES = 16;
const HAS_LAST = 1;
const UNPLAIN = RecordFlag.tombstone | RecordFlag.conflict | RecordFlag.glue;

/** What was taken beside the entries. */
export interface TakenStructure {
  readonly changedNodes: number;
  readonly records: number;
}

interface ReceivedNode {
  readonly node: StructureNode;
  /** What it was read from, and is again when it is encoded. */
  readonly bytes: Buffer;
}

export class BulkStructureLoader {
  readonly #target: BulkTarget;
  readonly #nodesMax: number;
  /** Why the log is not taken; the first reason. */
  #fault: string | undefined;
  #isComplete = false;
  #purgeCsn: Csn | undefined;
  #hasParts = false;
  #records = 0;
  #newestRecord: Csn = CSN_ZERO;
  /** As they are sent after the states. */
  readonly #changes = new Map<UniqueId, StructureNode | undefined>();
  /** Last holders of names that are themselves among the changes only. */
  readonly #newLasts: { readonly name: Buffer; readonly uniqueId: Buffer }[] = [];
  /** Stored as losers for the time being. */
  readonly #displaced = new Map<UniqueId, StructureNode>();
  readonly #renamed = new Set<UniqueId>();
  readonly #dead: EntryId[] = [];
  /** Siblings mostly come one after the other. */
  #parent: BulkParent | undefined;

  constructor(target: BulkTarget, nodesMax = STRUCTURE_NODES_MAX) {
    this.#target = target;
    this.#nodesMax = nodesMax;
  }

  /** @throws DnSyntaxError */
  add({ entry, node: bytes }: TotalState): BulkRefusal | undefined {
    const target = this.#target;
    const uniqueId = parseUniqueId(entry.uniqueId);
    if (uniqueId === undefined) return { kind: "malformed", reason: "it has no unique ID" };
    if (uniqueId === RUV_UNIQUE_ID) return undefined;
    const node = bytes && readNode(bytes);
    if (bytes !== undefined && node === undefined)
      return { kind: "malformed", reason: "its node cannot be read" };
    const id = target.idOfUniqueId(uniqueId);
    if (id !== undefined && this.#isKnown(id))
      return { kind: "duplicate", reason: `${uniqueId} has come already` };
    const values = new ReceivedValues(entry.attributes, target.resolve);
    if (target.suffixUniqueId === undefined) return this.#addSuffix(uniqueId, entry.dn, values);
    if (node === undefined || bytes === undefined) {
      this.#import(target.begin(), uniqueId, { registers: values.registers, reshown: [] });
      return undefined;
    }
    if (id === undefined && this.#putPlain(uniqueId, { node, bytes }, values)) return undefined;
    return this.#addNode(uniqueId, node, values);
  }

  /** A part of what the supplier sends after the states. */
  addPart(part: TotalStructure): void {
    if (this.#fault !== undefined) return;
    this.#fault = this.#faultIn(part);
    if (part.isLast) this.#isComplete = true;
  }

  /** Puts everything in its place, after the last commit of states; then one more. Tells why not when the log is dropped. */
  complete(): TakenStructure | string {
    this.#target.indexChanges();
    if (!this.#isComplete) this.#fault ??= "the supplier has not sent it, or not to its end";
    if (this.#fault === undefined) this.#target.attempt((txn) => this.#take(txn));
    if (this.#fault === undefined)
      return { changedNodes: this.#changes.size, records: this.#records };
    this.#target.attempt((txn) => this.#drop(txn));
    return this.#fault;
  }

  /** By more than registers. */
  #isKnown(id: EntryId): boolean {
    const { tables } = this.#target;
    return tables.entry.has(id) || decodeStateRow(tables.state.getCopy(id)).node !== undefined;
  }

  // ---- states ------------------------------------------------------------------------------------------------------

  #addSuffix(uniqueId: UniqueId, dn: string, values: ReceivedValues): BulkRefusal | undefined {
    const target = this.#target;
    if (target.descriptions.schema.normalizeDnText(dn) !== target.suffix)
      return refusedPlace("orphan");
    target.suffixUniqueId = uniqueId;
    const rdn = parseDn(dn)[0] ?? [];
    const attributes = plainAttributes(target, values, rdn);
    if (attributes === undefined) {
      const { registers } = values;
      this.#import(target.begin(), uniqueId, { registers, reshown: [uniqueId] });
    } else {
      const place = { rdn, normalRdn: target.suffix, parent: undefined };
      putPlainState(target, { uniqueId, place, node: undefined, values, attributes });
    }
    return undefined;
  }

  #addNode(
    uniqueId: UniqueId,
    node: StructureNode,
    values: ReceivedValues,
  ): BulkRefusal | undefined {
    const txn = this.#target.begin();
    const loaded = loadNodes(txn.structure, txn.rules, new Map([[uniqueId, node]]));
    if (typeof loaded === "string") {
      this.#fault ??= `an entry has no place (${loaded})`;
      return refusedPlace("orphan");
    }
    for (const displaced of loaded.displaced) this.#displaced.set(displaced, node);
    if (node.effects.length > 0) this.#renamed.add(uniqueId);
    if (node.life === "dead") this.#dead.push(txn.writer.internUniqueId(uniqueId));
    const { registers } = values;
    this.#import(txn, uniqueId, { registers, reshown: loaded.reshown });
    return undefined;
  }

  #import(
    txn: BackendTxn,
    uniqueId: UniqueId,
    {
      registers,
      reshown,
    }: { readonly registers: Registers; readonly reshown: readonly UniqueId[] },
  ): void {
    txn.importEntry({ uniqueId, registers, reshown });
    const touched = [uniqueId, ...reshown].map((each) => txn.writer.internUniqueId(each));
    this.#target.end(touched);
    this.#parent = undefined;
  }

  /** Whether the entry was simple enough. Its unique ID has not been named as a parent: there are no children. */
  #putPlain(uniqueId: UniqueId, { node, bytes }: ReceivedNode, values: ReceivedValues): boolean {
    const target = this.#target;
    if (node.life !== "live" || node.conflict || node.effects.length > 0) return false;
    const parent = this.#parentOf(node);
    const rdn = readName(node.rdn);
    if (parent?.isPlain !== true || rdn === undefined) return false;
    const normalRdn = target.descriptions.schema.normalizeRdn(rdn);
    if (target.childByName(parent.id, normalRdn) !== undefined) return false;
    if (target.hasLast(parent.uniqueId, normalRdn)) return false;
    const attributes = plainAttributes(target, values, rdn);
    if (attributes === undefined) return false;
    const place = { rdn, normalRdn, parent };
    putPlainState(target, { uniqueId, place, node, nodeBytes: bytes, values, attributes });
    return true;
  }

  #parentOf({ parent: uniqueId }: StructureNode): BulkParent | undefined {
    if (this.#parent?.uniqueId === uniqueId) return this.#parent;
    const { reader, tables } = this.#target;
    const id = reader.idOfUniqueId(uniqueId);
    const record = id === undefined ? undefined : tables.entry.getCopy(id);
    if (id === undefined || record === undefined) return undefined;
    this.#parent = { id, uniqueId, isPlain: (recordFlags(record) & UNPLAIN) === 0 };
    return this.#parent;
  }

  // ---- parts -------------------------------------------------------------------------------------------------------

  #faultIn(part: TotalStructure): string | undefined {
    if (this.#isComplete) return "it goes on behind its end";
    if (this.#hasParts && part.purgeCsn !== this.#purgeCsn)
      return "its parts differ in their purge CSN";
    if (this.#target.suffixUniqueId === undefined) return "it came before the entries";
    this.#hasParts = true;
    this.#purgeCsn = part.purgeCsn;
    for (const { uniqueId, node } of part.nodes) {
      const read = node && readNode(node);
      if (node !== undefined && read === undefined) return "a node cannot be read";
      if (this.#changes.size >= this.#nodesMax) return "too many nodes have changed meanwhile";
      this.#changes.set(decodeUniqueId(uniqueId), read);
    }
    for (const { name, uniqueId } of part.lasts) {
      if (name.length <= ID_BYTES) return "a name cannot be read";
      this.#putLast(name, uniqueId);
    }
    for (const record of part.records) {
      const csn = readRecord(record)?.operation.csn;
      if (csn === undefined) return "a record cannot be read";
      if (csn <= this.#newestRecord) return "its records are not in order";
      this.#newestRecord = csn;
      this.#target.tables.structure.put(encodeCsn(csn), record);
      this.#target.stagedEntries += 1;
      this.#records += 1;
    }
    return undefined;
  }

  /** Where the purge of the supplier is under way, names of entries that are gone may be left. */
  #putLast(name: Buffer, uniqueId: Buffer): void {
    const target = this.#target;
    const holder = decodeUniqueId(uniqueId);
    if (target.idOfUniqueId(holder) !== undefined) {
      putLast(target.tables.last, name, uniqueId);
      target.stagedEntries += 1;
    } else if (this.#changes.get(holder) !== undefined) this.#newLasts.push({ name, uniqueId });
  }

  // ---- the end -----------------------------------------------------------------------------------------------------

  #take(txn: BackendTxn): boolean {
    const purgeCsn = this.#purgeCsn;
    const isPurged = ({ csn }: RenameEffect): boolean => purgeCsn !== undefined && csn <= purgeCsn;
    for (const uniqueId of this.#renamed) {
      const effects = txn.structure.getNode(uniqueId)?.effects.filter(isPurged) ?? [];
      if (effects.length > 0) this.#join(txn, uniqueId, effects);
    }
    for (const { name, uniqueId } of this.#newLasts)
      putLast(txn.writer.tables.last, name, uniqueId);
    const nodes = new Map<UniqueId, StructureNode | undefined>(this.#displaced);
    for (const [uniqueId, node] of this.#changes) nodes.set(uniqueId, node);
    const loaded = loadNodes(txn.structure, txn.rules, nodes, (parent, key) => {
      const row = txn.writer.tables.last.getCopy(lastKey(parent, key));
      return row?.[0] === HAS_LAST ? decodeUniqueId(row, 1) : undefined;
    });
    if (typeof loaded === "string") {
      this.#fault = `a node does not fit the others (${loaded})`;
      return false;
    }
    if (loaded.displaced.length > 0) {
      this.#fault = "two entries hold one name";
      return false;
    }
    txn.reshow(new Set(loaded.reshown), "replicated");
    for (const [uniqueId, node] of nodes) if (node === undefined) forget(txn, uniqueId);
    txn.flush();
    if (purgeCsn !== undefined) writePurgeCsn(txn.writer.tables.meta, purgeCsn);
    return true;
  }

  #drop(txn: BackendTxn): boolean {
    const { last, structure } = txn.writer.tables;
    structure.clear();
    for (const uniqueId of this.#renamed) {
      const node = txn.structure.getNode(uniqueId);
      if (node === undefined) continue;
      txn.structure.setNode(uniqueId, { ...node, effects: [] });
      this.#join(txn, uniqueId, node.effects);
    }
    const leftAt = new Map<string, Csn>();
    for (const id of this.#dead) {
      const node = txn.rows.node(id);
      const uniqueId = txn.writer.entry(id)?.uniqueId;
      if (node?.death === undefined || node.conflict || uniqueId === undefined) continue;
      const key = rdnKey(txn.rules, readName(node.rdn) ?? []);
      const slot = txn.structure.getSlot(node.parent, key) ?? EMPTY_SLOT;
      const name = `${node.parent}/${key}`;
      const known = leftAt.get(name);
      const isFirst = known === undefined && slot.last === undefined;
      if (slot.holder !== undefined || !(isFirst || (known !== undefined && known < node.death)))
        continue;
      leftAt.set(name, node.death);
      const glue = slot.glue.map(encodeUniqueId);
      last.put(
        lastKey(node.parent, key),
        Buffer.concat([Buffer.of(HAS_LAST), encodeUniqueId(uniqueId), ...glue]),
      );
    }
    txn.flush();
    return true;
  }

  #join(txn: BackendTxn, uniqueId: UniqueId, effects: readonly RenameEffect[]): void {
    const registers = storedRegisters(this.#target, txn, uniqueId);
    registers.joinEffects(effects);
    txn.importEntry({ uniqueId, registers, reshown: [] });
  }
}

function putLast(last: BytesTable, name: Buffer, uniqueId: Buffer): void {
  const glue = last.getCopy(name)?.subarray(1) ?? Buffer.alloc(0);
  last.put(name, Buffer.concat([Buffer.of(HAS_LAST), uniqueId, glue]));
}

/** Nothing is known of it any more. */
function forget(txn: BackendTxn, uniqueId: UniqueId): void {
  const id = txn.writer.idOfUniqueId(uniqueId);
  if (id === undefined) return;
  txn.rows.setRegisters(id, Buffer.alloc(0));
  txn.writer.forgetUniqueId(uniqueId);
}

/** undefined: the text is no name, or an unusual one. */
function readName(text: string): Rdn | undefined {
  try {
    return parseRdn(text);
  } catch {
    return undefined;
  }
}
