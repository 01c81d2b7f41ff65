// The records of LDIF files, or of standard input, one after the other, with the place where each begins.
import { createReadStream, existsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { type LdifInvalidRecord, LdifReader, type LdifRecord } from "../ldif/index.ts";
import { LdapError } from "../protocol/index.ts";

/** Stands for standard input among file names. */
export const STANDARD_INPUT = "-";
/** Attribute of the entry that makes a file replica LDIF. */
const RUV_MARK = Buffer.from("\nnsds50ruv:");
const SCAN_BYTES = 1024 * 1024;
/** Of a chunk that are parsed at once: what is parsed and not yet taken is what the collector copies. */
const PIECE_BYTES = 8 * 1024;

export interface SourceRecord {
  readonly file: string;
  readonly record: LdifRecord | LdifInvalidRecord;
}

export interface SourceChunk {
  readonly file: string;
  readonly records: readonly SourceRecord[];
  /** Read so far, over all files. */
  readonly bytes: number;
  /** The file ends with this chunk. */
  readonly endsFile: boolean;
}

/** The sum of the sizes; undefined when there is standard input. @throws LdapError operationsError for a missing file */
export function sizeOfFiles(files: readonly string[]): number | undefined {
  let bytes: number | undefined = 0;
  for (const file of files) {
    if (file === STANDARD_INPUT) bytes = undefined;
    else if (!existsSync(file))
      throw new LdapError("operationsError", `Cannot read ${file}: it is missing`);
    else if (bytes !== undefined) bytes += statSync(file).size;
  }
  return bytes;
}

/** Reads the files in chunks; the caller's pace is the pace of reading. @throws LdapError operationsError */
export async function* readRecords(
  files: readonly string[],
  options: { readonly chunkBytes: number },
): AsyncGenerator<SourceChunk> {
  let bytes = 0;
  for (const file of files) {
    const reader = new LdifReader();
    const label = file === STANDARD_INPUT ? "standard input" : file;
    const located = (records: readonly (LdifRecord | LdifInvalidRecord)[]): SourceRecord[] =>
      records.map((record) => ({ file: label, record }));
    const stream: AsyncIterable<Buffer> =
      file === STANDARD_INPUT
        ? process.stdin
        : createReadStream(file, { highWaterMark: options.chunkBytes });
    try {
      for await (const chunk of stream) {
        for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
          const piece = chunk.subarray(start, start + PIECE_BYTES);
          bytes += piece.length;
          yield { file: label, records: located(reader.feed(piece)), bytes, endsFile: false };
        }
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw new LdapError("operationsError", `Cannot read ${label}: ${error.message}`);
    }
    yield { file: label, records: located(reader.end()), bytes, endsFile: true };
  }
}

/** Whether one of the files holds the entry with the update vector, wherever in it. */
export async function isReplicaLdif(files: readonly string[]): Promise<boolean> {
  for (const path of files) {
    if (path === STANDARD_INPUT) continue;
    const file = await open(path, "r");
    try {
      if (await hasMark(file)) return true;
    } finally {
      await file.close();
    }
  }
  return false;
}

async function hasMark(file: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  const buffer = Buffer.alloc(RUV_MARK.length + SCAN_BYTES);
  let kept = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, kept, SCAN_BYTES);
    if (bytesRead === 0) return false;
    const filled = kept + bytesRead;
    if (buffer.subarray(0, filled).indexOf(RUV_MARK) >= 0) return true;
    kept = Math.min(filled, RUV_MARK.length - 1);
    buffer.copyWithin(0, filled - kept, filled);
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error;
