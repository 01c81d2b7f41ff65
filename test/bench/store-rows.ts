// What operations put at least into LMDB, and look up there, with nothing above it:
//
//   modification   a record and its state anew, anywhere; a change behind the last one
//   addition       a record, its state, its place, its late row and its change, each behind the last one; its unique ID and nine index
//                  rows anywhere
//   deletion       record and state anew, as those of a tombstone; without place and index rows; a change
import { type Bytes, type Kv, copyInto, uint32At } from "../../src/kv/index.ts";
import { RandomOrder } from "./random-order.ts";

export const RECORD_BYTES = 700;
const STATE_BYTES = 150;
const CHANGE_BYTES = 300;
const LATE_BYTES = 200;
const ID_BYTES = 4;
/** Of an entry: index rows and the unique ID. */
const KEYS = 10;
const KEY_BYTES = 16;
/** Between keys that are there, in which new ones fall. */
const KEY_GAP = 1 << 12;
const FILL_ROWS = 10_000;
const PIECE_BYTES = 1024 * 1024;

/** The rows of some entries; one transaction at a time. */
export class StoreRows {
  readonly #kv: Kv;
  readonly #entries: number;
  readonly #record;
  readonly #state;
  readonly #place;
  readonly #late;
  readonly #change;
  readonly #keys;
  readonly #order: RandomOrder;
  readonly #newKeys: RandomOrder;
  readonly #recordOf: (id: number) => Buffer;
  /** Of entries that were added. */
  readonly #addedKeys = new Map<number, readonly number[]>();
  #last: number;
  #changes = 0;

  /** @param recordOf RECORD_BYTES for an entry; without it any */
  constructor(
    kv: Kv,
    entries: number,
    recordOf = (id: number): Buffer => Buffer.alloc(RECORD_BYTES, id),
  ) {
    this.#kv = kv;
    this.#entries = entries;
    this.#recordOf = recordOf;
    this.#record = kv.idTable("record");
    this.#state = kv.idTable("state");
    this.#place = kv.idTable("place");
    this.#late = kv.idTable("late");
    this.#change = kv.idTable("change");
    this.#keys = kv.bytesTable("keys");
    this.#order = new RandomOrder(entries);
    this.#newKeys = new RandomOrder(entries * KEYS * KEY_GAP);
    this.#last = entries;
  }

  /** Puts all entries in order, without states, as an import does. */
  async fill(): Promise<void> {
    await this.#forAll((id) => {
      this.#record.put(id, this.#recordOf(id));
      this.#place.put(id, Buffer.alloc(ID_BYTES, id));
      for (let i = 0; i < KEYS; i += 1) this.#putKey(keyOf(id, i), id);
    });
  }

  async fillStates(): Promise<void> {
    await this.#forAll((id) => this.#state.put(id, Buffer.alloc(STATE_BYTES, id)));
  }

  lookUp(): void {
    this.#record.getCopy(this.#order.next());
  }

  /** Lent. */
  record(id: number): Bytes | undefined {
    return this.#record.get(id);
  }

  /** The entry that index row `index` of this entry names: itself. */
  lookUpKey(id: number, index: number): number {
    const row = this.#keys.get(keyBytes(keyOf(id, index)));
    if (row === undefined) throw new Error(`entry ${id} has no index row ${index}`);
    return uint32At(row, 0);
  }

  /** Goes through all records in order. @returns the sum of a byte of each */
  readRecords(): number {
    let sum = 0;
    this.#record.visit({}, (_, record) => {
      sum += record[0] ?? 0;
      return true;
    });
    return sum;
  }

  /** Appends the bytes of all records in order, and nothing else. */
  copyRecords(append: (bytes: Uint8Array) => void): void {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let length = 0;
    this.#record.visit({}, (_, record) => {
      length = copyInto(piece, length, record, 0, record.length);
      if (length + RECORD_BYTES > PIECE_BYTES) {
        append(piece.subarray(0, length));
        length = 0;
      }
      return true;
    });
    append(piece.subarray(0, length));
  }

  modification(): void {
    this.modify(this.#order.next(), Buffer.alloc(RECORD_BYTES, this.#changes));
  }

  modify(id: number, record: Buffer): void {
    this.#record.put(id, record);
    this.#state.put(id, Buffer.alloc(STATE_BYTES, this.#changes));
    this.#putChange();
  }

  /** @returns the ID of the entry */
  addition(record = this.#recordOf(this.#last + 1)): number {
    this.#last += 1;
    const id = this.#last;
    this.#record.put(id, record);
    this.#state.put(id, Buffer.alloc(STATE_BYTES, id));
    this.#place.put(id, Buffer.alloc(ID_BYTES, id));
    this.#late.put(id, Buffer.alloc(LATE_BYTES, id));
    const keys = Array.from({ length: KEYS }, () => betweenKeys(this.#newKeys.next()));
    for (const key of keys) this.#putKey(key, id);
    this.#addedKeys.set(id, keys);
    this.#putChange();
    return id;
  }

  /** Of an entry that was added. */
  deletion(id: number): void {
    const keys = this.#addedKeys.get(id);
    if (keys === undefined) throw new Error(`entry ${id} was not added`);
    this.#addedKeys.delete(id);
    this.#record.put(id, Buffer.alloc(RECORD_BYTES, id));
    this.#state.put(id, Buffer.alloc(STATE_BYTES, id));
    this.#place.delete(id);
    // The unique ID is still one of it.
    for (const key of keys.slice(1)) this.#keys.delete(keyBytes(key));
    this.#putChange();
  }

  async #forAll(put: (id: number) => void): Promise<void> {
    for (let from = 0; from < this.#entries; from += FILL_ROWS) {
      const to = Math.min(this.#entries, from + FILL_ROWS);
      await this.#kv.transact(() => {
        for (let id = from; id < to; id += 1) put(id);
      });
    }
    this.#kv.renew();
  }

  #putKey(key: number, id: number): void {
    const row = Buffer.alloc(ID_BYTES);
    row.writeUInt32BE(id);
    this.#keys.put(keyBytes(key), row);
  }

  #putChange(): void {
    this.#changes += 1;
    this.#change.put(this.#changes, Buffer.alloc(CHANGE_BYTES, this.#changes));
  }
}

const keyOf = (id: number, index: number): number => (id * KEYS + index) * KEY_GAP;

/** Never one of `keyOf`. */
const betweenKeys = (key: number): number => (key % KEY_GAP === 0 ? key + 1 : key);

function keyBytes(key: number): Buffer {
  const bytes = Buffer.alloc(KEY_BYTES);
  bytes.writeUInt32BE(Math.floor(key / 2 ** 32), 0);
  bytes.writeUInt32BE(key % 2 ** 32, 4);
  return bytes;
}
