// A backend as it goes to another Concord in a total initialization (conflict-resolution 13.7): every unique ID with node and
// registers as they are stored, parents first, then what the tree keeps beside them.
//
// States are read from the newest commit each (entry-walk.ts), so they are of different moments. Registers may be: changes that
// come again find their CSNs there. The structure may not, because an operation that is in the log has no effect any more when it
// comes again. So when all states are out, the rest is read in one moment and kept until it is sent: records, last holders, and the
// nodes that are not those that were sent any more, which a number per entry tells.
//
// What an initialization needs not hold: between its Start and that moment the purge may pass a change that the receiver is not told
// of as known. The receiver would refuse it when it comes again. Then, and when the rest is very large, none of it is sent, and
// the receiver does without, as it would after an initialization by a 389 server.
import { hash } from "node:crypto";
import type { EntryId } from "../entry/index.ts";
import type { TotalNodeChange, TotalState, TotalStructure } from "../protocol/index.ts";
import { type UniqueId, decodeUniqueId } from "../replication/change/index.ts";
import { type Csn, decodeCsn, encodeCsn } from "../replication/csn/index.ts";
import { toReplicatedAttributes } from "../replication/registers/index.ts";
import { nodeParent } from "../replication/urp/index.ts";
import { type Ruv, coversCsn } from "../replication/ruv/index.ts";
import { type Backend, readPurgeCsn } from "./backend.ts";
import { type WalkedEntries, walkEntries, withAncestors } from "./entry-walk.ts";
import { nodeBytes, registerBytes } from "./state-rows.ts";
import { registersIn, resolverOf } from "./stored-registers.ts";
import { childRange, hiddenUniqueId } from "./tables.ts";

/** About so many bytes of rows are sent in one request. */
export const STRUCTURE_PART_BYTES = 64 * 1024;
/** Rows that are kept in memory until they are sent; more are not sent at all. */
export const STRUCTURE_BYTES_MAX = 256 * 1024 * 1024;
/** Rows of unique IDs read at a time in the second pass. */
const SECOND_PASS_ROWS = 1_000;
const ID_BYTES = 16;
/** Digits of a hash that fit a number. */
const MARK_DIGITS = 12;
const NO_NODE = 0;
const ROW_BYTES = 8;

type StateItem =
  | { readonly type: "state"; readonly state: TotalState }
  | { readonly type: "structure"; readonly part: TotalStructure };

/** One moment of what the tree keeps. */
interface Rest {
  /** Unique IDs that were not there yet. */
  readonly states: readonly TotalState[];
  /** undefined: none is sent. */
  readonly parts: readonly TotalStructure[] | undefined;
}

export class BackendStateSource implements WalkedEntries<TotalState> {
  readonly #backend: Backend;
  readonly #purgeCsn: Csn | undefined;
  /** Of what was sent: a hash of the node. */
  readonly #sent = new Map<EntryId, number>();
  /** Unique IDs of what is about to be taken: it may have no record, or lose it meanwhile. */
  readonly #awaited = new Map<EntryId, UniqueId>();
  readonly #resolve: ReturnType<typeof resolverOf>;
  #parent:
    | { readonly id: EntryId; readonly bytes: Buffer; readonly uniqueId: UniqueId }
    | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#resolve = resolverOf(backend.descriptions);
    this.#purgeCsn = readPurgeCsn(backend.tables);
  }

  /** Everything. `told`: the update vector of Start. */
  *items(told: Ruv, bytesMax = STRUCTURE_BYTES_MAX): Iterable<StateItem> {
    const suffixId = this.#backend.reader.suffixId;
    const suffix = suffixId === undefined ? undefined : this.take(suffixId);
    if (suffixId === undefined || suffix === undefined) return;
    yield { type: "state", state: suffix };
    for (const state of walkEntries(this, suffixId)) yield { type: "state", state };
    const { states, parts } = this.#readRest(told, bytesMax);
    for (const state of states) yield { type: "state", state };
    for (const part of parts ?? []) yield { type: "structure", part };
  }

  /** What was known by its registers alone, and has a node by now, is taken once more: it may be a parent. */
  isTaken(id: EntryId): boolean {
    const mark = this.#sent.get(id);
    if (mark !== NO_NODE || id === this.#backend.reader.suffixId) return mark !== undefined;
    const row = this.#backend.tables.state.getCopy(id);
    return row === undefined || nodeBytes(row).length === 0;
  }

  take(id: EntryId): TotalState | undefined {
    const { tables, reader } = this.#backend;
    const row = tables.state.getCopy(id);
    const entry = reader.entry(id);
    const uniqueId = entry?.uniqueId ?? this.#awaited.get(id);
    const node = row && nodeBytes(row);
    if (uniqueId === undefined) return undefined; // it has lost its record just now, and comes by its unique ID
    this.#awaited.delete(id);
    this.#sent.set(id, markOf(node));
    if (row === undefined || node === undefined) return undefined;
    const { descriptions } = this.#backend;
    const recorded = entry?.stored() ?? [];
    const attributes = toReplicatedAttributes(
      registersIn(registerBytes(row), recorded, descriptions, this.#resolve),
    );
    const isKnown = node.length > 0 || id === reader.suffixId;
    if (!isKnown && attributes.length === 0) return undefined; // left for the digest tree
    const dn = entry?.dn ?? "";
    return { entry: { uniqueId, dn, attributes }, node: isKnown ? Buffer.from(node) : undefined };
  }

  parentId(id: EntryId): EntryId | undefined {
    const { reader, tables } = this.#backend;
    const row = tables.state.getCopy(id);
    const node = row && nodeBytes(row);
    if (node === undefined || node.length === 0) {
      return id === reader.suffixId ? (0 as EntryId) : undefined;
    }
    // Siblings come one after the other; a parent keeps its number as long as it has children.
    const parent = nodeParent(node);
    if (this.#parent === undefined || !this.#parent.bytes.equals(parent)) {
      const uniqueId = decodeUniqueId(parent);
      const parentId = reader.idOfUniqueId(uniqueId);
      if (parentId === undefined) return undefined;
      this.#parent = { id: parentId, bytes: parent, uniqueId };
    }
    const { id: parentId, uniqueId } = this.#parent;
    if (!this.#sent.has(parentId)) this.#awaited.set(parentId, uniqueId);
    return parentId;
  }

  children(id: EntryId): readonly EntryId[] {
    const { reader, tables } = this.#backend;
    reader.forgetNames();
    const shown = [...reader.childIds(id, "shown")];
    const others: EntryId[] = [];
    for (const { key, value } of tables.tree.range(childRange(id, "tombstones"))) {
      const child = value.readUInt32BE(0) as EntryId;
      this.#awaited.set(child, hiddenUniqueId(key));
      others.push(child);
    }
    return [...shown, ...others];
  }

  hasChildren(id: EntryId): boolean {
    return this.#backend.reader.hasChildren(id);
  }

  /** By unique ID: some are known by their registers alone, and stand nowhere in the tree. */
  *all(): Iterable<readonly EntryId[]> {
    for (let from: Uint8Array | undefined; ; ) {
      const range = from === undefined ? {} : { from };
      const ids: EntryId[] = [];
      let last: Uint8Array | undefined;
      const { uid } = this.#backend.tables;
      for (const { key, value } of uid.range({ ...range, limit: SECOND_PASS_ROWS })) {
        last = key;
        const id = value.readUInt32BE(0) as EntryId;
        if (this.isTaken(id)) continue;
        ids.push(id);
        this.#awaited.set(id, decodeUniqueId(Buffer.from(key)));
      }
      yield ids;
      if (last === undefined) return;
      from = Buffer.concat([last, Buffer.of(0)]);
    }
  }

  /** Without a pause: all of it is of the newest commit. */
  #readRest(told: Ruv, bytesMax: number): Rest {
    const { kv, tables, reader } = this.#backend;
    kv.renew();
    reader.forgetNames();
    const states: TotalState[] = [];
    const changed: TotalNodeChange[] = [];
    const isSent = new Set(this.#sent.keys());
    for (const { key, value } of tables.uid.range()) {
      const id = value.readUInt32BE(0) as EntryId;
      const uniqueId = Buffer.from(key);
      if (!isSent.has(id)) {
        this.#awaited.set(id, decodeUniqueId(uniqueId));
        states.push(...withAncestors(this, id));
        continue;
      }
      const row = tables.state.getCopy(id);
      const node = row && nodeBytes(row);
      if (markOf(node) === this.#sent.get(id)) continue;
      changed.push({
        uniqueId,
        node: node === undefined || node.length === 0 ? undefined : Buffer.from(node),
      });
    }
    const purgeCsn = readPurgeCsn(tables);
    if (this.#hasPassed(purgeCsn, told)) return { states, parts: undefined };
    return { states, parts: this.#parts(purgeCsn, changed, bytesMax) };
  }

  /** Whether the purge has passed a change that the receiver does not know it has. */
  #hasPassed(purgeCsn: Csn | undefined, told: Ruv): boolean {
    if (purgeCsn === undefined || purgeCsn === this.#purgeCsn) return false;
    const to = Buffer.concat([encodeCsn(purgeCsn), Buffer.of(0)]);
    for (const key of this.#backend.tables.changelog.keys({ to })) {
      if (!coversCsn(told, decodeCsn(Buffer.from(key)))) return true;
    }
    return false;
  }

  #parts(
    purgeCsn: Csn | undefined,
    changed: readonly TotalNodeChange[],
    bytesMax: number,
  ): readonly TotalStructure[] | undefined {
    const parts = new Parts(purgeCsn);
    for (const change of changed) parts.nodes(change);
    const { last, structure } = this.#backend.tables;
    for (const { key, value } of last.range()) {
      if (value[0] !== 1) continue; // glue alone
      const uniqueId = value.subarray(1, 1 + ID_BYTES);
      parts.lasts({ name: Buffer.from(key), uniqueId: Buffer.from(uniqueId) });
      if (parts.bytes > bytesMax) return undefined;
    }
    for (const { value } of structure.range()) {
      parts.records(value);
      if (parts.bytes > bytesMax) return undefined;
    }
    return parts.finish();
  }
}

class Parts {
  bytes = 0;
  readonly #purgeCsn: Csn | undefined;
  readonly #parts: TotalStructure[] = [];
  #part = emptyPart();
  #partBytes = 0;

  constructor(purgeCsn: Csn | undefined) {
    this.#purgeCsn = purgeCsn;
  }

  nodes(change: TotalNodeChange): void {
    this.#part.nodes.push(change);
    this.#count(ID_BYTES + (change.node?.length ?? 0));
  }

  lasts(last: { readonly name: Buffer; readonly uniqueId: Buffer }): void {
    this.#part.lasts.push(last);
    this.#count(ID_BYTES + last.name.length);
  }

  records(record: Buffer): void {
    this.#part.records.push(record);
    this.#count(record.length);
  }

  finish(): readonly TotalStructure[] {
    this.#close(true);
    return this.#parts;
  }

  #count(bytes: number): void {
    this.bytes += ROW_BYTES + bytes;
    this.#partBytes += ROW_BYTES + bytes;
    if (this.#partBytes >= STRUCTURE_PART_BYTES) this.#close(false);
  }

  #close(isLast: boolean): void {
    this.#parts.push({ purgeCsn: this.#purgeCsn, ...this.#part, isLast });
    this.#part = emptyPart();
    this.#partBytes = 0;
  }
}

const emptyPart = (): {
  nodes: TotalNodeChange[];
  lasts: { readonly name: Buffer; readonly uniqueId: Buffer }[];
  records: Buffer[];
} => ({ nodes: [], lasts: [], records: [] });

function markOf(node: Buffer | undefined): number {
  if (node === undefined || node.length === 0) return NO_NODE;
  return Number.parseInt(hash("sha256", node).slice(0, MARK_DIGITS), 16);
}
