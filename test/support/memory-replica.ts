// A replica in memory with both sides of replication, and a link between two of them through the codec. Entries are only what
// the tests look at: the changes in the order in which they were applied, and the entries of a total initialization.
import type { Log } from "../../src/base/index.ts";
import { SILENT_LOG } from "../../src/base/index.ts";
import { encodeBer } from "../../src/ber/index.ts";
import { MemoryKv } from "../../src/kv/index.ts";
import type { LinkError } from "../../src/link/index.ts";
import {
  type Control,
  type LdapResult,
  type Request,
  SUCCESS,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type TotalStructure,
} from "../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import {
  type ChangelogTables,
  appendChange,
  readRuv,
  resetChangelog,
  writeRuv,
} from "../../src/replication/changelog/index.ts";
import {
  type CleanedIds,
  type SuppliedId,
  isDropped,
  isGivenUp,
} from "../../src/replication/clean-ruv/index.ts";
import {
  COVERED_RESULT,
  STALE_RESULT,
  type QueuedChange,
  ReplicaConsumer,
  type ReplicaPort,
  ReplicationRequests,
  type SupplierConnection,
} from "../../src/replication/consumer/index.ts";
import {
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  adjustGenerator,
  makeGenerator,
  nextCsn,
} from "../../src/replication/csn/index.ts";
import {
  type Ruv,
  type RuvElement,
  advanceRuv,
  makeRuv,
  withOwnElement,
  withPurls,
  withSupplier,
} from "../../src/replication/ruv/index.ts";
import type { ReplicaData, SupplierLink } from "../../src/replication/thread/index.ts";
import type {
  EntrySource,
  ReadItem,
  ReceivedItem,
  TotalEntry,
} from "../../src/replication/total/index.ts";

export const SUFFIX = "dc=x";
export const PURLS = (replicaId: number): string => `ldap://s${replicaId}:389`;

export class MemoryReplica implements ReplicaPort, ReplicaData {
  readonly kv = new MemoryKv();
  readonly tables: ChangelogTables = {
    changelog: this.kv.bytesTable("changelog"),
    window: this.kv.bytesTable("window"),
    meta: this.kv.bytesTable("meta"),
  };
  readonly suffix = SUFFIX;
  readonly replicaId: ReplicaId;
  readonly purl: string;
  readonly ignoreTimeSkew = false;
  isUnavailable = false;
  isTotalBusy = false;
  offersRelease = false;
  now = 1_000_000;
  /** Up to which old state has been purged. */
  purged: Csn | undefined;
  /** DNs of what was applied, in order. */
  readonly applied: string[] = [];
  /** Who brought them. */
  readonly broughtBy: (ReplicaId | undefined)[] = [];
  /** Who has told what it has, with each Start. */
  readonly heard: (ReplicaId | undefined)[] = [];
  entries: TotalEntry[] = [];
  /** What the tree keeps beside them: sent and received as it is. */
  parts: TotalStructure[] = [];
  /** What has come in initializations. */
  readonly received: ReceivedItem["type"][] = [];
  readonly receivedCleaned: SuppliedId[] = [];
  /** The content that is being sent is not the replica's any more. */
  isReplaced = false;
  /** What CleanAllRUV has left. */
  cleaned: CleanedIds = new Map();
  /** Results that the next changes get instead of success, by DN. */
  readonly refusals = new Map<string, LdapResult>();
  readonly consumer: ReplicaConsumer;
  readonly requests: ReplicationRequests;
  private csnGenerator: CsnGenerator;
  private staged: TotalEntry[] | undefined;
  private queue: QueuedChange[] = [];
  /** Changes in one transaction of the write queue. */
  batchMax = 64;

  constructor(replicaId: number, generation = "g", log: Log = SILENT_LOG) {
    this.replicaId = replicaId as ReplicaId;
    this.purl = PURLS(replicaId);
    this.csnGenerator = makeGenerator(this.replicaId, this.now);
    this.consumer = new ReplicaConsumer(this, log);
    this.requests = new ReplicationRequests({
      findReplica: (suffix) => (suffix === SUFFIX ? this.consumer : undefined),
    });
    this.store(withOwnElement(makeRuv(generation), this.replicaId, this.purl));
  }

  /** A local change of the entry `name`. */
  change(name: string, types: readonly string[] = ["sn"]): Csn {
    const csn = this.nextCsn();
    const mods = types.map((type) => ({
      operation: "replace" as const,
      type,
      values: [Buffer.from(name)],
    }));
    const uniqueId = "00000000-00000000-00000000-00000001" as UniqueId;
    this.log({ type: "modify", csn, uniqueId, dn: name, mods });
    return csn;
  }

  purgeCsn(): Csn | undefined {
    return this.purged;
  }

  nextCsn(): Csn {
    const issued = nextCsn(this.csnGenerator, this.now);
    if (issued.type !== "issued") throw new Error("no CSN");
    this.csnGenerator = issued.generator;
    return issued.csn;
  }

  adjust(csn: Csn): "moved" | "skew" {
    const moved = adjustGenerator(this.csnGenerator, csn, this.now);
    if (moved.type === "moved") this.csnGenerator = moved.generator;
    return moved.type;
  }

  private log(change: Change): void {
    this.kv.transactSync(() => {
      appendChange(this.tables, change, this.now);
      writeRuv(this.tables.meta, advanceRuv(this.ruv(), change.csn, this.now));
    });
    this.applied.push(change.dn);
  }

  store(ruv: Ruv): void {
    this.kv.transactSync(() => writeRuv(this.tables.meta, ruv));
  }

  // ReplicaPort
  nowSeconds(): number {
    return this.now;
  }
  ruv(): Ruv {
    return readRuv(this.tables.meta) ?? makeRuv("none");
  }
  generator(): CsnGenerator {
    return this.csnGenerator;
  }
  setGenerator(generator: CsnGenerator): void {
    this.csnGenerator = generator;
  }
  maySupply(bindDn: string): boolean {
    return bindDn === "cn=manager";
  }
  isCleaned(csn: Csn): boolean {
    return isDropped(this.cleaned, csn);
  }
  isGivenUp(supplier: RuvElement): boolean {
    return isGivenUp(this.cleaned, supplier);
  }
  hearSupplier(_ruv: Ruv, supplierId: ReplicaId | undefined): void {
    this.heard.push(supplierId);
  }
  learnSupplier(supplier: Ruv): void {
    const [own] = supplier.elements;
    const ruv = own === undefined ? this.ruv() : withSupplier(this.ruv(), own, this.replicaId);
    this.store(withPurls(ruv, supplier));
  }
  queueChange(queued: QueuedChange): void {
    this.queue.push(queued);
    this.broughtBy.push(queued.supplierId);
    if (this.queue.length === 1) setImmediate(() => this.runBatch());
  }
  private runBatch(): void {
    const batch = this.queue.splice(0, this.batchMax);
    for (const queued of batch) this.runQueued(queued);
    for (const queued of batch) queued.committed();
    if (this.queue.length > 0) setImmediate(() => this.runBatch());
  }
  private runQueued(queued: QueuedChange): void {
    const verdict = queued.admit(this.ruv());
    if (verdict === "discard") return;
    if (verdict === "covered") return queued.settle(COVERED_RESULT);
    if (verdict === "stale") return queued.settle(STALE_RESULT);
    const refusal = this.refusals.get(queued.change.dn);
    if (refusal === undefined) this.log(queued.change);
    queued.settle(refusal ?? SUCCESS);
  }
  beginImport(): boolean {
    this.staged = [];
    return true;
  }
  putEntry(read: ReadItem, settled: (outcome: "put" | "orphan" | "refused") => void): void {
    setImmediate(() => {
      const item = read();
      if (item === undefined) {
        settled("refused");
        return;
      }
      this.received.push(item.type);
      if (item.type === "cleaned") {
        this.receivedCleaned.push(...item.ids);
        settled("put");
        return;
      }
      if (item.type === "structure") {
        this.parts.push(item.part);
        settled("put");
        return;
      }
      const entries = item.type === "states" ? item.states.map(({ entry }) => entry) : [item.entry];
      this.staged?.push(...entries);
      const dns = entries.map(({ dn }) => dn);
      settled(dns.includes("refused") ? "refused" : dns.includes("orphan") ? "orphan" : "put");
    });
  }
  finishImport(ruv: Ruv, done: (outcome: "swapped" | "failed") => void): void {
    setImmediate(() => {
      this.entries = this.staged ?? [];
      this.staged = undefined;
      this.kv.transactSync(() => resetChangelog(this.tables, ruv));
      done("swapped");
    });
  }
  abortImport(): void {
    this.staged = undefined;
  }

  // ReplicaData
  renew(): void {
    this.kv.renew();
  }
  changelog(): ChangelogTables {
    return this.tables;
  }
  cleanedIds(): CleanedIds {
    return this.cleaned;
  }
  openEntries(): EntrySource {
    const [suffix, ...others] = this.entries;
    return {
      ruv: this.ruv(),
      entriesEstimate: this.entries.length,
      suffixEntry: () => suffix,
      entriesInTreeOrder: () => others,
      items: () => [
        ...this.entries.map(
          (entry) => ({ type: "state", state: { entry, node: undefined } }) as const,
        ),
        ...this.parts.map((part) => ({ type: "structure", part }) as const),
      ],
      isReplaced: () => this.isReplaced,
      close: () => {},
    };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

let connections = 0;

/** A connection from a supplier to `replica`: bytes are encoded, decoded, and take a turn of the event loop each way. */
export class MemoryLink implements SupplierLink {
  onLost: (error: LinkError) => void = () => {};
  readonly isWritable = true;
  /** What was sent, by type. */
  readonly sent: string[] = [];
  private readonly replica: MemoryReplica;
  private readonly connection: SupplierConnection;
  private isOpen = true;

  constructor(replica: MemoryReplica, lost: (link: MemoryLink) => void) {
    this.replica = replica;
    connections += 1;
    const id = connections;
    this.connection = {
      id,
      boundDn: "cn=manager",
      label: `conn=${id}`,
      close: () => {
        if (!this.isOpen) return;
        this.isOpen = false;
        replica.requests.closed(id);
        setImmediate(() => lost(this));
      },
    };
  }

  whenWritable(): Promise<void> {
    return Promise.resolve();
  }

  send(
    request: Request,
    controls: readonly Control[],
    onAnswer: Parameters<SupplierLink["send"]>[2],
  ): void {
    this.sent.push(request.type === "extended" ? request.oid : request.type);
    const bytes = encodeBer((writer) => encodeRequest(writer, { messageId: 1, request, controls }));
    setImmediate(() => {
      if (!this.isOpen) return;
      this.replica.requests.handle(this.connection, decodeRequest(bytes), (response, attached) => {
        const answer = encodeBer((writer) =>
          encodeResponse(writer, { messageId: 1, response, controls: attached }),
        );
        setImmediate(() => onAnswer(decodeResponse(answer)));
      });
    });
  }

  /** The network fails. */
  cut(): void {
    this.connection.close();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.replica.requests.closed(this.connection.id);
  }
}
