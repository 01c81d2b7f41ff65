// The rows of new plain entries until they are committed, packed: one buffer for each table, in which a row has its key and its
// value behind it. A write set keeps a text and a buffer for each row, five rows for each entry, and the collector copies them
// until they are written; these it does not see. Only what a load asks for while entries are staged can be looked up: names and
// unique IDs.
//
//   numbered row   u32 key, u32 length of the value, value
//   named row      u32 length of the key, key, u32 length of the value, value
import type { EntryId } from "../entry/index.ts";
import type { BytesTable, IdTable } from "../kv/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import type { BackendTables } from "./tables.ts";

const FIRST_BYTES = 64 * 1024;
/** A buffer that had to become larger is not kept. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;
const NUMBER_BYTES = 4;

class PackedRows {
  protected bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  protected length = 0;

  get byteLength(): number {
    return this.length;
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  protected reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  protected append(value: Uint8Array): void {
    const start = this.bytes.writeUInt32BE(value.length, this.length);
    this.bytes.set(value, start);
    this.length = start + value.length;
  }
}

class NumberedRows extends PackedRows implements Pick<IdTable, "put"> {
  put(key: number, value: Uint8Array): void {
    this.reserve(2 * NUMBER_BYTES + value.length);
    this.length = this.bytes.writeUInt32BE(key, this.length);
    this.append(value);
  }

  applyTo(table: IdTable): void {
    for (let at = 0; at < this.length; ) {
      const start = at + 2 * NUMBER_BYTES;
      const end = start + this.bytes.readUInt32BE(at + NUMBER_BYTES);
      table.put(this.bytes.readUInt32BE(at), this.bytes.subarray(start, end));
      at = end;
    }
  }
}

class NamedRows extends PackedRows implements Pick<BytesTable, "put"> {
  put(key: Uint8Array, value: Uint8Array): void {
    this.reserve(2 * NUMBER_BYTES + key.length + value.length);
    this.append(key);
    this.append(value);
  }

  applyTo(table: BytesTable): void {
    for (let at = 0; at < this.length; ) {
      const keyStart = at + NUMBER_BYTES;
      const keyEnd = keyStart + this.bytes.readUInt32BE(at);
      const start = keyEnd + NUMBER_BYTES;
      const end = start + this.bytes.readUInt32BE(keyEnd);
      table.put(this.bytes.subarray(keyStart, keyEnd), this.bytes.subarray(start, end));
      at = end;
    }
  }
}

export class StagedRows {
  readonly entry = new NumberedRows();
  readonly state = new NumberedRows();
  readonly stale = new NumberedRows();
  readonly uid = new NamedRows();
  readonly tree = new NamedRows();
  readonly digest = new NamedRows();
  readonly #uniqueIds = new Map<UniqueId, EntryId>();
  /** By parent, then by normal RDN. */
  readonly #names = new Map<EntryId, Map<string, EntryId>>();

  get isEmpty(): boolean {
    return this.#uniqueIds.size === 0;
  }

  get byteLength(): number {
    let bytes = 0;
    for (const rows of this.#all()) bytes += rows.byteLength;
    return bytes;
  }

  idOfUniqueId(uniqueId: UniqueId): EntryId | undefined {
    return this.#uniqueIds.get(uniqueId);
  }

  childByName(parentId: EntryId, normalRdn: string): EntryId | undefined {
    return this.#names.get(parentId)?.get(normalRdn);
  }

  /** The rows of an entry are among these. */
  note(
    id: EntryId,
    name: { readonly uniqueId: UniqueId; readonly parentId: EntryId; readonly normalRdn: string },
  ): void {
    this.#uniqueIds.set(name.uniqueId, id);
    let siblings = this.#names.get(name.parentId);
    if (siblings === undefined) {
      siblings = new Map();
      this.#names.set(name.parentId, siblings);
    }
    siblings.set(name.normalRdn, id);
  }

  /** Puts all rows into `tables` and forgets them. */
  moveTo(tables: BackendTables): void {
    this.entry.applyTo(tables.entry);
    this.state.applyTo(tables.state);
    this.stale.applyTo(tables.stale);
    this.uid.applyTo(tables.uid);
    this.tree.applyTo(tables.tree);
    this.digest.applyTo(tables.digest);
    for (const rows of this.#all()) rows.clear();
    this.#uniqueIds.clear();
    this.#names.clear();
  }

  #all(): readonly PackedRows[] {
    return [this.entry, this.state, this.stale, this.uid, this.tree, this.digest];
  }
}
