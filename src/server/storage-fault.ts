// What an operator is told when the disk has refused what the database wrote.
import { statfsSync } from "node:fs";
import { StorageError } from "../kv/index.ts";

export interface StorageFault {
  readonly reason: string;
  /** Of the file system with the database; undefined when it does not tell. */
  readonly freeBytes: number | undefined;
}

/** undefined: the error is none of storage. `folder` has the database. */
export function findStorageFault(error: unknown, folder: string): StorageFault | undefined {
  if (!(error instanceof Error)) return undefined;
  const freeBytes = freeBytesIn(folder);
  if (error instanceof StorageError) {
    const { cause } = error;
    return { reason: cause instanceof Error ? cause.message : error.message, freeBytes };
  }
  // lmdb-js rejects promises of its own besides the one that was waited for; they have this mark.
  return "commitError" in error ? { reason: "a commit failed", freeBytes } : undefined;
}

export function storageFaultText({ reason, freeBytes }: StorageFault): string {
  const free =
    freeBytes === undefined ? "" : `; ${(freeBytes / (1024 * 1024)).toFixed(1)} MiB are free`;
  return `the database cannot be written: ${reason}${free}`;
}

function freeBytesIn(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
