// One replicated suffix on this server: its update vector and CSN generator, what suppliers may do with it, its keep-alive entry
// and catch-up gate. The consumer machine (replication/consumer) asks it through ReplicaPort; agreements ask it through the
// replicas. Everything that is stored goes through the write queue.
import { isGroupMember } from "../access/index.ts";
import type { ReplicaSettings } from "../config/index.ts";
import { type WriteEffects, applyAndLog, guarded } from "../operation/index.ts";
import { LdapError, SUCCESS } from "../protocol/index.ts";
import {
  type GateState,
  GATE_LIMIT_MS_DEFAULT,
  GATE_OPEN,
  type GateReason,
  type KeepAliveReason,
  type KeepAliveTimer,
  changeKeepAliveInterval,
  closeGate,
  describeGate,
  forgetPeer,
  hearPeer,
  startKeepAliveTimer,
  tickGate,
  tickKeepAlive,
} from "../replication/agreement/index.ts";
import type { Change } from "../replication/change/index.ts";
import { countChanges, reachesRuv, resetChangelog } from "../replication/changelog/index.ts";
import {
  COVERED_RESULT,
  type QueuedChange,
  type ReplicaPort,
} from "../replication/consumer/index.ts";
import {
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  adjustGenerator,
  makeCsn,
  makeGenerator,
  resumeGenerator,
  READ_ONLY_REPLICA_ID,
} from "../replication/csn/index.ts";
import {
  type Ruv,
  makeRuv,
  ruvMaxCsn,
  withOwnElement,
  withSupplier,
  withoutReplica,
} from "../replication/ruv/index.ts";
import type { TotalEntry } from "../replication/total/index.ts";
import type { Backend } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import { keepAliveChange } from "./keep-alive-change.ts";
import { Purge } from "./purge.ts";
import { TotalImport } from "./total-import.ts";
import { Trimming } from "./trimming.ts";

export interface ReplicaHooks {
  /** Changes are on disk: agreements have work. */
  changesCommitted(replica: Replica, own: Change | undefined): void;
  afterWrite(backend: Backend, effects: WriteEffects): void;
  /** The content of the backend has been replaced. */
  contentReplaced(replica: Replica, reason: GateReason): void;
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
  gate: GateState = GATE_OPEN;
  readonly #directory: Directory;
  readonly #hooks: ReplicaHooks;
  #keepAlive: KeepAliveTimer;
  readonly #purge: Purge;
  readonly #trimming: Trimming;
  #import: TotalImport | undefined;
  /** From Start until the new content is in its place, or it is sure that the old one stays. */
  #isImporting = false;
  /** Agreements that initialize their consumers. */
  readonly #initializing = new Set<string>();
  /** The newest change of our own in the data that was replaced. */
  #lastIssued: Csn | undefined;

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
    this.#keepAlive = startKeepAliveTimer(
      settings.keepAliveIntervalSec * 1000,
      directory.clock.now(),
    );
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
    return this.#initializing.size > 0;
  }
  /** A supplier initializes this replica. */
  get isImporting(): boolean {
    return this.#isImporting;
  }
  get offersRelease(): boolean {
    return this.settings.releaseTimeoutSec > 0;
  }
  get ignoreTimeSkew(): boolean {
    return this.#directory.config.snapshot.server.ignoreTimeSkew;
  }

  /** Makes the backend a replica: generation, own element, generator, changelog. */
  start(): Promise<void> {
    return this.#takeRole(READ_ONLY_REPLICA_ID);
  }

  /** `leftId`: under which the replica wrote changes so far. */
  async #takeRole(leftId: ReplicaId): Promise<void> {
    this.backend.keepsState = true;
    this.backend.keepsChangelog = this.settings.keepsChangelog;
    await this.#directory.queue.submit((writes) =>
      guarded(this.backend, writes, () => {
        const facts = this.#facts(leftId);
        this.backend.putFacts(writes, facts);
        this.#settleChangelog(writes, facts.ruv);
        return { result: undefined, committed: () => {} };
      }),
    );
    this.#followRuv();
  }

  /** A consumer has no changelog. One that was kept before and has a gap since then must not be served from. */
  #settleChangelog(writes: Parameters<Backend["begin"]>[0], ruv: Ruv): void {
    const tables = this.backend.writableTables(writes, this.backend.tables);
    const isWhole = this.settings.keepsChangelog
      ? reachesRuv(tables, ruv)
      : countChanges(tables) === 0;
    if (!isWhole) resetChangelog(tables, ruv);
  }

  /** The replica's role or ID has changed. */
  async change(settings: ReplicaSettings): Promise<void> {
    const { replicaId } = this;
    this.settings = settings;
    const now = this.#directory.clock.now();
    this.#keepAlive = changeKeepAliveInterval(
      this.#keepAlive,
      settings.keepAliveIntervalSec * 1000,
      now,
    );
    if (replicaId !== this.replicaId)
      this.backend.useGenerator(makeGenerator(this.replicaId, this.nowSeconds()));
    this.isUnavailable = true;
    await this.#takeRole(replicaId === this.replicaId ? READ_ONLY_REPLICA_ID : replicaId);
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
  setGenerator(generator: CsnGenerator): void {
    this.backend.useGenerator(generator);
  }
  /** An agreement begins to initialize its consumer, or is through with it. */
  noteInitializing(agreement: string, isInitializing: boolean): void {
    if (isInitializing) this.#initializing.add(agreement);
    else this.#initializing.delete(agreement);
  }

  /** A CSN for a session of an agreement; undefined while clocks are too far apart. */
  sessionCsn(): Csn | undefined {
    try {
      return this.#issueCsn();
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
  #issueCsn(): Csn {
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
    if (local === undefined || this.#isImporting) return;
    const { settings, replicaId: ownReplicaId } = this;
    this.#purge.tick({ settings, ownReplicaId, local, partners });
  }

  /** Resolves when the purge has left the database alone for good. */
  endPurge(): Promise<void> {
    return this.#purge.stop();
  }

  /** Groups are looked up at every Start. nsDS5ReplicaBindDnGroupCheckInterval says how old the list of members may be that 389
   *  keeps; here nothing is kept. */
  maySupply(bindDn: string): boolean {
    const { normalBindDns, normalBindDnGroups } = this.settings;
    if (bindDn === "") return false;
    if (normalBindDns.includes(bindDn) || normalBindDnGroups.includes(bindDn)) return true;
    const { schema } = this.#directory;
    this.#directory.kv.renew();
    const find = (normalDn: string): ReturnType<Backend["reader"]["entry"]> => {
      const target = this.#directory.route(normalDn);
      if (target.kind !== "suffix") return undefined;
      const id = target.backend?.reader.idOfDn(normalDn);
      return id === undefined ? undefined : target.backend?.reader.entry(id);
    };
    return normalBindDnGroups.some((group) => isGroupMember(group, bindDn, { schema, find }));
  }

  isCleaned(_replicaId: ReplicaId): boolean {
    return false;
  }

  hearSupplier(ruv: Ruv): void {
    const first = ruv.elements[0];
    if (first !== undefined) this.hearPeer(first.purl ?? String(first.replicaId), ruv);
    this.#followRuv(ruv);
  }

  /** A peer has told what it holds. */
  hearPeer(peer: string, ruv: Ruv): void {
    const own = this.ruv();
    if (own === undefined) return;
    const facts = { now: this.#directory.clock.now(), ownReplicaId: this.replicaId, ruv: own };
    this.gate = hearPeer(this.gate, peer, ruv, facts);
  }

  forgetPeer(peer: string): void {
    const ruv = this.ruv();
    if (ruv === undefined) return;
    const facts = { now: this.#directory.clock.now(), ownReplicaId: this.replicaId, ruv };
    this.gate = forgetPeer(this.gate, peer, facts);
  }

  /** The data came from elsewhere: no CSN of our own before what peers hold of ours has come back. */
  closeGate(reason: GateReason, peers: readonly string[]): void {
    const ruv = this.ruv();
    if (!this.isUpdatable || ruv === undefined) return;
    this.gate = closeGate({
      reason,
      peers,
      ruv,
      now: this.#directory.clock.now(),
      ownReplicaId: this.replicaId,
      limitMs: GATE_LIMIT_MS_DEFAULT,
      lastIssued: this.#lastIssued,
    });
    if (this.gate.name === "closed") {
      this.#directory.log.info("replica.gate.closed", { suffix: this.suffix, reason, peers });
    }
  }

  /** @throws LdapError busy while local changes have to wait */
  checkGate(): void {
    if (this.#isImporting) {
      throw new LdapError("busy", "The replica is being initialized by a supplier");
    }
    if (this.gate.name === "open") return;
    const ruv = this.ruv();
    const own = ruv && ruvMaxCsn(ruv, this.replicaId);
    throw new LdapError("busy", describeGate(this.gate, own) ?? "The replica is catching up");
  }

  learnSupplier(supplier: {
    readonly replicaId: ReplicaId;
    readonly purl: string | undefined;
  }): void {
    const ruv = this.backend.newest.ruv;
    if (ruv === undefined || withSupplier(ruv, supplier, this.replicaId) === ruv) return;
    this.#write((writes) => {
      const facts = this.backend.newest;
      if (facts.ruv === undefined) return;
      this.backend.putFacts(writes, {
        ...facts,
        ruv: withSupplier(facts.ruv, supplier, this.replicaId),
      });
    });
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
      if (verdict === "covered") {
        queued.settle(COVERED_RESULT);
        return;
      }
      guarded(backend, writes, () => {
        const txn = backend.begin(writes);
        applyAndLog(backend, txn, writes, queued.change, { origin: "replicated", now });
        const { aciChanges, namesChanged } = txn.writer;
        const effects = { change: queued.change, aciChanges, namesChanged };
        return {
          result: undefined,
          committed: () => {
            this.#hooks.afterWrite(backend, effects);
            this.#hooks.changesCommitted(this, undefined);
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
    if (this.#isImporting || this.isTotalBusy) return false;
    this.#isImporting = true;
    this.#import = new TotalImport(this.#directory, this.backend);
    return true;
  }

  putEntry(entry: TotalEntry, settled: (outcome: "put" | "orphan" | "refused") => void): void {
    const { onDefect } = this.#hooks;
    this.#import?.put(entry).then(settled, onDefect);
  }

  finishImport(ruv: Ruv, ended: (outcome: "swapped" | "failed") => void): void {
    const running = this.#import;
    this.#import = undefined;
    const old = this.ruv();
    this.#lastIssued = old && ruvMaxCsn(old, this.replicaId);
    const finished = running === undefined ? Promise.resolve(false) : this.#swap(running, ruv);
    finished.then((isSwapped) => {
      this.#endImport();
      ended(isSwapped ? "swapped" : "failed");
    }, this.#hooks.onDefect);
  }

  #endImport(): void {
    this.#isImporting = false;
    this.#hooks.importEnded(this);
  }

  /** Puts the received content in the place of the old; false: it could not be completed. */
  async #swap(running: TotalImport, ruv: Ruv): Promise<boolean> {
    const { generator } = this.backend.newest;
    try {
      await running.finish({
        ruv,
        generator: generator ?? makeGenerator(this.replicaId, this.nowSeconds()),
      });
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      this.#directory.log.error("replica.initialization.failed", {
        suffix: this.suffix,
        reason: error.message,
      });
      return false;
    }
    this.#followRuv(ruv);
    this.#hooks.contentReplaced(this, "initialization");
    return true;
  }

  /** LDIF has been imported in the place of the content. */
  noteImport(): void {
    this.#followRuv();
    this.#hooks.contentReplaced(this, "import");
  }

  abortImport(): void {
    const running = this.#import;
    this.#import = undefined;
    running?.abort().then(() => this.#endImport(), this.#hooks.onDefect);
  }

  /** Writes the keep-alive entry of this supplier, unless the catch-up gate is closed, or it cannot be written now. */
  async writeKeepAlive(reason: KeepAliveReason): Promise<void> {
    if (!this.isUpdatable || this.gate.name !== "open" || this.#isImporting) return;
    try {
      await this.#putKeepAlive(reason);
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      this.#directory.log.warn("replica.keepAlive.refused", {
        suffix: this.suffix,
        reason: error.message,
      });
    }
  }

  async #putKeepAlive(reason: KeepAliveReason): Promise<void> {
    const { queue, clock } = this.#directory;
    await queue.submit((writes) =>
      guarded(this.backend, writes, () => {
        const txn = this.backend.begin(writes);
        const now = clock.now();
        const change = keepAliveChange(txn.writer, reason, {
          suffixDn: this.backend.suffixDn,
          replicaId: this.replicaId,
          now,
          random: this.#directory.random,
          issueCsn: () => this.#issueCsn(),
        });
        if (change !== undefined) {
          applyAndLog(this.backend, txn, writes, change, { origin: "local", now });
        }
        const committed = (): void => {
          if (change !== undefined) this.#hooks.changesCommitted(this, change);
        };
        return { result: undefined, committed };
      }),
    );
  }

  /** Called every second or so: the keep-alive's interval, the gate's limit. */
  tick(): void {
    const now = this.#directory.clock.now();
    const ruv = this.ruv();
    if (ruv !== undefined)
      this.gate = tickGate(this.gate, { now, ownReplicaId: this.replicaId, ruv });
    const { timer, isDue } = tickKeepAlive(this.#keepAlive, now, this.gate.name === "open");
    this.#keepAlive = timer;
    if (isDue) this.writeKeepAlive("refresh").catch(this.#hooks.onDefect);
  }

  /** Replication facts of the backend as they are to be: completed where something is missing. */
  #facts(leftId: ReplicaId): { ruv: Ruv; generator: CsnGenerator } {
    const { generator } = this.backend.newest;
    const ruv = this.backend.newest.ruv && withoutLeft(this.backend.newest.ruv, leftId);
    const isOwn = generator !== undefined && generator.replicaId === this.replicaId;
    const ownGenerator = resumeGenerator(
      isOwn ? generator : makeGenerator(this.replicaId, this.nowSeconds()),
      ruv && ruvMaxCsn(ruv),
      this.nowSeconds(),
    );
    const born = ruv ?? makeRuv(makeCsn(this.nowSeconds(), 0, this.replicaId));
    return {
      ruv: this.isUpdatable ? withOwnElement(born, this.replicaId, this.purl) : born,
      generator: ownGenerator,
    };
  }

  /** Referrals: the configured ones, else all servers of the update vector but this one (replication-protocol 11.1). */
  #followRuv(supplier?: Ruv): void {
    const { referrals } = this.settings;
    const ruv = supplier ?? this.ruv();
    const urls =
      referrals.length > 0 ? referrals : (ruv?.elements ?? []).flatMap(({ purl }) => purl ?? []);
    const path = encodeURIComponent(this.backend.suffixDn);
    this.referrals = [...new Set(urls.filter((url) => url !== this.purl))].map((url) =>
      /^ldaps?:\/\/[^/]+\/?$/.test(url) ? `${url.replace(/\/$/, "")}/${path}` : url,
    );
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

/** The element of a replica ID that is not ours any more goes, as in 389; unless it has changes: they are in the data, and
 *  partners that find the element missing would have to send them all again, from changelogs that do not go back so far. */
const withoutLeft = (ruv: Ruv, leftId: ReplicaId): Ruv =>
  ruvMaxCsn(ruv, leftId) === undefined ? withoutReplica(ruv, leftId) : ruv;
