// A backend for tests of the store, on the memory store if nothing else is said: changes as a supplier sends them, LDIF in and out.
import type { Millis } from "../../src/base/index.ts";
import { Descriptions } from "../../src/entry/index.ts";
import type { IndexKind } from "../../src/index/index.ts";
import { type Kv, MemoryKv, WriteSet } from "../../src/kv/index.ts";
import { LdifReader } from "../../src/ldif/index.ts";
import { applyAndLog } from "../../src/operation/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import { type ReplicaId, makeGenerator } from "../../src/replication/csn/index.ts";
import { type Ruv, coversCsn, makeRuv } from "../../src/replication/ruv/index.ts";
import {
  Backend,
  type BulkFacts,
  BulkLoad,
  type BulkOptions,
  type BulkRefusal,
  type Digest,
  type DigestRunOptions,
  type Finding,
  type LdifExportOptions,
  digestBackend,
  exportLdif,
  hasState,
  isRuvRecord,
  openSnapshot,
  parseRuvRecord,
  parseStateRecord,
  readDescriptions,
  settleDigests,
  verifyBackend,
} from "../../src/store/index.ts";
import { shippedSchema } from "./config-tree.ts";

const NOW = 1_000_000 as Millis;
const INDEXES: readonly (readonly [type: string, kinds: readonly IndexKind[]])[] = [
  ["objectClass", ["equality"]],
  ["cn", ["presence", "equality", "substring"]],
  ["sn", ["equality"]],
  ["description", ["substring"]],
  ["nsUniqueId", ["equality"]],
  ["employeeNumber", ["equality", "ordering"]],
];

export interface Loaded {
  readonly refusals: readonly (BulkRefusal & { readonly line: number })[];
  readonly ruv: Ruv | undefined;
}

export class StoreBackend {
  readonly kv: Kv;
  readonly schema = shippedSchema();
  readonly backend: Backend;
  readonly suffix: string;

  constructor(suffix: string, kv: Kv = new MemoryKv()) {
    this.suffix = suffix;
    this.kv = kv;
    const descriptions = new Descriptions(this.schema, () => readDescriptions(this.kv));
    this.backend = new Backend(this.kv, { name: "b", suffix, descriptions });
    this.write((writes) => {
      let indexes = this.backend.indexes;
      for (const [type, kinds] of INDEXES) {
        indexes = indexes.with(this.schema.attributeType(type), new Set(kinds), "ready");
      }
      this.backend.putIndexes(writes, indexes);
    });
  }

  /** Makes it a replica that has seen nothing. */
  replicate(replicaId = 60_000): this {
    this.backend.keepsState = true;
    this.backend.keepsChangelog = true;
    this.write((writes) =>
      this.backend.putFacts(writes, {
        ruv: makeRuv("00000001000000010000"),
        generator: makeGenerator(replicaId as ReplicaId, 1),
      }),
    );
    return this;
  }

  write(run: (writes: WriteSet) => void): void {
    this.kv.transactSync(() => {
      const writes = new WriteSet();
      run(writes);
      this.backend.saveDescriptions(writes);
      for (const callback of writes.apply()) callback();
    });
    this.backend.committed = this.backend.newest;
    this.backend.reader.forgetNames();
    this.kv.renew();
  }

  /** As received from another supplier; what the update vector covers is no news. */
  apply(change: Change): void {
    const { ruv } = this.backend.newest;
    if (ruv !== undefined && coversCsn(ruv, change.csn)) return;
    this.write((writes) => {
      const txn = this.backend.begin(writes);
      applyAndLog(this.backend, txn, writes, change, { origin: "replicated", now: NOW });
    });
  }

  /** Makes the digests that are stale: all, or those from an ID on that one slice without time takes. */
  settle({ from = 0, isOver = false } = {}): number | undefined {
    let next: number | undefined;
    this.write((writes) => {
      const txn = this.backend.begin(writes);
      next = settleDigests(this.backend, txn, { from, isOver: () => isOver });
    });
    return next;
  }

  load(options: Partial<BulkOptions> = {}): BulkLoad {
    let last = 0;
    return new BulkLoad(this.backend, {
      schemaCheck: true,
      syntaxCheck: true,
      stamp: { actorDn: "cn=importer", time: "20260101000000Z" },
      newUniqueId: () => {
        last += 1;
        return `0badcafe-00000000-00000000-${last.toString(16).padStart(8, "0")}` as UniqueId;
      },
      newEntryUuid: () => "11111111-2222-4333-8444-555555555555",
      ...options,
    });
  }

  /** Replaces the content by that of an LDIF text. */
  importLdif(text: string | Buffer, options: Partial<BulkOptions> = {}): Loaded {
    const load = this.load(options);
    const reader = new LdifReader();
    const refusals: (BulkRefusal & { line: number })[] = [];
    let ruv: Ruv | undefined;
    const records = [...reader.feed(Buffer.from(text)), ...reader.end()];
    const withState = records.some((record) => record.type === "content" && isRuvRecord(record));
    for (const record of records) {
      if (record.type !== "content") throw new Error(`line ${record.line}: no entry`);
      if (isRuvRecord(record)) {
        ruv = parseRuvRecord(record);
        continue;
      }
      const entry = withState || hasState(record) ? parseStateRecord(record) : undefined;
      const refusal =
        entry === undefined
          ? load.addPlain(record.dn, record.attributes)
          : load.addWithState(entry);
      if (refusal !== undefined) refusals.push({ ...refusal, line: record.line });
      if (load.shouldCommit) this.commit(load);
    }
    this.swap(load, { ruv, generator: undefined });
    return { refusals, ruv };
  }

  /** Writes what the load has staged, and the index keys of that. */
  commit(load: BulkLoad, options: { readonly everything?: boolean } = {}): void {
    this.kv.transactSync(() => load.commit());
    this.kv.renew();
    const indexing = load.openIndexing();
    const write = (): void => this.kv.transactSync(() => indexing.write(() => false));
    for (const work of load.takeIndexWork(options)) {
      indexing.collect(work);
      if (indexing.isFull) write();
    }
    write();
    this.kv.renew();
  }

  swap(load: BulkLoad, facts: BulkFacts): void {
    this.commit(load, { everything: true });
    const old = this.backend.set;
    this.write((writes) => {
      load.finish(facts);
      this.backend.putPointer(writes, load.set);
    });
    this.backend.reload();
    this.backend.dropSet(old);
  }

  snapshot(): Backend {
    return openSnapshot(this.kv, { name: "b", suffix: this.suffix, schema: this.schema });
  }

  export(options: LdifExportOptions): string {
    const pieces = exportLdif(this.snapshot(), options);
    return Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))).toString("utf8");
  }

  verify(): readonly Finding[] {
    return verifyBackend(this.snapshot());
  }

  digest(options: DigestRunOptions = {}): Digest {
    return digestBackend(this.snapshot(), options);
  }

  dns(): string[] {
    const { reader } = this.backend;
    return reader
      .idsFrom(1, 10_000)
      .map((id) => reader.getEntry(id).dn)
      .sort();
  }
}
