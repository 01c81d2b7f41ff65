// The tables of one backend. A backend has one current set of tables; an import or a total initialization fills a second
// set beside it and then moves the pointer row, so that the old content is served until the new one is whole.
//
//   table        key                                   value
//   entry        entry ID                              record (entry/record.ts); shown entries and tombstones
//   piece        number, 6 bytes                       values of an attribute that has very many (entry/value-piece.ts)
//   state        entry ID                              structure node and registers (state-row.ts)
//   uid          nsUniqueId, 16 bytes                  entry ID, u32
//   tree         parent ID u32, normal RDN             entry ID, u32: shown entries by name
//                parent ID u32, 0x00, nsUniqueId       entry ID, u32: tombstones
//   children     entry ID                              u32 shown children, u32 tombstones below
//   last         parent nsUniqueId, normal RDN         nsUniqueId: who held a name last, if nobody holds it now
//   index        see index room                        packed entry IDs
//   late         number                                trigrams that the lists of the index table do not have yet
//   changelog    CSN                                   changelog record
//   window       number                                what the changelog holds of the CSNs of some seconds
//   structure    CSN                                   structural operation with its undo information
//   digest       see digest-tree.ts                    sums of the digests of entries; which entries a sum has
//   stale        entry ID                              empty: the digest of the entry is not that of its content any more
//   meta         name                                  single values (RUV, CSN generator, …)
//
// The pointer row lies in the table `backend`: name → current set number, u32.
import { createHash } from "node:crypto";
import type { BytesTable, IdTable, Kv } from "../kv/index.ts";
import type { EntryId } from "../entry/index.ts";
import { decodeUniqueId, encodeUniqueId } from "../replication/change/index.ts";
import type { UniqueId } from "../replication/change/index.ts";

export interface BackendTables {
  readonly entry: IdTable;
  readonly piece: BytesTable;
  readonly state: IdTable;
  readonly uid: BytesTable;
  readonly tree: BytesTable;
  readonly children: IdTable;
  readonly last: BytesTable;
  readonly index: BytesTable;
  readonly late: BytesTable;
  readonly changelog: BytesTable;
  readonly window: BytesTable;
  readonly structure: BytesTable;
  readonly digest: BytesTable;
  readonly stale: IdTable;
  readonly meta: BytesTable;
}

/** Opens set number `set` of the backend `name` (lower case). */
export function openTables(kv: Kv, name: string, set: number): BackendTables {
  const prefix = `${name}/${set}/`;
  const idTable = (table: string): IdTable => kv.idTable(prefix + table);
  const bytesTable = (table: string): BytesTable => kv.bytesTable(prefix + table);
  return {
    entry: idTable("entry"),
    piece: bytesTable("piece"),
    state: idTable("state"),
    children: idTable("children"),
    uid: bytesTable("uid"),
    tree: bytesTable("tree"),
    last: bytesTable("last"),
    index: bytesTable("index"),
    late: bytesTable("late"),
    changelog: bytesTable("changelog"),
    window: bytesTable("window"),
    structure: bytesTable("structure"),
    digest: bytesTable("digest"),
    stale: idTable("stale"),
    meta: bytesTable("meta"),
  };
}

/** Key of a piece of values. */
export function pieceKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(PIECE_KEY_BYTES);
  key.writeUIntBE(number, 0, PIECE_KEY_BYTES);
  return key;
}

/** The number in such a key. */
export const pieceNumber = (key: Uint8Array): number =>
  Buffer.from(key).readUIntBE(0, PIECE_KEY_BYTES);

/** Normal RDNs longer than this stand in the tree as their hash: keys have a limit, names have none. */
const TREE_NAME_BYTES_MAX = 480;
const PIECE_KEY_BYTES = 6;
const HASHED_NAME = 0x01;
const TOMBSTONE_NAME = 0x00;

function nameBytes(normalRdn: string): Buffer {
  const bytes = Buffer.from(normalRdn, "utf8");
  if (bytes.length <= TREE_NAME_BYTES_MAX) return bytes;
  const hash = createHash("sha256").update(bytes).digest();
  return Buffer.concat([Buffer.of(HASHED_NAME), hash]);
}

/** Key of a shown entry in the tree. */
export function treeKey(parentId: EntryId, normalRdn: string): Buffer {
  const name = nameBytes(normalRdn);
  const key = Buffer.allocUnsafe(4 + name.length);
  key.writeUInt32BE(parentId, 0);
  name.copy(key, 4);
  return key;
}

/** Key of a tombstone in the tree, or of an entry that is known and not shown. */
export function tombstoneKey(parentId: EntryId, uniqueId: UniqueId): Buffer {
  const key = Buffer.allocUnsafe(21);
  key.writeUInt32BE(parentId, 0);
  key[4] = TOMBSTONE_NAME;
  encodeUniqueId(uniqueId).copy(key, 5);
  return key;
}

/** The unique ID in such a key. */
export const hiddenUniqueId = (key: Uint8Array): UniqueId =>
  decodeUniqueId(Buffer.from(key), 4 + 1);

/** Key bounds of the children of an entry: tombstones sort before shown ones. */
export function childRange(
  parentId: EntryId,
  which: "shown" | "tombstones",
): { from: Buffer; to: Buffer } {
  const bound = (id: number, byte?: number): Buffer => {
    const key = Buffer.alloc(byte === undefined ? 4 : 5);
    key.writeUInt32BE(id, 0);
    if (byte !== undefined) key[4] = byte;
    return key;
  };
  return which === "shown"
    ? { from: bound(parentId, HASHED_NAME), to: bound(parentId + 1) }
    : { from: bound(parentId), to: bound(parentId, HASHED_NAME) };
}

/** Key of the last holder of a name. */
export function lastKey(parent: UniqueId, normalRdn: string): Buffer {
  return Buffer.concat([encodeUniqueId(parent), nameBytes(normalRdn)]);
}

/** Key bounds of the last holders of all names below an entry. No name begins with a byte that UTF-8 does not have. */
export function lastRange(parent: UniqueId): { from: Buffer; to: Buffer } {
  const from = encodeUniqueId(parent);
  return { from, to: Buffer.concat([from, Buffer.of(0xff)]) };
}
