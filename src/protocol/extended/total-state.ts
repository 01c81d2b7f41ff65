// Total initialization between two Concord servers (docs/wire/total-state.md): entries with their state as it is stored, then what
// the tree keeps beside them. Extended operations of Concord's own, sent in a session of 389's protocol in the place of its
// entries to a consumer whose root DSE announces them; a 389 server never sees one. Both are answered by a result alone, as an
// entry is.
//
//   states     request  30 { state* }
//   structure  request  30 { 04 purge CSN or empty, 30 { node change* }, 30 { last* }, 30 { 04 record* }, 01 is the last one }
//
//   state        30 { 04 replication entry, 04 node or empty }
//   node change  30 { 04 unique ID, 04 node, or empty: there is none any more }
//   last         30 { 04 name, 04 unique ID }         who held a name last that nobody holds: key of the table `last`
//
// Unique IDs have 16 bytes. The replication entry has registers without what renames did to them; its DN is the plain name. Nodes
// and records are those of replication/urp/stored-form.ts, carried as they are.
import { type BerReader, BerError, elementSize, encodeBer } from "../../ber/index.ts";
import { type Csn, parseCsn } from "../../replication/csn/index.ts";
import { decodeValue, readAll, writeAll } from "../payload.ts";
import { CONCORD_OID } from "./read-digest.ts";
import {
  type ReplicationEntry,
  decodeReplicationEntry,
  encodeReplicationEntry,
} from "./replication-entry.ts";

/** .1.4 was a state alone. */
export const TOTAL_STATES_OID = `${CONCORD_OID}.1.8`;
export const TOTAL_STRUCTURE_OID = `${CONCORD_OID}.1.5`;

const ID_BYTES = 16;
const NO_BYTES = Buffer.alloc(0);

export interface TotalState {
  readonly entry: ReplicationEntry;
  /** undefined: the suffix entry, or registers alone. */
  readonly node: Buffer | undefined;
}

/** A node that has changed since the state of its entry was read. */
export interface TotalNodeChange {
  readonly uniqueId: Buffer;
  /** undefined: there is none any more. */
  readonly node: Buffer | undefined;
}

export interface TotalLast {
  readonly name: Buffer;
  readonly uniqueId: Buffer;
}

/** A part of what the tree keeps beside the entries; all parts are of one moment. */
export interface TotalStructure {
  readonly purgeCsn: Csn | undefined;
  readonly nodes: readonly TotalNodeChange[];
  readonly lasts: readonly TotalLast[];
  readonly records: readonly Buffer[];
  readonly isLast: boolean;
}

/** A state as part of a request. */
export function encodeTotalState({ entry, node }: TotalState): Buffer {
  const entryBytes = encodeReplicationEntry(entry);
  const nodeBytes = node ?? NO_BYTES;
  return encodeBer(
    (writer) => {
      writer.start();
      writer.writeOctets(entryBytes);
      writer.writeOctets(nodeBytes);
      writer.end();
    },
    elementSize(elementSize(entryBytes.length) + elementSize(nodeBytes.length)),
  );
}

/** `states`: encoded, `bytes` in all. */
export function encodeTotalStates(states: readonly Buffer[], bytes: number): Buffer {
  return encodeBer((writer) => {
    writeAll(writer, states, (state) => writer.append(state));
  }, elementSize(bytes));
}

/** @throws ProtocolError */
export function decodeTotalStates(value: Buffer | undefined): TotalState[] {
  return decodeValue(value, "Total states request", (reader) =>
    readAll(reader, () => {
      reader.enter();
      const entry = decodeReplicationEntry(reader.readOctets());
      const node = readBytes(reader);
      reader.leave();
      return { entry, node };
    }),
  );
}

export function encodeTotalStructure(part: TotalStructure): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeText(part.purgeCsn ?? "");
    writeAll(writer, part.nodes, ({ uniqueId, node }) => {
      writer.start();
      writer.writeOctets(uniqueId);
      writer.writeOctets(node ?? NO_BYTES);
      writer.end();
    });
    writeAll(writer, part.lasts, ({ name, uniqueId }) => {
      writer.start();
      writer.writeOctets(name);
      writer.writeOctets(uniqueId);
      writer.end();
    });
    writeAll(writer, part.records, (record) => writer.writeOctets(record));
    writer.writeBoolean(part.isLast);
    writer.end();
  }, 4096);
}

export function decodeTotalStructure(value: Buffer | undefined): TotalStructure {
  return decodeValue(value, "Total structure request", (reader) => {
    reader.enter();
    const purgeCsn = parseCsn(reader.readText());
    const nodes = readAll(reader, () => {
      reader.enter();
      const change = { uniqueId: readId(reader), node: readBytes(reader) };
      reader.leave();
      return change;
    });
    const lasts = readAll(reader, () => {
      reader.enter();
      const last = { name: Buffer.from(reader.readOctets()), uniqueId: readId(reader) };
      reader.leave();
      return last;
    });
    const records = readAll(reader, () => Buffer.from(reader.readOctets()));
    const isLast = reader.readBoolean();
    reader.leave();
    return { purgeCsn, nodes, lasts, records, isLast };
  });
}

/** A copy; undefined for none. */
function readBytes(reader: BerReader): Buffer | undefined {
  const bytes = reader.readOctets();
  return bytes.length === 0 ? undefined : Buffer.from(bytes);
}

function readId(reader: BerReader): Buffer {
  const start = reader.position;
  const bytes = reader.readOctets();
  if (bytes.length !== ID_BYTES) throw new BerError("a unique ID has 16 bytes", start);
  return Buffer.from(bytes);
}
