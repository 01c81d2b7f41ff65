// What a modification or an addition puts at least into LMDB, with nothing above it:
//
//   modification   a record and its state anew, anywhere; a change behind the last one
//   addition       a record, its state, its place, its late row and its change, each behind the last one; its unique ID and nine index
//                  rows anywhere
import { type Kv, copyInto } from "../../src/kv/index.ts";
import { RandomOrder } from "./random-order.ts";

const RECORD_BYTES = 700;
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
  #last: number;
  #changes = 0;

  constructor(kv: Kv, entries: number) {
    this.#kv = kv;
    this.#entries = entries;
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
      this.#record.put(id, Buffer.alloc(RECORD_BYTES, id));
      this.#place.put(id, Buffer.alloc(ID_BYTES, id));
      for (let i = 0; i < KEYS; i += 1) this.#putKey((id * KEYS + i) * KEY_GAP);
    });
  }

  async fillStates(): Promise<void> {
    await this.#forAll((id) => this.#state.put(id, Buffer.alloc(STATE_BYTES, id)));
  }

  lookUp(): void {
    this.#record.getCopy(this.#order.next());
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
    const id = this.#order.next();
    this.#record.put(id, Buffer.alloc(RECORD_BYTES, this.#changes));
    this.#state.put(id, Buffer.alloc(STATE_BYTES, this.#changes));
    this.#putChange();
  }

  addition(): void {
    this.#last += 1;
    this.#record.put(this.#last, Buffer.alloc(RECORD_BYTES, this.#last));
    this.#state.put(this.#last, Buffer.alloc(STATE_BYTES, this.#last));
    this.#place.put(this.#last, Buffer.alloc(ID_BYTES, this.#last));
    this.#late.put(this.#last, Buffer.alloc(LATE_BYTES, this.#last));
    for (let i = 0; i < KEYS; i += 1) this.#putKey(this.#newKeys.next());
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

  #putKey(number: number): void {
    const key = Buffer.alloc(KEY_BYTES);
    key.writeBigUInt64BE(BigInt(number), 0);
    this.#keys.put(key, Buffer.alloc(ID_BYTES, number));
  }

  #putChange(): void {
    this.#changes += 1;
    this.#change.put(this.#changes, Buffer.alloc(CHANGE_BYTES, this.#changes));
  }
}
