// What is used of lmdb-js 3.5. Its published types know neither key encoders nor the borrowed buffer.
import type { Bytes } from "./kv.ts";

/** How a key of the caller's own shape becomes the bytes of a key and back. */
interface NativeKeyEncoder {
  writeKey(key: unknown, target: Uint8Array, start: number): number;
  readKey(source: Buffer, start: number, end: number): unknown;
}

/** What lmdb-js lets the values of a range go through. */
interface NativeDecoder {
  decode(bytes: Bytes): Bytes;
}

export interface StoreOptions {
  readonly keyEncoding?: "uint32";
  readonly keyEncoder?: NativeKeyEncoder;
  readonly decoder: NativeDecoder;
  /** Whether the decoder can do with the borrowed buffer. */
  readonly decoderCopies: boolean;
}

export interface NativeRange<N> {
  start: N | undefined;
  end: N | undefined;
  reverse?: boolean;
  exclusiveStart?: boolean;
  inclusiveEnd?: boolean;
  limit?: number;
}

export interface LmdbStore<N> {
  getBinaryFast(key: N): Bytes | undefined;
  getRange(range: NativeRange<N>): Iterable<{ readonly key: N; readonly value: Bytes }>;
  getKeys(range: NativeRange<N>): Iterable<N>;
  putSync(key: N, value: Uint8Array): void;
  removeSync(key: N): boolean;
  clearSync(): void;
  dropSync(): void;
  getStats(): { readonly entryCount: number };
  _allocateGetBuffer(bytes: number): void;
}

export interface LmdbRoot {
  openDB<N>(name: string, options: StoreOptions & { encoding: "binary" }): LmdbStore<N> | undefined;
  getKeys(range: { readonly start: Buffer }): Iterable<Buffer>;
  childTransaction(run: () => void): Promise<void>;
  transactionSync(run: () => void): void;
  resetReadTxn(): void;
  backup(folder: string, compact: boolean): Promise<void>;
  readerList(): string;
  readerCheck(): number;
  getStats(): {
    readonly root: { readonly pageSize: number };
    readonly lastPageNumber: number;
    readonly mapSize: number;
    readonly lastTxnId: number;
    readonly maxReaders: number;
  };
  close(): Promise<void>;
}
