// Stored form of a change: a head that the sender can judge without decoding, and the payload (replication-protocol 8.1
// names what a record must hold; the form is ours). The CSN is the key. Integers are big-endian.
//
//   offset size  head
//    0      1    version, 1
//    1      1    kind: 1 add, 2 modify, 3 delete, 4 modifyDn
//    2      1    flags: 1 = a modify touches modifiersName and modifyTimestamp (then they are not in the list)
//                       2 = a modify touches more or longer names than the list takes: there is no list
//    3      1    number of names in the list
//    4      4    seconds since 1970 when it was logged here
//    8     16    unique ID of the entry
//   24      …    the list: base names of the attributes that a modify touches, lower case, each as length (1), text
//
//   payload      text = length (4), UTF-8 · type = length (2), UTF-8 · values = count (4), each length (4), bytes
//    add         1 and parent's unique ID (16), or 0 · dn text · count (4) of attributes, each type, values
//    modify      dn text · mods
//    delete      dn text
//    modifyDn    dn text · new RDN text · bits (1): 1 delete old RDN, 2 new superior, 4 its unique ID · [text] · [16] · mods
//    mods        count (4), each operation (1: 0 add, 1 delete, 2 replace), type, values
import { assert } from "../../base/index.ts";
import type { AttributeValues, Mod } from "../../protocol/index.ts";
import { type Change, type UniqueId, decodeUniqueId, encodeUniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import { RecordReader } from "./record-reader.ts";
import { RecordWriter } from "./record-writer.ts";

const VERSION = 1;
const KINDS = [undefined, "add", "modify", "delete", "modifyDn"] as const;
const KIND_CODES = { add: 1, modify: 2, delete: 3, modifyDn: 4 } as const;
const OPERATIONS = ["add", "delete", "replace"] as const;
const OPERATION_CODES = { add: 0, delete: 1, replace: 2 } as const;

export const FLAG_LAST_MODS = 1;
export const FLAG_UNLISTED = 2;
export const LAST_MODS = ["modifiersname", "modifytimestamp"] as const;
/** Names in the list of a head, and characters of one of them; beyond, the sender has to decode. */
const TOUCHED_MAX = 32;
const TOUCHED_CHARS_MAX = 255;

/** Where the list of names begins. */
export const HEAD_BYTES = 24;
const UNIQUE_ID_BYTES = 16;
const BIT_DELETE_OLD_RDN = 1;
const BIT_SUPERIOR = 2;
const BIT_SUPERIOR_ID = 4;

export interface RecordHead {
  readonly kind: Change["type"];
  readonly uniqueId: UniqueId;
  readonly loggedAtSeconds: number;
  /** Base names (no options, lower case) of the attributes that a modify touches; undefined when they are not listed,
   *  and for the other kinds. */
  readonly touched: readonly string[] | undefined;
}

/** `;options` cut off, lower case. */
export function baseName(type: string): string {
  const end = type.indexOf(";");
  return (end < 0 ? type : type.slice(0, end)).toLowerCase();
}

export function encodeRecord(change: Change, loggedAtSeconds: number): Buffer {
  const writer = new RecordWriter();
  writeHead(writer, change, loggedAtSeconds);
  if (change.type === "add") writeParent(writer, change.parentUniqueId);
  writer.text(change.dn);
  switch (change.type) {
    case "add":
      writer.uint32(change.attributes.length);
      for (const attribute of change.attributes) writeValues(writer, attribute);
      break;
    case "modify":
      writeMods(writer, change.mods);
      break;
    case "delete":
      break;
    case "modifyDn": {
      const { newSuperior, newSuperiorUniqueId } = change;
      const bits =
        (change.deleteOldRdn ? BIT_DELETE_OLD_RDN : 0) |
        (newSuperior === undefined ? 0 : BIT_SUPERIOR) |
        (newSuperiorUniqueId === undefined ? 0 : BIT_SUPERIOR_ID);
      writer.text(change.newRdn);
      writer.uint8(bits);
      if (newSuperior !== undefined) writer.text(newSuperior);
      if (newSuperiorUniqueId !== undefined) writer.bytes(encodeUniqueId(newSuperiorUniqueId));
      writeMods(writer, change.mods);
      break;
    }
  }
  return writer.finish();
}

function writeHead(writer: RecordWriter, change: Change, loggedAtSeconds: number): void {
  const touched = change.type === "modify" ? listTouched(change.mods) : { flags: 0, names: [] };
  writer.uint8(VERSION);
  writer.uint8(KIND_CODES[change.type]);
  writer.uint8(touched.flags);
  writer.uint8(touched.names.length);
  writer.uint32(loggedAtSeconds);
  writer.bytes(encodeUniqueId(change.uniqueId));
  for (const name of touched.names) {
    writer.uint8(name.length);
    writer.bytes(Buffer.from(name, "latin1"));
  }
}

function listTouched(mods: readonly Mod[]): { flags: number; names: string[] } {
  const names = new Set(mods.map((mod) => baseName(mod.type)));
  let flags = 0;
  if (LAST_MODS.every((name) => names.has(name))) {
    flags = FLAG_LAST_MODS;
    for (const name of LAST_MODS) names.delete(name);
  }
  const list = [...names];
  const fits = list.every((name) => name.length <= TOUCHED_CHARS_MAX && isLatin1(name));
  return list.length <= TOUCHED_MAX && fits
    ? { flags, names: list }
    : { flags: FLAG_UNLISTED, names: [] };
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

function writeParent(writer: RecordWriter, parent: UniqueId | undefined): void {
  writer.uint8(parent === undefined ? 0 : 1);
  if (parent !== undefined) writer.bytes(encodeUniqueId(parent));
}

function writeMods(writer: RecordWriter, mods: readonly Mod[]): void {
  writer.uint32(mods.length);
  for (const mod of mods) {
    assert(mod.operation !== "increment", "an increment is logged as the resulting replace");
    writer.uint8(OPERATION_CODES[mod.operation]);
    writeValues(writer, mod);
  }
}

function writeValues(writer: RecordWriter, { type, values }: AttributeValues): void {
  writer.type(type);
  writer.uint32(values.length);
  for (const value of values) writer.value(value);
}

export function decodeHead(record: Buffer): RecordHead {
  const reader = new RecordReader(record);
  assert(reader.uint8() === VERSION, "a changelog record has version 1");
  const kind = KINDS[reader.uint8()];
  assert(kind !== undefined, "a changelog record is of a known kind");
  const flags = reader.uint8();
  const count = reader.uint8();
  const loggedAtSeconds = reader.uint32();
  const uniqueId = decodeUniqueId(reader.bytes(UNIQUE_ID_BYTES));
  if (kind !== "modify" || (flags & FLAG_UNLISTED) !== 0) {
    return { kind, uniqueId, loggedAtSeconds, touched: undefined };
  }
  const touched: string[] = (flags & FLAG_LAST_MODS) === 0 ? [] : [...LAST_MODS];
  for (let i = 0; i < count; i += 1) touched.push(reader.latin1(reader.uint8()));
  return { kind, uniqueId, loggedAtSeconds, touched };
}

/** Seconds since 1970 when the record was logged here. */
export const recordSeconds = (record: Buffer): number => record.readUInt32BE(4);

/** The change; its values are views onto `record`. */
export function decodeChange(csn: Csn, record: Buffer): Change {
  const head = decodeHead(record);
  const reader = new RecordReader(record, namesEnd(record));
  const { uniqueId } = head;
  switch (head.kind) {
    case "add": {
      const parentUniqueId =
        reader.uint8() === 0 ? undefined : decodeUniqueId(reader.bytes(UNIQUE_ID_BYTES));
      const dn = reader.text();
      const attributes = readList(reader, () => readValues(reader));
      return { type: "add", csn, uniqueId, dn, parentUniqueId, attributes };
    }
    case "modify":
      return { type: "modify", csn, uniqueId, dn: reader.text(), mods: readMods(reader) };
    case "delete":
      return { type: "delete", csn, uniqueId, dn: reader.text() };
    case "modifyDn": {
      const dn = reader.text();
      const newRdn = reader.text();
      const bits = reader.uint8();
      const newSuperior = (bits & BIT_SUPERIOR) === 0 ? undefined : reader.text();
      const newSuperiorUniqueId =
        (bits & BIT_SUPERIOR_ID) === 0 ? undefined : decodeUniqueId(reader.bytes(UNIQUE_ID_BYTES));
      return {
        type: "modifyDn",
        csn,
        uniqueId,
        dn,
        newRdn,
        deleteOldRdn: (bits & BIT_DELETE_OLD_RDN) !== 0,
        newSuperior,
        newSuperiorUniqueId,
        mods: readMods(reader),
      };
    }
  }
}

/** Flags of the head: FLAG_LAST_MODS, FLAG_UNLISTED. */
export const headFlags = (record: Buffer): number => record[2]!;

export function isModify(record: Buffer): boolean {
  assert(record[0] === VERSION, "a changelog record is of a known version");
  return record[1] === KIND_CODES.modify;
}

/** Where the list of names ends and the payload begins. */
export function namesEnd(record: Buffer): number {
  let offset = HEAD_BYTES;
  for (let left = record[3] ?? 0; left > 0; left -= 1) {
    assert(offset < record.length, "the list of names ends inside the record");
    offset += 1 + (record[offset] ?? 0);
  }
  return offset;
}

function readMods(reader: RecordReader): Mod[] {
  return readList(reader, () => {
    const operation = OPERATIONS[reader.uint8()];
    assert(operation !== undefined, "a logged mod adds, deletes or replaces");
    return { operation, ...readValues(reader) };
  });
}

function readValues(reader: RecordReader): AttributeValues {
  return { type: reader.type(), values: readList(reader, () => reader.value()) };
}

function readList<T>(reader: RecordReader, read: () => T): T[] {
  const list: T[] = [];
  for (let left = reader.uint32(); left > 0; left -= 1) list.push(read());
  return list;
}
