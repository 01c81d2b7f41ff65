// One replicated suffix on this server: its update vector and CSN generator, and what suppliers may do with it.
// The consumer machine (replication/consumer) asks it through ReplicaPort; agreements ask it through the replicas. Everything
// that is stored goes through the write queue. Keep-alive, catch-up gate, initializations and cleaned IDs are parts of it with
// files of their own.
import type { Millis } from "../base/index.ts";
import type { ReplicaSettings } from "../config/index.ts";
import { type WriteEffects, applyAndLog, guarded, takeEffects } from "../operation/index.ts";
import { LdapError, SUCCESS } from "../protocol/index.ts";
import type { GateReason } from "../replication/agreement/index.ts";
import type { Change } from "../replication/change/index.ts";
import { type SuppliedId, isGivenUp, mayLearn } from "../replication/clean-ruv/index.ts";
import {
  COVERED_RESULT,
  STALE_RESULT,
  type QueuedChange,
  type ReplicaPort,
} from "../replication/consumer/index.ts";
import {
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  adjustGenerator,
  csnReplicaId,
  makeGenerator,
  READ_ONLY_REPLICA_ID,
} from "../replication/csn/index.ts";
import {
  type Ruv,
  type RuvElement,
  findElement,
  withPurls,
  withSupplier,
} from "../replication/ruv/index.ts";
import type { ReadItem } from "../replication/total/index.ts";
import type { Backend } from "../store/index.ts";
import { CleanedReplicas } from "./cleaned-replicas.ts";
import type { Directory } from "./directory.ts";
import type { SwapParts } from "./open-load.ts";
import { Purge } from "./purge.ts";
import { ReplicaGate } from "./replica-gate.ts";
import { ReplicaImport } from "./replica-import.ts";
import { replicaFacts, settleChangelog } from "./replica-facts.ts";
import { ReplicaKeepAlive } from "./replica-keep-alive.ts";
import { referralUrls } from "./replica-referrals.ts";
import { maySupply } from "./supplier-groups.ts";
import { Trimming } from "./trimming.ts";

export interface ReplicaHooks {
  /** A change of ours is on disk: agreements have work. */
  changeCommitted(replica: Replica, own: Change): void;
  /** The same for a change that a supplier has brought, and has itself. */
  changeReceived(replica: Replica, csn: Csn, supplierId: ReplicaId | undefined): void;
  afterWrite(backend: Backend, effects: WriteEffects): void;
  /** The content of the backend has been replaced. */
  contentReplaced(replica: Replica): void;
  /** A supplier has told what it has. */
  supplierHeard(replica: Replica, supplierId: ReplicaId, ruv: Ruv): void;
  /** An initialization by a supplier is over, well or not. */
  importEnded(replica: Replica): void;
  onDefect(error: unknown): void;
}

export class Replica implements ReplicaPort {
  readonly backend: Backend;
  readonly suffix: string;
  settings: ReplicaSettings;
  isUnavailable = false;
  /** URLs for writers that come to a read-only replica. */
  referrals: readonly string[] = [];
  readonly gate: ReplicaGate;
  readonly import: ReplicaImport;
  readonly cleaned: CleanedReplicas;
  readonly #directory: Directory;
  readonly #hooks: ReplicaHooks;
  readonly keepAlive: ReplicaKeepAlive;
  readonly #purge: Purge;
  readonly #trimming: Trimming;

  constructor(
    directory: Directory,
    backend: Backend,
    settings: ReplicaSettings,
    hooks: ReplicaHooks,
  ) {
    this.#directory = directory;
    this.backend = backend;
    this.suffix = backend.suffix;
    this.settings = settings;
    this.#hooks = hooks;
    this.#purge = new Purge(directory, backend, hooks);
    this.#trimming = new Trimming(directory, backend, hooks);
    this.cleaned = new CleanedReplicas(directory, backend);
    this.gate = new ReplicaGate({
      directory,
      suffix: backend.suffix,
      facts: () => {
        const ruv = this.ruv();
        const now = directory.timers.elapsedMs() as Millis;
        return ruv === undefined ? undefined : { now, ownReplicaId: this.replicaId, ruv };
      },
      onDefect: hooks.onDefect,
    });
    this.import = new ReplicaImport(directory, backend, {
      swapped: () => {
        this.#followRuv();
        hooks.contentReplaced(this);
      },
      ended: () => hooks.importEnded(this),
      onDefect: hooks.onDefect,
    });
    this.keepAlive = new ReplicaKeepAlive(directory, this, hooks);
  }

  get replicaId(): ReplicaId {
    return (this.isUpdatable ? this.settings.replicaId : READ_ONLY_REPLICA_ID) as ReplicaId;
  }
  get isUpdatable(): boolean {
    return this.settings.role === "supplier";
  }
  get purl(): string {
    const { hostName, port } = this.#directory.config.snapshot.server;
    const host = hostName.includes(":") ? `[${hostName}]` : hostName;
    return `ldap://${host}:${port}`;
  }
  /** A total initialization goes out: none may come in, or two servers would replace each other's data. */
  get isTotalBusy(): boolean {
    return this.import.isSending;
  }
  get offersRelease(): boolean {
    return this.settings.releaseTimeoutSec > 0;
  }
  get ignoreTimeSkew(): boolean {
    return this.#directory.config.snapshot.server.ignoreTimeSkew;
  }

  /** Makes the backend a replica: generation, own element, generator, changelog. */
  async start(): Promise<void> {
    await this.#takeRole(READ_ONLY_REPLICA_ID);
    await this.cleaned.forget(this.replicaId);
  }

  /** `leftId`: under which the replica wrote changes so far. */
  async #takeRole(leftId: ReplicaId): Promise<void> {
    this.backend.keepsState = true;
    this.backend.keepsChangelog = this.settings.keepsChangelog;
    await this.#directory.queue.submit((writes) =>
      guarded(this.backend, writes, () => {
        const facts = replicaFacts(this, leftId);
        this.backend.putFacts(writes, facts);
        settleChangelog(this, writes, facts.ruv);
        return { result: undefined, committed: () => {} };
      }),
    );
    this.#followRuv();
  }

  /** The replica's role or ID has changed. */
  async change(settings: ReplicaSettings): Promise<void> {
    const { replicaId } = this;
    this.settings = settings;
    this.keepAlive.reconfigure();
    if (replicaId !== this.replicaId)
      this.backend.useGenerator(makeGenerator(this.replicaId, this.nowSeconds()));
    this.isUnavailable = true;
    await this.#takeRole(replicaId === this.replicaId ? READ_ONLY_REPLICA_ID : replicaId);
    await this.cleaned.forget(this.replicaId);
    this.isUnavailable = false;
  }

  /** The suffix is no replica any more. */
  stop(): void {
    this.isUnavailable = true;
    this.endPurge().catch(this.#hooks.onDefect);
    this.abortImport();
    this.backend.keepsState = false;
    this.backend.keepsChangelog = false;
  }

  nowSeconds(): number {
    return Math.floor(this.#directory.clock.now() / 1000);
  }
  ruv(): Ruv | undefined {
    return this.backend.committed.ruv;
  }
  generator(): CsnGenerator | undefined {
    return this.backend.newest.generator;
  }
  purgeCsn(): Csn | undefined {
    return this.backend.purgeCsn;
  }
  setGenerator(generator: CsnGenerator): void {
    this.backend.useGenerator(generator);
  }
  /** A CSN for a session of an agreement; undefined while clocks are too far apart. */
  sessionCsn(): Csn | undefined {
    try {
      return this.issueCsn();
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      this.#directory.log.warn("replica.csn.refused", {
        suffix: this.suffix,
        reason: error.message,
      });
      return undefined;
    }
  }

  /** @throws LdapError when clocks are too far apart */
  issueCsn(): Csn {
    return this.backend.issueCsn(this.nowSeconds(), { ignoreTimeSkew: this.ignoreTimeSkew });
  }

  /** A peer holds this CSN: ours go above it. */
  adjustGenerator(csn: Csn): "moved" | "skew" {
    const generator = this.backend.newest.generator;
    if (generator === undefined) return "moved";
    const adjusted = adjustGenerator(generator, csn, this.nowSeconds(), {
      ignoreTimeSkew: this.ignoreTimeSkew,
    });
    if (adjusted.type === "skew") return "skew";
    this.backend.useGenerator(adjusted.generator);
    return "moved";
  }

  /** Removes changes from the changelog that nobody needs, one slice a call.
   *  `consumers`: what the consumers of enabled agreements have, as far as known. */
  trim(consumers: readonly (Ruv | undefined)[]): void {
    const local = this.ruv();
    if (local === undefined || !this.settings.keepsChangelog) return;
    this.#trimming.tick(local, consumers);
  }

  /** Whether a purge is under way. */
  get isPurging(): boolean {
    return this.#purge.isActive;
  }

  /** Forgets what no operation that may still come could make matter. `partners`: as for `trim`. */
  purge(partners: readonly (Ruv | undefined)[]): void {
    const local = this.ruv();
    if (local === undefined || this.import.isActive) return;
    const { settings, replicaId: ownReplicaId } = this;
    this.#purge.tick({ settings, ownReplicaId, local, partners });
  }

  /** Resolves when the purge has left the database alone for good. */
  endPurge(): Promise<void> {
    return this.#purge.stop();
  }

  maySupply(bindDn: string): boolean {
    return maySupply(this.#directory, this.settings, bindDn);
  }

  isCleaned(csn: Csn): boolean {
    const replicaId = csnReplicaId(csn);
    return replicaId !== this.replicaId && this.cleaned.drops(csn, replicaId);
  }

  isGivenUp(supplier: RuvElement): boolean {
    const isRefused = isGivenUp(this.cleaned.ids, supplier);
    if (isRefused) {
      const { replicaId, purl } = supplier;
      this.#directory.log.warn("consumer.supplier.refused", {
        suffix: this.suffix,
        replicaId,
        purl,
      });
    }
    return isRefused;
  }

  hearSupplier(ruv: Ruv, supplierId: ReplicaId | undefined): void {
    this.#followRuv(this.cleaned.without(ruv, this.replicaId));
    if (supplierId === undefined) return;
    this.gate.hear(findElement(ruv, supplierId)?.purl ?? String(supplierId), ruv);
    this.#hooks.supplierHeard(this, supplierId, ruv);
  }

  /** @throws LdapError busy while local changes have to wait */
  checkGate(): void {
    if (this.import.isActive) {
      throw new LdapError("busy", "The replica is being initialized by a supplier");
    }
    this.gate.check();
  }

  learnSupplier(supplier: Ruv): void {
    const { ruv } = this.backend.newest;
    if (ruv === undefined || this.#learned(ruv, supplier) === ruv) return;
    this.#write((writes) => {
      const facts = this.backend.newest;
      if (facts.ruv === undefined) return;
      this.backend.putFacts(writes, { ...facts, ruv: this.#learned(facts.ruv, supplier) });
    });
  }

  #learned(ruv: Ruv, supplier: Ruv): Ruv {
    if (ruv.generation !== supplier.generation) return ruv;
    const [own] = supplier.elements;
    const isLearned = own !== undefined && mayLearn(this.cleaned.ids, own);
    return withPurls(isLearned ? withSupplier(ruv, own, this.replicaId) : ruv, supplier);
  }

  queueChange(queued: QueuedChange): void {
    const { backend } = this;
    const now = this.#directory.clock.now();
    const submitted = this.#directory.queue.submit((writes) => {
      const { ruv } = backend.newest;
      if (ruv === undefined) {
        queued.settle(
          new LdapError("unavailable", "The data of this replica is being replaced").result(),
        );
        return;
      }
      const verdict = queued.admit(ruv);
      if (verdict === "discard") return;
      if (verdict === "covered" || verdict === "stale") {
        queued.settle(verdict === "covered" ? COVERED_RESULT : STALE_RESULT);
        return;
      }
      guarded(backend, writes, () => {
        const txn = backend.begin(writes);
        applyAndLog(backend, txn, writes, queued.change, { origin: "replicated", now });
        const effects = takeEffects(backend, writes, txn, queued.change);
        return {
          result: undefined,
          committed: () => {
            this.#hooks.afterWrite(backend, effects);
            this.#hooks.changeReceived(this, queued.change.csn, queued.supplierId);
          },
        };
      });
      queued.settle(SUCCESS);
    });
    submitted.then(
      () => queued.committed(),
      (error: unknown) => this.#hooks.onDefect(error),
    );
  }

  beginImport(): boolean {
    return this.import.begin();
  }

  putEntry(read: ReadItem, settled: (outcome: "put" | "orphan" | "refused") => void): void {
    this.import.put(read, settled);
  }

  finishImport(ruv: Ruv, ended: (outcome: "swapped" | "failed") => void): void {
    const take = (cleaned: readonly SuppliedId[]): SwapParts => {
      const { generator = makeGenerator(this.replicaId, this.nowSeconds()) } = this.backend.newest;
      const taken = this.cleaned.take({ ruv, cleaned }, this.replicaId);
      return { ...taken, facts: { ruv: taken.ruv, generator } };
    };
    const finish = (): void =>
      this.import.finish(take, (outcome) => {
        if (outcome === "failed") this.gate.cancel();
        ended(outcome);
      });
    this.expectContent("initialization").then(finish, this.#hooks.onDefect);
  }

  /** The content is about to be replaced. */
  async expectContent(reason: GateReason): Promise<void> {
    if (this.isUpdatable) await this.gate.expect(reason);
  }

  abortImport(): void {
    this.import.abort();
  }

  /** Entries took in what another server had of them. */
  noteRepair(effects: WriteEffects): void {
    this.#hooks.afterWrite(this.backend, effects);
  }

  /** LDIF has been imported in the place of the content. */
  noteImport(): void {
    this.#followRuv();
    this.cleaned.cleanContent(this.replicaId).catch(this.#hooks.onDefect);
    this.#hooks.contentReplaced(this);
  }

  /** Called every second or so: the keep-alive's interval, the gate's limit. */
  tick(): void {
    this.gate.tick();
    this.keepAlive.tick();
  }

  #followRuv(supplier?: Ruv): void {
    this.referrals = referralUrls({
      configured: this.settings.referrals,
      ruv: supplier ?? this.ruv(),
      ownUrl: this.purl,
      suffixDn: this.backend.suffixDn,
    });
  }

  #write(step: (writes: Parameters<Backend["begin"]>[0]) => void): void {
    this.#directory.queue
      .submit((writes) =>
        guarded(this.backend, writes, () => {
          step(writes);
          return { result: undefined, committed: () => {} };
        }),
      )
      .catch(this.#hooks.onDefect);
  }
}
