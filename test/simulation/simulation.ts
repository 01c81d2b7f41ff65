// One run: the servers of a scenario, its actions at their times, and between them the phases in which everything is healed and
// the checkers look.
import type { Mod } from "../../src/protocol/index.ts";
import { ResultCode } from "../../src/protocol/index.ts";
import type { Change } from "../../src/replication/change/index.ts";
import type { Csn, ReplicaId } from "../../src/replication/csn/index.ts";
import { ruvMaxCsn } from "../../src/replication/ruv/index.ts";
import { structuralOperation } from "../../src/replication/urp/index.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { EventQueue } from "./event-queue.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNetwork } from "./fake-network.ts";
import { Ledger } from "./ledger.ts";
import { findUntruth, readControls } from "./local-truth.ts";
import { type Update, firstEntries, nextRequests } from "./operations.ts";
import type { Action, AgreementPlan, Scenario, ServerPlan } from "./scenario.ts";
import { agreementDn, makeConfig } from "./server-config.ts";
import { type ServerWatcher, SimulatedServer, seedOf } from "./simulated-server.ts";
import { Trace } from "./trace.ts";

export interface SimulationOptions {
  /** Numbers of actions that are left out. */
  readonly without?: ReadonlySet<number>;
  readonly keepsTrace?: boolean;
}

/** Why servers that have the same changes may differ; the reasons are in docs/notes/013-simulation.md. `initialization`: a change
 *  of the tree has arrived that is older than others which came by an initialization without the structure log. `gap`: a supplier
 *  went on without changes of its own, which only servers out of reach held. `purge`: what a server did not know of when it issued a
 *  change has been purged where that arrives. `force`: a forced cleaning has cut off changes that some had. */
export type Limit = "initialization" | "gap" | "purge" | "force";

/** Attempts of an operator at the first initialization of a server. */
const INITIALIZATIONS_MAX = 30;

export class Simulation implements ServerWatcher {
  readonly scenario: Scenario;
  readonly queue = new EventQueue();
  readonly network: FakeNetwork;
  readonly trace: Trace;
  readonly ledger = new Ledger((name) => this.plans.get(name)?.role === "supplier");
  readonly servers = new Map<string, SimulatedServer>();
  /** Of the servers that take part. */
  readonly plans = new Map<string, ServerPlan>();
  readonly agreements: Map<string, AgreementPlan>;
  readonly options: SimulationOptions;
  /** What the supplier of an initialization held when it began, by consumer. */
  readonly #initializing = new Map<string, ReadonlySet<Csn>>();
  /** Who initializes it, or did so last. */
  readonly #suppliedBy = new Map<string, string>();
  /** Changes of the tree that the supplier of an initialization lacked when it began, while it had newer ones, by consumer. */
  readonly #late = new Map<string, ReadonlySet<Csn>>();
  /** Servers that were initialized without the structure log. */
  readonly #withoutLog = new Set<string>();
  /** Servers get their first content. Half of the seeds take it in the form of 389. */
  #isSettingUp = true;
  /** Why servers may differ. */
  readonly limits = new Set<Limit>();
  /** When the content of a server was replaced last. */
  readonly replacedAt = new Map<string, number>();
  /** When a server was restored from a backup last. */
  readonly restoredAt = new Map<string, number>();
  /** The first thing that went wrong. */
  failure: Error | undefined;
  /** CSNs of writes that are on disk and not answered yet, by server. */
  readonly unanswered = new Map<string, Csn[]>();
  /** An operator has done, or a clock has shown, what may leave a consumer behind the changelogs of its suppliers. */
  mayCutOff = false;
  /** Servers that clients leave alone: not initialized yet, or about to be removed. */
  readonly atRest = new Set<string>();
  /** IDs that every server has cleaned: nobody shows them again. By server, because a backup may be older. */
  readonly cleaned = new Map<string, ReadonlySet<ReplicaId>>();
  /** Consumers that lack changes of a cleaned ID, as their suppliers say: by name. */
  readonly behind = new Set<string>();
  answeredCount = 0;
  refusedCount = 0;

  constructor(scenario: Scenario, options: SimulationOptions = {}) {
    this.scenario = scenario;
    this.options = options;
    const { seed, latencyMs } = scenario;
    this.trace = new Trace(this.queue, { keepsLines: options.keepsTrace === true });
    const networkRandom = new SeededRandom(seedOf(`${seed} network`));
    this.network = new FakeNetwork(this.queue, networkRandom, latencyMs);
    this.agreements = new Map(scenario.agreements.map((plan) => [plan.name, plan]));
    for (const plan of scenario.servers) this.add(plan, scenario.agreements);
  }

  /** A server with the agreements that it has from the first. */
  add(plan: ServerPlan, agreements: readonly AgreementPlan[]): SimulatedServer {
    const { queue, network, trace, scenario } = this;
    const { name, drift, offsetMs, diskMs, quietMs } = plan;
    const server = new SimulatedServer({
      name,
      seed: scenario.seed,
      queue,
      network,
      trace,
      clock: new FakeClock(queue, { drift, offsetMs }),
      watcher: this,
      speaksAs389: () => this.#speaksAs389,
      config: makeConfig(plan, agreements),
      diskMs,
      quietMs,
    });
    this.servers.set(name, server);
    this.plans.set(name, plan);
    return server;
  }

  /** A server that is gone for good, with all that it alone has. */
  remove(name: string): void {
    this.servers.delete(name);
    this.plans.delete(name);
    this.unanswered.delete(name);
    this.cleaned.delete(name);
    this.behind.delete(name);
    this.ledger.remove(name);
  }

  /** Whether this very server takes part: its name may have gone to another. */
  isMember(server: SimulatedServer): boolean {
    return this.servers.get(server.name) === server;
  }

  get #speaksAs389(): boolean {
    return this.#isSettingUp && this.scenario.seed % 2 === 1;
  }

  get withPurge(): boolean {
    return this.scenario.withPurge;
  }

  server(name: string): SimulatedServer {
    const server = this.servers.get(name);
    if (server === undefined) throw new Error(`there is no server ${name}`);
    return server;
  }

  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
  }

  // ---- what servers show ------------------------------------------------------------------------------------------

  committed(server: SimulatedServer, change: Change): void {
    const replicaId = this.plans.get(server.name)?.replicaId ?? 0;
    this.trace.note(server.name, `commits ${change.csn} ${change.type} ${change.dn}`);
    this.ledger.note(server.name, replicaId, change);
    const isLate = this.#late.get(server.name)?.has(change.csn) === true;
    if (isLate && this.#withoutLog.has(server.name)) this.limits.add("initialization");
    this.#checkCleaned(server);
    const { purgeCsn } = server.backend;
    if (purgeCsn !== undefined && this.ledger.isUnseenBelow(change.csn, server.name, purgeCsn)) {
      this.limits.add("purge");
    }
  }

  /** An ID that was cleaned everywhere does not come back. */
  #checkCleaned(server: SimulatedServer): void {
    const { ruv } = server.backend.newest;
    for (const replicaId of this.cleaned.get(server.name) ?? []) {
      if (ruv !== undefined && ruvMaxCsn(ruv, replicaId) !== undefined) {
        this.fail(new Error(`the ID ${replicaId} was cleaned, and ${server.name} shows it again`));
      }
    }
  }

  written(server: SimulatedServer, change: Change): void {
    const waiting = this.unanswered.get(server.name) ?? [];
    waiting.push(change.csn);
    this.unanswered.set(server.name, waiting);
  }

  initializationStarted(server: SimulatedServer, supplier: string): void {
    if (this.#speaksAs389) this.#withoutLog.add(server.name);
    else this.#withoutLog.delete(server.name);
    const held = new Set(this.ledger.heldBy(supplier));
    this.#initializing.set(server.name, held);
    this.#suppliedBy.set(server.name, supplier);
    const ofTree = [...this.ledger.changes.values()].flatMap(({ change }) =>
      isOfTree(change) ? change.csn : [],
    );
    const isBelow = (csn: Csn): boolean => ofTree.some((other) => other > csn && held.has(other));
    this.#late.set(server.name, new Set(ofTree.filter((csn) => !held.has(csn) && isBelow(csn))));
  }

  /** Suppliers of the simulation keep small logs; one that sends none was overtaken by its purge. */
  structureDropped(server: SimulatedServer, reason: string): void {
    const isOvertaken = this.withPurge && reason.startsWith("the supplier has not sent it");
    if (!isOvertaken) this.fail(new Error(`${server.name} drops the structure log: ${reason}`));
    this.#withoutLog.add(server.name);
  }

  contentReplaced(server: SimulatedServer): void {
    const from = this.#initializing.get(server.name) ?? new Set<Csn>();
    this.ledger.replace(server.name, from, server.backend.committed.ruv);
    this.replacedAt.set(server.name, this.queue.now);
    const supplier = this.#suppliedBy.get(server.name) ?? "";
    const clean = this.cleaned.get(supplier) ?? new Set();
    const before = this.cleaned.get(server.name) ?? [];
    this.cleaned.set(server.name, new Set([...before].filter((id) => clean.has(id))));
    if (this.behind.has(supplier)) this.behind.add(server.name);
    else this.behind.delete(server.name);
  }

  consumerBehind(server: SimulatedServer, agreement: string): void {
    const plan = this.agreements.get(agreement);
    if (plan?.from === server.name) this.behind.add(plan.to);
  }

  gateGaveUp(server: SimulatedServer): void {
    this.ledger.giveUp(server.name, this.plans.get(server.name)?.replicaId ?? 0);
  }

  defect(server: SimulatedServer, error: unknown): void {
    this.trace.note(server.name, `defect ${String(error)}`);
    this.fail(error);
  }

  // ---- running ----------------------------------------------------------------------------------------------------

  /** Lets time pass until `isDone`, at most so long. @throws Error `what`, when it was not done by then */
  async until(what: string, maxMs: number, isDone: () => boolean): Promise<void> {
    if (isDone()) return;
    const isOver = (): boolean => this.failure !== undefined || isDone();
    await this.queue.run(this.queue.now + maxMs, isOver);
    if (this.failure !== undefined) throw this.failure;
    if (!isDone()) throw new Error(`${what}: not within ${maxMs / 1000} s`);
  }

  async after(ms: number): Promise<void> {
    await this.queue.run(this.queue.now + ms, () => this.failure !== undefined);
    if (this.failure !== undefined) throw this.failure;
  }

  /** Starts a server and lets time pass until it serves. */
  async boot(name: string): Promise<void> {
    const server = this.server(name);
    server.start().catch((error: unknown) => this.fail(error));
    await this.until(`${name} serves`, 60_000, () => server.isUp);
  }

  /** A client's updates, one after the other. */
  write(server: SimulatedServer, requests: readonly Update[]): void {
    const [request, ...rest] = requests;
    if (request === undefined) return;
    this.trace.note(server.name, `is asked ${describe(request)}`);
    server.request(request, readControls(request), (answer) => {
      const { response } = answer;
      if (!("result" in response)) return;
      const { code, message } = response.result;
      this.trace.note(server.name, `answers ${code} ${message}`);
      if (code === ResultCode.success) {
        this.answeredCount += 1;
        const untruth = findUntruth(request, answer);
        if (untruth !== undefined) {
          this.fail(new Error(`${server.name} answered ${describe(request)}, but: ${untruth}`));
        }
        const csn = this.unanswered.get(server.name)?.shift();
        if (csn !== undefined) this.ledger.answered(csn);
      } else this.refusedCount += 1;
      this.write(server, rest);
    });
  }

  configure(server: SimulatedServer, dn: string, mods: readonly Mod[]): void {
    server.request({ type: "modify", dn, mods }, [], ({ response }) => {
      if ("result" in response && response.result.code !== ResultCode.success) {
        const { code, message } = response.result;
        this.fail(new Error(`${server.name} refused to change ${dn}: ${code} ${message}`));
      }
    });
  }

  refresh(plan: AgreementPlan): void {
    this.configure(this.server(plan.from), agreementDn(plan.name), [
      replaced("nsds5BeginReplicaRefresh", "start"),
    ]);
  }

  /** What a client of that server does next. */
  writeNext({ server: name, seed }: Extract<Action, { kind: "write" }>): void {
    const server = this.servers.get(name);
    if (server?.isUp !== true || this.atRest.has(name)) return;
    this.write(server, nextRequests(server.backend, new SeededRandom(seed)));
  }

  /** The first server gets its entries, the others theirs from it. */
  async setUp(): Promise<void> {
    for (const { name } of this.scenario.servers) await this.boot(name);
    const first = this.server(this.scenario.servers[0]?.name ?? "");
    const requests = firstEntries();
    this.write(first, requests);
    await this.until("the first entries", 60_000, () => this.answeredCount === requests.length);
    const reached = new Set([first.name]);
    const generation = first.backend.committed.ruv?.generation;
    for (let more = true; more; ) {
      more = false;
      for (const plan of this.scenario.agreements) {
        if (!reached.has(plan.from) || reached.has(plan.to)) continue;
        reached.add(plan.to);
        more = true;
        const target = this.server(plan.to);
        const isDone = (): boolean => target.backend.committed.ruv?.generation === generation;
        // It is not tried again by itself when another supplier holds the replica.
        for (let attempt = 1; !isDone(); attempt += 1) {
          if (attempt > INITIALIZATIONS_MAX) throw new Error(`${plan.to} is not initialized`);
          this.refresh(plan);
          await this.queue.run(this.queue.now + 10_000, () => isDone() || this.hasFailed);
        }
      }
    }
    this.#isSettingUp = false;
  }
}

/** Nobody else takes the name of a keep-alive entry, which stands below the suffix entry. */
const isOfTree = (change: Change): boolean =>
  structuralOperation(change) !== undefined && !change.dn.startsWith("cn=repl keep alive ");

export const replaced = (type: string, ...values: string[]): Mod => ({
  operation: "replace",
  type,
  values: values.map((value) => Buffer.from(value)),
});

function describe(request: Update): string {
  switch (request.type) {
    case "add":
    case "delete":
      return `${request.type} ${request.dn}`;
    case "modify":
      return `modify ${request.dn} ${request.mods.map(textOfMod).join(", ")}`;
    case "modifyDn": {
      const { dn, newRdn, deleteOldRdn, newSuperior } = request;
      return `modifyDn ${dn} to ${newRdn} ${deleteOldRdn ? "instead " : ""}${newSuperior ?? ""}`;
    }
  }
}

const textOfMod = ({ operation, type, values }: Mod): string =>
  `${operation} ${type}: ${values.map(String).join("|")}`;
