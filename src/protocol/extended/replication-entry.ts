// One entry of a total initialization, values and their state (389: NSDS50ReplicationEntry). All
// constructed lengths are in the four-octet form; a decoder takes any.
//
//   30 { 04 unique ID, 04 DN, 31 { attribute* } }
//   attribute  30 { 04 type, 04 deletion CSN?, 01 deleted?, 31 { value* } }
//   value      30 { 04 value, 01 deleted?, 30 { 30 { 0A kind, 04 CSN }* } }
//
// A flag is present only when TRUE. A deleted attribute without values is sent by 389 with one
// value: empty, deleted, with the deletion CSN; that is left as it is here.
import type { BerReader, BerWriter } from "../../ber/index.ts";
import {
  BerError,
  TAG_BOOLEAN,
  TAG_OCTET_STRING,
  TAG_SET,
  TextCache,
  encodeBer,
} from "../../ber/index.ts";
import type { Csn } from "../../replication/csn/index.ts";
import { readCsn } from "../csn-text.ts";
import { decodeValue } from "../payload.ts";

/** Of most entries; Buffer takes as many from its pool. */
const ENTRY_BYTES = 2048;

/** Entries of one kind have the same types. */
const typeNames = new TextCache();

/** vucsn, vdcsn, mdcsn (the value became part of the RDN), by their codes on the wire. */
const KIND_CODES = { updated: 1, deleted: 2, distinguished: 3 } as const;
const KINDS: readonly (ValueCsnKind | undefined)[] = [
  undefined,
  "updated",
  "deleted",
  "distinguished",
];

export type ValueCsnKind = keyof typeof KIND_CODES;

export interface ValueCsn {
  readonly kind: ValueCsnKind;
  readonly csn: Csn;
}

export interface ReplicatedValue {
  readonly value: Buffer;
  readonly deleted: boolean;
  /** Empty for values without state. */
  readonly csns: readonly ValueCsn[];
}

export interface ReplicatedAttribute {
  /** With options. */
  readonly type: string;
  /** adcsn: of the last deletion of the whole attribute; also on present attributes, which were
   *  replaced. */
  readonly deletionCsn: Csn | undefined;
  readonly deleted: boolean;
  readonly values: readonly ReplicatedValue[];
}

export interface ReplicationEntry {
  readonly uniqueId: string;
  readonly dn: string;
  readonly attributes: readonly ReplicatedAttribute[];
}

export function decodeReplicationEntry(value: Buffer | undefined): ReplicationEntry {
  return decodeValue(value, "Replication entry", (reader) => {
    reader.enter();
    const uniqueId = reader.readText();
    const dn = reader.readText();
    const attributes: ReplicatedAttribute[] = [];
    reader.enter(TAG_SET);
    while (reader.hasMore()) attributes.push(readAttributeState(reader));
    reader.leave();
    reader.leave();
    return { uniqueId, dn, attributes };
  });
}

const readFlag = (reader: BerReader): boolean =>
  reader.peekTag() === TAG_BOOLEAN ? reader.readBoolean() : false;

function readAttributeState(reader: BerReader): ReplicatedAttribute {
  reader.enter();
  const type = reader.readRepeatedText(typeNames);
  const deletionCsn = reader.peekTag() === TAG_OCTET_STRING ? readCsn(reader) : undefined;
  const deleted = readFlag(reader);
  const values: ReplicatedValue[] = [];
  reader.enter(TAG_SET);
  while (reader.hasMore()) values.push(readValueState(reader));
  reader.leave();
  reader.leave();
  return { type, deletionCsn, deleted, values };
}

function readValueState(reader: BerReader): ReplicatedValue {
  reader.enter();
  const value = reader.readOctets();
  const deleted = readFlag(reader);
  const csns: ValueCsn[] = [];
  reader.enter();
  while (reader.hasMore()) {
    reader.enter();
    const start = reader.position;
    const kind = KINDS[reader.readEnumerated()];
    if (kind === undefined) throw new BerError("unknown kind of CSN", start);
    csns.push({ kind, csn: readCsn(reader) });
    reader.leave();
  }
  reader.leave();
  reader.leave();
  return { value, deleted, csns };
}

export function encodeReplicationEntry(entry: ReplicationEntry): Buffer {
  return encodeBer((writer) => writeReplicationEntry(writer, entry), ENTRY_BYTES);
}

/** Writes the value without anything around it. */
export function writeReplicationEntry(writer: BerWriter, entry: ReplicationEntry): void {
  writer.startLong();
  writer.writeText(entry.uniqueId);
  writer.writeText(entry.dn);
  writer.startLong(TAG_SET);
  for (const attribute of entry.attributes) {
    writer.startLong();
    writer.writeText(attribute.type);
    if (attribute.deletionCsn !== undefined) writer.writeText(attribute.deletionCsn);
    if (attribute.deleted) writer.writeBoolean(true);
    writer.startLong(TAG_SET);
    for (const value of attribute.values) writeValueState(writer, value);
    writer.end();
    writer.end();
  }
  writer.end();
  writer.end();
}

function writeValueState(writer: BerWriter, value: ReplicatedValue): void {
  writer.startLong();
  writer.writeOctets(value.value);
  if (value.deleted) writer.writeBoolean(true);
  writer.startLong();
  for (const { kind, csn } of value.csns) {
    writer.startLong();
    writer.writeEnumerated(KIND_CODES[kind]);
    writer.writeText(csn);
    writer.end();
  }
  writer.end();
  writer.end();
}
