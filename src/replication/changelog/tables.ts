// The rows that replication keeps in the tables of a backend: the changelog itself, and in `meta` the RUV of the data and
// the floor of the changelog. All of them are written in the transaction of the change (architecture 1): the RUV covers a
// change exactly if its effects and its record are in the data. Nothing has to be repaired after a crash.
//
//   table      key           value
//   changelog  CSN (10)      record.ts
//   window     number (4)    window-row.ts
//   meta       "ruv"         ruv-text.ts, stored form
//   meta       "logFloor"    a CSN (10) for each replica ID: its changes up to here are not in the changelog any more, or
//                            never were (the data came by initialization or import)
//   meta       "windows"     windows.ts
//   meta       "generator"   nsState, 40 bytes
import { assert } from "../../base/index.ts";
import { type BytesTable, copyBytes, sameBytes } from "../../kv/index.ts";
import {
  CSN_BYTES,
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  csnReplicaId,
  decodeCsn,
  decodeNsState,
  encodeCsn,
  encodeNsState,
} from "../csn/index.ts";
import { type Ruv, decodeRuv, encodeRuv } from "../ruv/index.ts";

export interface ChangelogTables {
  readonly changelog: BytesTable;
  readonly window: BytesTable;
  readonly meta: BytesTable;
}

/** For each replica ID the newest CSN whose record is not in the changelog; absent = all are there. */
export type LogFloor = ReadonlyMap<ReplicaId, Csn>;

export const META_RUV_KEY = Buffer.from("ruv");
export const META_LOG_FLOOR_KEY = Buffer.from("logFloor");
export const META_WINDOWS_KEY = Buffer.from("windows");
export const META_GENERATOR_KEY = Buffer.from("generator");

/** undefined: the data has never been part of replication, or is being replaced. */
export const readRuv = (meta: BytesTable): Ruv | undefined =>
  decodeStoredRuv(meta.getCopy(META_RUV_KEY));

const decodeStoredRuv = (stored: Buffer | undefined): Ruv | undefined =>
  stored === undefined ? undefined : decodeRuv(stored);

export const writeRuv = (meta: BytesTable, ruv: Ruv): void =>
  meta.put(META_RUV_KEY, encodeRuv(ruv));

export function readGenerator(meta: BytesTable): CsnGenerator | undefined {
  const stored = meta.getCopy(META_GENERATOR_KEY);
  if (stored === undefined) return undefined;
  const generator = decodeNsState(stored);
  assert(generator !== undefined, "the stored CSN generator has the form of nsState");
  return generator;
}

export const writeGenerator = (meta: BytesTable, generator: CsnGenerator): void =>
  meta.put(META_GENERATOR_KEY, encodeNsState(generator));

export const readLogFloor = (meta: BytesTable): LogFloor =>
  decodeLogFloor(meta.getCopy(META_LOG_FLOOR_KEY));

function decodeLogFloor(stored: Buffer | undefined): LogFloor {
  const floor = new Map<ReplicaId, Csn>();
  if (stored === undefined) return floor;
  for (let offset = 0; offset < stored.length; offset += CSN_BYTES) {
    const csn = decodeCsn(stored, offset);
    floor.set(csnReplicaId(csn), csn);
  }
  return floor;
}

export const writeLogFloor = (meta: BytesTable, floor: LogFloor): void =>
  meta.put(META_LOG_FLOOR_KEY, Buffer.concat([...floor.values()].map(encodeCsn)));

/** RUV and floor for somebody who looks at them again and again: decoded when their bytes are others than the last time. */
export class KeptBounds {
  readonly #ruv = new KeptRow(META_RUV_KEY, decodeStoredRuv);
  readonly #floor = new KeptRow(META_LOG_FLOOR_KEY, decodeLogFloor);

  ruv(meta: BytesTable): Ruv | undefined {
    return this.#ruv.read(meta);
  }

  floor(meta: BytesTable): LogFloor {
    return this.#floor.read(meta);
  }
}

class KeptRow<T> {
  readonly #key: Buffer;
  readonly #decode: (stored: Buffer | undefined) => T;
  #kept: { readonly stored: Buffer | undefined; readonly value: T } | undefined;

  constructor(key: Buffer, decode: (stored: Buffer | undefined) => T) {
    this.#key = key;
    this.#decode = decode;
  }

  read(meta: BytesTable): T {
    const row = meta.get(this.#key);
    const kept = this.#kept;
    if (kept !== undefined) {
      const isSame =
        row === undefined || kept.stored === undefined
          ? row === kept.stored
          : sameBytes(row, kept.stored);
      if (isSame) return kept.value;
    }
    const stored = row && copyBytes(row);
    const value = this.#decode(stored);
    this.#kept = { stored, value };
    return value;
  }
}
