// Import of LDIF into a backend: read, hash, load beside the current content, swap. The same work serves the command on a
// stopped instance and the import task of a running server, which only takes smaller steps.
//
// Without an update vector in the files a replicated suffix starts a new generation (389): its partners have to be initialized
// anew. With one, the suffix takes part in replication at the point where the file was written.
import { availableParallelism } from "node:os";
import {
  PASSWORD_BYTES_MAX,
  type SchemeName,
  type SlowHash,
  createNodeHash,
  hashPassword,
  isHashed,
} from "../auth/index.ts";
import { DnSyntaxError } from "../dn/index.ts";
import { type AttributeValues, LdapError } from "../protocol/index.ts";
import type { Ruv } from "../replication/ruv/index.ts";
import {
  type Backend,
  type BulkLoad,
  type BulkRecord,
  type BulkRefusal,
  hasState,
  isRuvRecord,
  parseRuvRecord,
  parseStateRecord,
} from "../store/index.ts";
import type { Directory } from "./directory.ts";
import { importedFacts } from "./import-facts.ts";
import { type SourceRecord, isReplicaLdif, readRecords, sizeOfFiles } from "./import-source.ts";
import {
  type LoadOptions,
  type LoadPace,
  type OpenLoad,
  abortLoad,
  commitLoad,
  openLoad,
  swapContent,
} from "./open-load.ts";
import { SubtreeScope } from "./subtree-scope.ts";

/** Records whose passwords are being hashed, and those that wait behind them. */
const HASHING_RECORDS_MAX = 512;
/** Bad entries after which an import that does not skip them gives up. */
const BAD_ENTRIES_MAX = 1000;

/** Of a file that are read and taken in one turn. */
const CHUNK_BYTES: Readonly<Record<LoadPace, number>> = { alone: 256 * 1024, online: 64 * 1024 };

export interface BadEntry {
  readonly file: string;
  /** Of its `dn:` line, from 1. */
  readonly line: number;
  /** undefined when that line is wrong. */
  readonly dn: string | undefined;
  readonly kind: BulkRefusal["kind"];
  readonly reason: string;
}

export interface ImportOptions extends LoadOptions {
  /** `-` stands for standard input. */
  readonly files: readonly string[];
  readonly badEntries: "skip" | "fail";
  readonly includeSuffixes?: readonly string[];
  readonly excludeSuffixes?: readonly string[];
  readonly onBadEntry?: (bad: BadEntry) => void;
  /** `bytesTotal` is undefined for standard input. */
  readonly onProgress?: (progress: {
    readonly entries: number;
    readonly bytes: number;
    readonly bytesTotal: number | undefined;
  }) => void;
  readonly onFileEnd?: (file: string, entries: number) => void;
  readonly isCanceled?: () => boolean;
  /** Called in the transaction that makes the new content that of the backend, for rows that belong to it. */
  readonly onSwap?: () => void;
}

export interface ImportReport {
  readonly entries: number;
  readonly skipped: number;
  /** Values that stood twice in their entry and count once. */
  readonly repeatedValues: number;
  /** The update vector of the new content. */
  readonly ruv: Ruv | undefined;
}

/** Replaces the content of `backend`. When it throws, the old content is there as it was.
 *  @throws LdapError operationsError: nothing usable in the files, bad entries (unless skipped), a file that cannot be read,
 *  a full disk; canceled: on request */
export function importLdif(
  directory: Directory,
  backend: Backend,
  options: ImportOptions,
): Promise<ImportReport> {
  return directory.noteLoad(replaceByLdif(directory, backend, options));
}

async function replaceByLdif(
  directory: Directory,
  backend: Backend,
  options: ImportOptions,
): Promise<ImportReport> {
  const bytesTotal = sizeOfFiles(options.files);
  const withState = await isReplicaLdif(options.files);
  const open = await openLoad(directory, backend, options);
  const run = new ImportRun(directory, backend, open, { ...options, bytesTotal, withState });
  try {
    return await run.run();
  } catch (error) {
    await abortLoad(directory, open);
    throw error;
  }
}

interface RunOptions extends ImportOptions {
  readonly bytesTotal: number | undefined;
  readonly withState: boolean;
}

interface WaitingRecord {
  readonly source: SourceRecord;
  readonly record: BulkRecord;
  /** The attributes once their passwords are hashed. */
  readonly attributes: Promise<readonly AttributeValues[]>;
}

class ImportRun {
  readonly #directory: Directory;
  readonly #backend: Backend;
  readonly #open: OpenLoad;
  readonly #load: BulkLoad;
  readonly #options: RunOptions;
  readonly #scope: SubtreeScope;
  readonly #hashers: SlowHash;
  readonly #waiting: WaitingRecord[] = [];
  #withState: boolean;
  #ruv: Ruv | undefined;
  #skipped = 0;
  #entriesBeforeFile = 0;

  constructor(directory: Directory, backend: Backend, open: OpenLoad, options: RunOptions) {
    this.#directory = directory;
    this.#backend = backend;
    this.#open = open;
    this.#load = open.load;
    this.#options = options;
    this.#withState = options.withState;
    this.#scope = new SubtreeScope(directory.schema, options);
    const parallelMax = options.pace === "alone" ? availableParallelism() : 1;
    this.#hashers = createNodeHash({
      parallelMax,
      waitingMax: Number.POSITIVE_INFINITY,
      waitingPerOriginMax: Number.POSITIVE_INFINITY,
    }).forOrigin("import");
  }

  async run(): Promise<ImportReport> {
    const { files, pace, bytesTotal, onProgress, onFileEnd } = this.#options;
    for await (const chunk of readRecords(files, { chunkBytes: CHUNK_BYTES[pace] })) {
      this.#checkCanceled();
      for (const source of chunk.records) {
        const work = this.#receive(source);
        if (work !== undefined) await work;
      }
      onProgress?.({ entries: this.#load.entries, bytes: chunk.bytes, bytesTotal });
      if (!chunk.endsFile) continue;
      await this.#takeWaiting(0);
      onFileEnd?.(chunk.file, this.#load.entries - this.#entriesBeforeFile);
      this.#entriesBeforeFile = this.#load.entries;
    }
    if (this.#options.badEntries === "fail" && this.#skipped > 0) {
      const entries = this.#skipped === 1 ? "entry" : "entries";
      throw failed(`${this.#skipped} ${entries} cannot be imported; nothing was changed`);
    }
    if (this.#load.entries === 0) {
      throw failed(
        `The files hold no entry of ${this.#backend.suffixDn} that can be imported; nothing was changed`,
      );
    }
    this.#checkCanceled();
    const facts = importedFacts(this.#directory, this.#backend, {
      ruv: this.#ruv,
      newestCsn: this.#load.newestCsn,
    });
    await this.#commit({ everything: true });
    const put = (): void => this.#options.onSwap?.();
    await swapContent(this.#directory, this.#backend, this.#load, () => ({ facts, put }));
    const { entries, repeatedValues } = this.#load;
    return { entries, skipped: this.#skipped, repeatedValues, ruv: facts.ruv };
  }

  /** Records keep their order while passwords are hashed. undefined: there is nothing to wait for, as for most. */
  #receive(source: SourceRecord): Promise<void> | undefined {
    const { record } = source;
    if (record.type !== "content" && record.type !== "add") {
      const reason =
        record.type === "invalid" ? record.error.message : "it is a change, not an entry";
      return this.#takeWaiting(0).then(() => this.#refuse(source, { kind: "malformed", reason }));
    }
    const hashed = this.#hashPasswords(record);
    if (hashed === undefined && this.#waiting.length === 0) {
      this.#take(source, record);
      return this.#load.shouldCommit ? this.#commit() : undefined;
    }
    const attributes = hashed ?? Promise.resolve(record.attributes);
    attributes.catch(() => {}); // looked at when its turn comes
    this.#waiting.push({ source, record, attributes });
    return this.#takeWaiting(HASHING_RECORDS_MAX);
  }

  async #takeWaiting(leave: number): Promise<void> {
    while (this.#waiting.length > leave) {
      const { source, record, attributes } = this.#waiting.shift() as WaitingRecord;
      this.#take(source, { dn: record.dn, attributes: await attributes });
      if (this.#load.shouldCommit) await this.#commit();
    }
  }

  #take(source: SourceRecord, record: BulkRecord): void {
    if (isRuvRecord(record)) {
      this.#ruv ??= parseRuvRecord(record);
      this.#withState = true;
      return;
    }
    if (!this.#isInScope(record.dn)) return;
    this.#withState ||= hasState(record);
    const entry = this.#withState ? parseStateRecord(record) : undefined;
    const refusal =
      entry === undefined
        ? this.#load.addPlain(record.dn, record.attributes)
        : this.#load.addWithState(entry);
    if (refusal !== undefined) this.#refuse(source, refusal);
  }

  #isInScope(dn: string): boolean {
    try {
      return this.#scope.covers(dn);
    } catch (error) {
      if (error instanceof DnSyntaxError) return true; // refused when it is loaded
      throw error;
    }
  }

  #refuse({ file, record }: SourceRecord, { kind, reason }: BulkRefusal): void {
    this.#skipped += 1;
    const line = record.type === "invalid" ? record.error.line : record.line;
    this.#options.onBadEntry?.({ file, line, dn: record.dn, kind, reason });
    if (this.#options.badEntries === "fail" && this.#skipped >= BAD_ENTRIES_MAX) {
      throw failed(`More than ${BAD_ENTRIES_MAX} entries cannot be imported; nothing was changed`);
    }
  }

  #commit(options: { readonly everything?: boolean } = {}): Promise<void> {
    return commitLoad(this.#directory, this.#backend, this.#open, options);
  }

  /** undefined: there is nothing to hash. */
  #hashPasswords(record: BulkRecord): Promise<readonly AttributeValues[]> | undefined {
    const clear = record.attributes.some(
      ({ type, values }) => isPassword(type) && values.some(isClear),
    );
    if (!clear || this.#withState || hasState(record)) return undefined;
    return Promise.all(
      record.attributes.map(async (attribute) =>
        isPassword(attribute.type)
          ? {
              ...attribute,
              values: await Promise.all(attribute.values.map((value) => this.#hash(value))),
            }
          : attribute,
      ),
    );
  }

  /** What cannot be a password stays and fails the check of its length at no bind: it is kept as it is. */
  async #hash(value: Buffer): Promise<Buffer> {
    if (!isClear(value)) return value;
    const scheme = this.#directory.config.snapshot.passwordPolicy.storageScheme as SchemeName;
    return hashPassword(scheme, value, this.#directory.random, this.#hashers);
  }

  #checkCanceled(): void {
    if (this.#options.isCanceled?.() === true)
      throw new LdapError("canceled", "The import was canceled");
  }
}

const isPassword = (type: string): boolean => {
  const name = type.toLowerCase();
  return name === "userpassword" || name === "2.5.4.35";
};

/** A clear-text password that can be hashed. */
const isClear = (value: Buffer): boolean =>
  value.length > 0 && value.length <= PASSWORD_BYTES_MAX && !isHashed(value);

const failed = (message: string): LdapError => new LdapError("operationsError", message);
