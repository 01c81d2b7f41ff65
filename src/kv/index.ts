export { copyBytes, copyInto, sameBytes, uint32At } from "./bytes.ts";
export type { Bytes, BytesTable, IdTable, Kv, RangeOptions, Row, Sharing, Table } from "./kv.ts";
export { KV_KEY_BYTES_MAX, StorageError } from "./kv.ts";
export type { MemoryKvOptions } from "./memory.ts";
export { MemoryKv, openMemory } from "./memory.ts";
export type { WriteQueueOptions, WriteQueueStatistics } from "./write-queue.ts";
export { WriteQueue } from "./write-queue.ts";
export { WriteSet } from "./write-set.ts";
