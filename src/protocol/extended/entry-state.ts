// Repair of replicas that have the same changes and differ all the same: reading the whole state of entries, and joining the
// state that another server has of them. Extended operations of Concord's own, for the root DN and for those who may supply the
// replica.
//
//   read      request   30 { 04 suffix, 04 unique IDs, 16 bytes each }
//             response  30 { 30 { 04 RUV element* }, 30 { 04 state* }, 04 unique IDs }
//                       one state for each ID, empty: nothing is known; and other entries on which their operations depended
//   join      request   30 { 04 suffix, 30 { 04 RUV element* }, 30 { 04 state* } }
//             response  30 { 30 { 0A outcome, 30 { 04 reason* } }* }           one for each state
//
//   state     30 { 04 replication entry, 30 { node? }, 30 { operation* } }
//   node      30 { 0A life, 04 parent, 04 RDN, 04 naming CSN, 04 CSN of the death or empty, 30 { effect* } }
//   effect    30 { 04 CSN, 01 delete, 04 type, 04 value }
//   operation 30 { 0A kind, 04 CSN, 04 DN, 04 unique ID of parent or new superior or empty,
//                  04 new RDN or empty, 01 deleteOldRdn, 30 { 04 new superior? } }
//
// The replication entry (replication-entry.ts) has the registers as they are stored, without what renames did to them, which
// stands in the effects, and without what the tree derives; its DN is the plain name. Answers may be shorter than the question:
// ask again for the others.
import {
  type BerReader,
  type BerWriter,
  BerError,
  TAG_SEQUENCE,
  encodeBer,
} from "../../ber/index.ts";
import type { Csn } from "../../replication/csn/index.ts";
import { parseCsn } from "../../replication/csn/index.ts";
import { readCsn } from "../csn-text.ts";
import { decodeValue, readAll, readTexts, writeAll, writeTexts } from "../payload.ts";
import { CONCORD_OID } from "./read-digest.ts";
import {
  type ReplicationEntry,
  decodeReplicationEntry,
  encodeReplicationEntry,
} from "./replication-entry.ts";

export const READ_ENTRY_STATE_OID = `${CONCORD_OID}.1.2`;
export const JOIN_ENTRY_STATE_OID = `${CONCORD_OID}.1.3`;

const LIVES = ["live", "dead", "placeholder"] as const;
const KINDS = ["add", "delete", "revive", "modrdn"] as const;
const OUTCOMES = ["unchanged", "joined", "behind"] as const;
const ID_BYTES = 16;

/** What the tree keeps of an entry. Unique IDs are text that has not been looked at. */
export interface EntryStateNode {
  readonly life: (typeof LIVES)[number];
  readonly parent: string;
  readonly rdn: string;
  readonly naming: Csn;
  readonly death: Csn | undefined;
  readonly effects: readonly EntryStateEffect[];
}

export interface EntryStateEffect {
  readonly csn: Csn;
  readonly isDelete: boolean;
  readonly type: string;
  readonly value: Buffer;
}

/** An operation on the tree. */
export interface EntryStateOperation {
  readonly kind: (typeof KINDS)[number];
  readonly csn: Csn;
  readonly dn: string;
  /** Of an add the parent, of a rename the new superior. */
  readonly parent: string | undefined;
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  readonly newSuperior: string | undefined;
}

export interface EntryState {
  readonly entry: ReplicationEntry;
  readonly node: EntryStateNode | undefined;
  readonly operations: readonly EntryStateOperation[];
}

export interface ReadEntryStateRequest {
  readonly suffix: string;
  /** In hex, 32 digits. */
  readonly uniqueIds: readonly string[];
}

export interface ReadEntryStateResponse {
  readonly ruv: readonly string[];
  /** Encoded; empty: nothing is known of the entry. */
  readonly states: readonly Buffer[];
  /** Of other entries on which the operations depended. */
  readonly related: readonly string[];
}

export interface JoinEntryStateRequest {
  readonly suffix: string;
  /** Of the server that the states are from, when they were read. */
  readonly ruv: readonly string[];
  readonly states: readonly Buffer[];
}

/** behind: the state holds changes that the server has not got yet; nothing was taken. */
export interface JoinedState {
  readonly outcome: (typeof OUTCOMES)[number];
  /** What was not taken, and why. */
  readonly reasons: readonly string[];
}

// ---- messages ------------------------------------------------------------------------------------------------------

export function encodeReadEntryState({ suffix, uniqueIds }: ReadEntryStateRequest): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeText(suffix);
    writer.writeOctets(Buffer.from(uniqueIds.join(""), "hex"));
    writer.end();
  });
}

export function decodeReadEntryState(value: Buffer | undefined): ReadEntryStateRequest {
  return decodeValue(value, "Read entry state request", (reader) => {
    reader.enter();
    const suffix = reader.readText();
    const uniqueIds = readIds(reader);
    reader.leave();
    return { suffix, uniqueIds };
  });
}

export function encodeReadEntryStateResponse({
  ruv,
  states,
  related,
}: ReadEntryStateResponse): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writeTexts(writer, TAG_SEQUENCE, ruv);
    writeAll(writer, states, (state) => writer.writeOctets(state));
    writer.writeOctets(Buffer.from(related.join(""), "hex"));
    writer.end();
  });
}

export function decodeReadEntryStateResponse(value: Buffer | undefined): ReadEntryStateResponse {
  return decodeValue(value, "Read entry state response", (reader) => {
    reader.enter();
    const ruv = readTexts(reader, TAG_SEQUENCE);
    const states = readAll(reader, () => Buffer.from(reader.readOctets()));
    const related = readIds(reader);
    reader.leave();
    return { ruv, states, related };
  });
}

export function encodeJoinEntryState({ suffix, ruv, states }: JoinEntryStateRequest): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeText(suffix);
    writeTexts(writer, TAG_SEQUENCE, ruv);
    writeAll(writer, states, (state) => writer.writeOctets(state));
    writer.end();
  });
}

export function decodeJoinEntryState(value: Buffer | undefined): JoinEntryStateRequest {
  return decodeValue(value, "Join entry state request", (reader) => {
    reader.enter();
    const suffix = reader.readText();
    const ruv = readTexts(reader, TAG_SEQUENCE);
    const states = readAll(reader, () => reader.readOctets());
    reader.leave();
    return { suffix, ruv, states };
  });
}

export function encodeJoinEntryStateResponse(joined: readonly JoinedState[]): Buffer {
  return encodeBer((writer) => {
    writeAll(writer, joined, ({ outcome, reasons }) => {
      writer.start();
      writer.writeEnumerated(OUTCOMES.indexOf(outcome));
      writeTexts(writer, TAG_SEQUENCE, reasons);
      writer.end();
    });
  });
}

export function decodeJoinEntryStateResponse(value: Buffer | undefined): readonly JoinedState[] {
  return decodeValue(value, "Join entry state response", (reader) =>
    readAll(reader, () => {
      reader.enter();
      const outcome = readName(reader, OUTCOMES);
      const reasons = readTexts(reader, TAG_SEQUENCE);
      reader.leave();
      return { outcome, reasons };
    }),
  );
}

// ---- states --------------------------------------------------------------------------------------------------------

export function encodeEntryState({ entry, node, operations }: EntryState): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeOctets(encodeReplicationEntry(entry));
    writeAll(writer, node === undefined ? [] : [node], (each) => writeNode(writer, each));
    writeAll(writer, operations, (operation) => writeOperation(writer, operation));
    writer.end();
  });
}

export function decodeEntryState(value: Buffer): EntryState {
  return decodeValue(value, "Entry state", (reader) => {
    reader.enter();
    const entry = decodeReplicationEntry(reader.readOctets());
    const [node] = readAll(reader, () => readNode(reader));
    const operations = readAll(reader, () => readOperation(reader));
    reader.leave();
    return { entry, node, operations };
  });
}

function writeNode(writer: BerWriter, node: EntryStateNode): void {
  writer.start();
  writer.writeEnumerated(LIVES.indexOf(node.life));
  writer.writeText(node.parent);
  writer.writeText(node.rdn);
  writer.writeText(node.naming);
  writer.writeText(node.death ?? "");
  writeAll(writer, node.effects, ({ csn, isDelete, type, value }) => {
    writer.start();
    writer.writeText(csn);
    writer.writeBoolean(isDelete);
    writer.writeText(type);
    writer.writeOctets(value);
    writer.end();
  });
  writer.end();
}

function readNode(reader: BerReader): EntryStateNode {
  reader.enter();
  const start = reader.position;
  const life = readName(reader, LIVES);
  const parent = reader.readText();
  const rdn = reader.readText();
  const naming = readCsn(reader);
  const death = parseCsn(reader.readText());
  if ((life === "dead") !== (death !== undefined))
    throw new BerError("dead entries, and no others, have the CSN of their death", start);
  const effects = readAll(reader, () => {
    reader.enter();
    const effect = {
      csn: readCsn(reader),
      isDelete: reader.readBoolean(),
      type: reader.readText(),
      value: reader.readOctets(),
    };
    reader.leave();
    return effect;
  });
  reader.leave();
  return { life, parent, rdn, naming, death, effects };
}

function writeOperation(writer: BerWriter, operation: EntryStateOperation): void {
  writer.start();
  writer.writeEnumerated(KINDS.indexOf(operation.kind));
  writer.writeText(operation.csn);
  writer.writeText(operation.dn);
  writer.writeText(operation.parent ?? "");
  writer.writeText(operation.newRdn);
  writer.writeBoolean(operation.deleteOldRdn);
  const { newSuperior } = operation;
  writeTexts(writer, TAG_SEQUENCE, newSuperior === undefined ? [] : [newSuperior]);
  writer.end();
}

function readOperation(reader: BerReader): EntryStateOperation {
  reader.enter();
  const kind = readName(reader, KINDS);
  const csn = readCsn(reader);
  const dn = reader.readText();
  const parent = reader.readText() || undefined;
  const newRdn = reader.readText();
  const deleteOldRdn = reader.readBoolean();
  const [newSuperior] = readTexts(reader, TAG_SEQUENCE);
  reader.leave();
  return { kind, csn, dn, parent, newRdn, deleteOldRdn, newSuperior };
}

// ---- parts ---------------------------------------------------------------------------------------------------------

function readIds(reader: BerReader): string[] {
  const start = reader.position;
  const bytes = reader.readOctets();
  if (bytes.length % ID_BYTES !== 0) throw new BerError("the unique IDs are cut off", start);
  const ids: string[] = [];
  for (let at = 0; at < bytes.length; at += ID_BYTES)
    ids.push(bytes.toString("hex", at, at + ID_BYTES));
  return ids;
}

function readName<T>(reader: BerReader, names: readonly T[]): T {
  const start = reader.position;
  const name = names[reader.readEnumerated()];
  if (name === undefined) throw new BerError("a number has no meaning", start);
  return name;
}
