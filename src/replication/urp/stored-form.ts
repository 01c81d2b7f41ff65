// Nodes and structure records as they are stored. Numbers are varints; CSNs 10 and unique IDs 16 bytes.
//
// Node:
//   flags       1 byte: 0-1 life (0 live, 1 dead, 2 placeholder), 2 named by MODRDN, 3 conflict flag, 4 effects follow
//   parent      unique ID
//   naming      CSN
//   death       CSN, only when dead
//   RDN         text
//   effects     count, then per effect: flag (0 vu, 1 vd, +2 if the CSN is that of the effect before, else CSN), type, value
//
// Record:
//   version     1 byte, 1
//   kind        0 add, 1 delete, 2 revive, 3 modrdn
//   unique IDs  count, then the unique IDs that the record names; number 0 is that of the target
//   CSN, DN     CSN; text
//   add         1 + number of the parent's unique ID, or 0
//   modrdn      flags: 1 deleteOldRdn, 2 new superior follows, 4 its unique ID too; new RDN, then those
//   keys        count, then per key
//                 flags 1 slot, 2 read, 4 written, 8 existed before; number of the unique ID (a slot: of the parent)
//                 slot: normal RDN
//                 written and existed before: the node (length, bytes), or for a slot two times 1 + number, or 0
import { assert } from "../../base/index.ts";
import type { UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import { PackedReader, PackedWriter, type RenameEffect } from "../registers/index.ts";
import type { Life, StructureNode } from "./node.ts";
import type { StructuralOperation } from "./operation.ts";
import { type StateChange, type StateKey, type StructureRecord, keyText } from "./record.ts";

const LIVES: readonly Life[] = ["live", "dead", "placeholder"];
const NODE_MODRDN = 4;
const NODE_CONFLICT = 8;
const NODE_EFFECTS = 16;
const PARENT_AT = 1;
/** Of a node without a death. */
const RDN_LENGTH_AT = 27;
const RDN_AT = 28;
const VARINT_BYTE_MAX = 0x7f;
const ASCII_MAX = 0x7f;
const EFFECT_VD = 1;
const EFFECT_SAME_CSN = 2;

function writeEffects(out: PackedWriter, effects: readonly RenameEffect[]): void {
  out.varint(effects.length);
  let before: Csn | undefined;
  for (const { csn, kind, type, value } of effects) {
    out.byte((kind === "vd" ? EFFECT_VD : 0) | (csn === before ? EFFECT_SAME_CSN : 0));
    if (csn !== before) out.csn(csn);
    before = csn;
    out.text(type);
    out.bytes(value);
  }
}

function readEffects(reader: PackedReader): RenameEffect[] {
  const effects: RenameEffect[] = [];
  let csn: Csn | undefined;
  for (let count = reader.varint(); count > 0; count -= 1) {
    const flags = reader.byte();
    if ((flags & EFFECT_SAME_CSN) === 0) csn = reader.csn();
    assert(csn !== undefined, "the first effect of a node has a CSN");
    const kind = (flags & EFFECT_VD) === 0 ? "vu" : "vd";
    effects.push({ csn, kind, type: reader.text(), value: reader.bytes() });
  }
  return effects;
}

function writeNode(out: PackedWriter, node: StructureNode): void {
  out.byte(
    LIVES.indexOf(node.life) |
      (node.how === "MODRDN" ? NODE_MODRDN : 0) |
      (node.conflict ? NODE_CONFLICT : 0) |
      (node.effects.length > 0 ? NODE_EFFECTS : 0),
  );
  out.uniqueId(node.parent);
  out.csn(node.naming);
  assert((node.death !== undefined) === (node.life === "dead"), "exactly dead nodes have a death");
  if (node.death !== undefined) out.csn(node.death);
  out.text(node.rdn);
  if (node.effects.length > 0) writeEffects(out, node.effects);
}

function readNode(reader: PackedReader): StructureNode {
  const flags = reader.byte();
  const life = LIVES[flags & 3];
  assert(life !== undefined, "a stored node has a known life");
  return {
    life,
    parent: reader.uniqueId(),
    naming: reader.csn(),
    how: (flags & NODE_MODRDN) === 0 ? "ADD" : "MODRDN",
    conflict: (flags & NODE_CONFLICT) !== 0,
    death: life === "dead" ? reader.csn() : undefined,
    rdn: reader.text(),
    effects: (flags & NODE_EFFECTS) === 0 ? [] : readEffects(reader),
  };
}

/** About 40 bytes for an entry that was added. */
export function encodeNode(node: StructureNode): Buffer {
  const out = new PackedWriter();
  writeNode(out, node);
  return out.finish();
}

/** Reads what `encodeNode` wrote; `start` and `end` bound it when it is part of a longer row. */
export function decodeNode(
  bytes: Buffer,
  { start = 0, end = bytes.length }: { readonly start?: number; readonly end?: number } = {},
): StructureNode {
  return readNode(new PackedReader(bytes, start, end));
}

/** Whether these are bytes that `encodeNode` writes, of a live node without conflict and effects: told without making one. false says
 *  nothing. */
export function isPlainNodeForm(bytes: Buffer): boolean {
  const length = bytes[RDN_LENGTH_AT];
  if (length === undefined || length > VARINT_BYTE_MAX || RDN_AT + length !== bytes.length) {
    return false;
  }
  for (let at = RDN_AT; at < bytes.length; at += 1) {
    if (bytes[at]! > ASCII_MAX) return false;
  }
  return (bytes[0]! & ~NODE_MODRDN) === 0;
}

/** The unique ID of the parent that an encoded node names, without decoding the rest. */
export const nodeParent = (bytes: Buffer): Buffer =>
  bytes.subarray(PARENT_AT, PARENT_AT + UNIQUE_ID_BYTES);

// ---- records -------------------------------------------------------------------------------------------------------

const RECORD_VERSION = 1;
const KINDS = ["add", "delete", "revive", "modrdn"] as const;
const MODRDN_DELETE_OLD = 1;
const MODRDN_SUPERIOR = 2;
const MODRDN_SUPERIOR_ID = 4;
const KEY_SLOT = 1;
const KEY_READ = 2;
const KEY_WRITTEN = 4;
const KEY_EXISTED = 8;
const UNIQUE_ID_BYTES = 16;

class UniqueIdTable {
  readonly #numbers = new Map<UniqueId, number>();

  number(id: UniqueId): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const next = this.#numbers.size;
    this.#numbers.set(id, next);
    return next;
  }

  reference(id: UniqueId | undefined): number {
    return id === undefined ? 0 : 1 + this.number(id);
  }

  write(out: PackedWriter): void {
    out.varint(this.#numbers.size);
    for (const id of this.#numbers.keys()) out.uniqueId(id);
  }
}

function writeOperation(
  out: PackedWriter,
  operation: StructuralOperation,
  ids: UniqueIdTable,
): void {
  out.csn(operation.csn);
  out.text(operation.dn);
  if (operation.kind === "add") out.varint(ids.reference(operation.parent));
  if (operation.kind !== "modrdn") return;
  const { newSuperior, newSuperiorUniqueId } = operation;
  out.byte(
    (operation.deleteOldRdn ? MODRDN_DELETE_OLD : 0) |
      (newSuperior === undefined ? 0 : MODRDN_SUPERIOR) |
      (newSuperiorUniqueId === undefined ? 0 : MODRDN_SUPERIOR_ID),
  );
  out.text(operation.newRdn);
  if (newSuperior !== undefined) out.text(newSuperior);
  if (newSuperiorUniqueId !== undefined) out.varint(ids.number(newSuperiorUniqueId));
}

function writeKeys(out: PackedWriter, record: StructureRecord, ids: UniqueIdTable): void {
  const written = new Map(record.writes.map((change) => [keyText(change.key), change]));
  const read = new Set(record.reads.map(keyText));
  const unread = record.writes.filter(({ key }) => !read.has(keyText(key)));
  const keys = [...record.reads, ...unread.map(({ key }) => key)];
  out.varint(keys.length);
  for (const key of keys) {
    const text = keyText(key);
    const change = written.get(text);
    out.byte(
      (key.kind === "slot" ? KEY_SLOT : 0) |
        (read.has(text) ? KEY_READ : 0) |
        (change === undefined ? 0 : KEY_WRITTEN) |
        (change?.before === undefined ? 0 : KEY_EXISTED),
    );
    out.varint(ids.number(key.kind === "slot" ? key.parent : key.uniqueId));
    if (key.kind === "slot") out.text(key.rdnKey);
    if (change !== undefined) writeBefore(out, change, ids);
  }
}

function writeBefore(out: PackedWriter, change: StateChange, ids: UniqueIdTable): void {
  const { before } = change;
  if (before === undefined) return;
  if ("life" in before) out.bytes(encodeNode(before));
  else {
    out.varint(ids.reference(before.holder));
    out.varint(ids.reference(before.last));
  }
}

/** About 110 to 180 bytes. */
export function encodeRecord(record: StructureRecord): Buffer {
  const { operation } = record;
  const ids = new UniqueIdTable();
  ids.number(operation.uniqueId);
  const body = new PackedWriter();
  writeOperation(body, operation, ids);
  writeKeys(body, record, ids);
  const out = new PackedWriter();
  out.byte(RECORD_VERSION);
  out.byte(KINDS.indexOf(operation.kind));
  ids.write(out);
  out.raw(body.finish());
  return out.finish();
}

class RecordDecoder {
  readonly #reader: PackedReader;
  readonly #ids: UniqueId[] = [];

  constructor(bytes: Buffer) {
    this.#reader = new PackedReader(bytes);
  }

  decode(): StructureRecord {
    const reader = this.#reader;
    assert(reader.byte() === RECORD_VERSION, "a structure record has a known version");
    const kind = KINDS[reader.byte()];
    assert(kind !== undefined, "a structure record has a known kind");
    for (let count = reader.varint(); count > 0; count -= 1) this.#ids.push(reader.uniqueId());
    const operation = this.#readOperation(kind);
    const reads: StateKey[] = [];
    const writes: StateChange[] = [];
    for (let count = reader.varint(); count > 0; count -= 1) this.#readKey(reads, writes);
    return { operation, reads, writes };
  }

  #id(number: number): UniqueId {
    const id = this.#ids[number];
    assert(id !== undefined, "a structure record names unique IDs of its table");
    return id;
  }

  #optionalId(): UniqueId | undefined {
    const reference = this.#reader.varint();
    return reference === 0 ? undefined : this.#id(reference - 1);
  }

  #readOperation(kind: (typeof KINDS)[number]): StructuralOperation {
    const reader = this.#reader;
    const base = { csn: reader.csn(), uniqueId: this.#id(0), dn: reader.text() };
    if (kind === "add") return { kind, ...base, parent: this.#optionalId() };
    if (kind !== "modrdn") return { kind, ...base };
    const flags = reader.byte();
    return {
      kind,
      ...base,
      deleteOldRdn: (flags & MODRDN_DELETE_OLD) !== 0,
      newRdn: reader.text(),
      newSuperior: (flags & MODRDN_SUPERIOR) === 0 ? undefined : reader.text(),
      newSuperiorUniqueId:
        (flags & MODRDN_SUPERIOR_ID) === 0 ? undefined : this.#id(reader.varint()),
    };
  }

  #readKey(reads: StateKey[], writes: StateChange[]): void {
    const reader = this.#reader;
    const flags = reader.byte();
    const id = this.#id(reader.varint());
    const existed = (flags & KEY_EXISTED) !== 0;
    if ((flags & KEY_SLOT) === 0) {
      const key = { kind: "node", uniqueId: id } as const;
      if ((flags & KEY_READ) !== 0) reads.push(key);
      if ((flags & KEY_WRITTEN) === 0) return;
      writes.push({ key, before: existed ? decodeNode(reader.bytes()) : undefined });
    } else {
      const key = { kind: "slot", parent: id, rdnKey: reader.text() } as const;
      if ((flags & KEY_READ) !== 0) reads.push(key);
      if ((flags & KEY_WRITTEN) === 0) return;
      const before = existed ? { holder: this.#optionalId(), last: this.#optionalId() } : undefined;
      writes.push({ key, before });
    }
  }
}

/** Of the number of unique IDs. */
const COUNT_AT = 2;

/** Whose operation a record holds, 16 bytes, without decoding the rest: the first of its unique IDs. */
export function recordOwner(bytes: Buffer): Buffer {
  let start = COUNT_AT;
  while ((bytes[start] as number) >= 0x80) start += 1;
  return bytes.subarray(start + 1, start + 1 + UNIQUE_ID_BYTES);
}

export const decodeRecord = (bytes: Buffer): StructureRecord => new RecordDecoder(bytes).decode();
