// Operators who add and remove replicas, and clean the IDs of those that are gone (docs/operations.md): each order is a course of
// requests that goes on, whoever crashes meanwhile, until it is done. Agreements are known to the simulation from the moment when
// they stand in cn=config of their supplier, and no longer once they are to be removed.
import type { AttributeValues, Request } from "../../src/protocol/index.ts";
import { ResultCode } from "../../src/protocol/index.ts";
import type { ReplicaId } from "../../src/replication/csn/index.ts";
import { ruvMaxCsn } from "../../src/replication/ruv/index.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { lacksWhatIsCleaned } from "./behind.ts";
import { isKeptBack } from "./checkers.ts";
import { type Action, type AgreementPlan, SUFFIX, makeAgreement } from "./scenario.ts";
import { agreementAttributes, agreementDn } from "./server-config.ts";
import type { SimulatedServer } from "./simulated-server.ts";
import type { Simulation } from "./simulation.ts";

/** How often operators look whether something is done, and try again. */
const POLL_MS = 5_000;
/** How long a server without clients may send what it has before it is removed. */
const DRAIN_MS_MAX = 60_000;

type Join = Extract<Action, { kind: "join" }>;
type Retire = Extract<Action, { kind: "retire" }>;

/** An ID that was given up. */
interface GoneId {
  readonly replicaId: ReplicaId;
  readonly isForced: boolean;
  /** Where its task was started; undefined: nowhere yet. */
  origin: SimulatedServer | undefined;
  isAborted: boolean;
  startedAt: number;
}

export class Membership {
  readonly #simulation: Simulation;
  readonly #gone = new Map<ReplicaId, GoneId>();
  /** Orders under way. */
  #courses = 0;
  #turn: Promise<void> = Promise.resolve();
  #tasks = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  act(action: Join | Retire): void {
    this.#simulation.trace.note("membership", JSON.stringify(action));
    this.#simulation.mayCutOff = true;
    this.#follow(
      action.kind === "join" ? this.#inTurn(() => this.#join(action)) : this.#retire(action),
    );
  }

  /** Agreements are added and removed by one order after the other: each connects anew what the last has left. */
  #inTurn<T>(order: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(order);
    this.#turn = result.then(() => {});
    return result;
  }

  /** Whether all is done, and the IDs that were given up are gone everywhere. */
  isSettled(): boolean {
    return (
      this.#courses === 0 && [...this.#gone.values()].every((id) => this.#isClean(id.replicaId))
    );
  }

  /** IDs that nobody may show any more. */
  get goneIds(): ReadonlySet<ReplicaId> {
    return new Set(this.#gone.keys());
  }

  /** Not aborted, and not gone with the server where it began, or with its data. */
  #isUnderWay({ origin, isAborted, startedAt }: GoneId): boolean {
    if (origin === undefined || isAborted || !this.#simulation.isMember(origin)) return false;
    return (this.#simulation.restoredAt.get(origin.name) ?? -1) < startedAt;
  }

  /** A task that is not under way any more is started again. */
  look(): void {
    if (this.#courses > 0) return;
    for (const id of this.#gone.values()) {
      if (this.#isUnderWay(id) || this.#isClean(id.replicaId)) continue;
      this.#follow(this.#clean(id, new SeededRandom(id.replicaId)));
    }
  }

  /** When all is settled: what was cut off by force, and who may not show which ID again. */
  settle(): void {
    const { servers, cleaned, limits, ledger } = this.#simulation;
    for (const { replicaId, isForced } of this.#gone.values()) {
      if (isForced && ledger.cutOff(replicaId, this.#lackers())) limits.add("force");
    }
    // One that joined later does not know; should a backup bring the ID back, the others tell it.
    for (const [name, { replica }] of servers) {
      const known = [...this.#gone.keys()].filter((id) => replica.cleaned.ids.has(id));
      cleaned.set(name, new Set(known));
    }
  }

  /** Who lacks a change, other than those that do not get it. */
  #lackers(): Parameters<Simulation["ledger"]["cutOff"]>[1] {
    const { servers, ledger, agreements } = this.#simulation;
    const plans = [...agreements.values()];
    return (csn, change) =>
      [...servers.keys()].some((name) => {
        const excluded = plans.filter(({ to }) => to === name).flatMap((plan) => plan.excluded);
        return !ledger.heldBy(name).has(csn) && !isKeptBack(change, excluded);
      });
  }

  #isClean(replicaId: ReplicaId): boolean {
    return [...this.#simulation.servers.values()].every((server) => {
      if (!server.isUp) return false;
      const { ruv } = server.backend.committed;
      // An element without changes, out of a backup, may be that of a new holder: nobody is told to clean it.
      const isThere = ruv !== undefined && ruvMaxCsn(ruv, replicaId) !== undefined;
      return !isThere && !server.actions.replicas.clean.isCleaning(SUFFIX, replicaId);
    });
  }

  #follow(course: Promise<void>): void {
    this.#courses += 1;
    course
      .catch((error: unknown) => this.#simulation.fail(error))
      .finally(() => {
        this.#courses -= 1;
      });
  }

  /** Resolves when it is done; tries until then. */
  #until(isDone: () => boolean, attempt: () => void = () => {}): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (isDone()) return resolve();
        attempt();
        this.#simulation.queue.schedule(POLL_MS, look);
      };
      look();
    });
  }

  // ---- agreements -------------------------------------------------------------------------------------------------

  #hasEntry(server: SimulatedServer, { name }: AgreementPlan): boolean {
    const { config, schema } = server.directory;
    return config.find(schema.normalizeDnText(agreementDn(name))) !== undefined;
  }

  /** Resolves when the agreement is there, or one of the two servers is gone. */
  async #connect(plan: AgreementPlan): Promise<void> {
    const { servers, agreements } = this.#simulation;
    const [from, to] = [servers.get(plan.from), servers.get(plan.to)];
    if (from === undefined || to === undefined || agreements.has(plan.name)) return;
    const isGone = (): boolean =>
      !this.#simulation.isMember(from) || !this.#simulation.isMember(to);
    const attributes = Object.entries(agreementAttributes(plan)).map(([type, texts]) => ({
      type,
      values: [texts].flat().map((text) => Buffer.from(text)),
    }));
    await this.#until(
      () => isGone() || (from.isUp && this.#hasEntry(from, plan)),
      () => from.request({ type: "add", dn: agreementDn(plan.name), attributes }, [], () => {}),
    );
    if (!isGone()) agreements.set(plan.name, plan);
  }

  async #disconnect(plan: AgreementPlan): Promise<void> {
    const from = this.#simulation.servers.get(plan.from);
    if (from === undefined) return;
    await this.#until(
      () => !this.#simulation.isMember(from) || (from.isUp && !this.#hasEntry(from, plan)),
      () => from.request({ type: "delete", dn: agreementDn(plan.name) }, [], () => {}),
    );
  }

  #suppliers(): string[] {
    return [...this.#simulation.plans.values()]
      .filter(({ role }) => role === "supplier")
      .map(({ name }) => name);
  }

  // ---- a replica more ---------------------------------------------------------------------------------------------

  async #join({ server: plan, seed }: Join): Promise<void> {
    const simulation = this.#simulation;
    if (simulation.servers.has(plan.name)) return;
    const random = new SeededRandom(seed);
    const known = this.#suppliers().filter((name) => !simulation.atRest.has(name));
    if (known.length === 0) return;
    let peers = [...new Set([random.pick(known), random.pick(known)])];
    simulation.atRest.add(plan.name);
    const server = simulation.add(plan, []);
    server.start().catch((error: unknown) => simulation.fail(error));
    // It is supplied first, and supplies when it has what the others have.
    await Promise.all(peers.map((peer) => this.#connect(makeAgreement(random, peer, plan.name))));
    await this.#until(
      () => !simulation.isMember(server) || this.#isInitialized(server),
      () => this.#initialize(server),
    );
    // Those who were to supply it may be gone.
    const left = this.#suppliers().filter((name) => name !== plan.name);
    peers = peers.filter((name) => simulation.servers.has(name));
    if (peers.length === 0 && left.length > 0) {
      peers = [random.pick(left)];
      await this.#connect(makeAgreement(random, peers[0] as string, plan.name));
    }
    await Promise.all(peers.map((peer) => this.#connect(makeAgreement(random, plan.name, peer))));
    if (simulation.isMember(server)) simulation.atRest.delete(plan.name);
    simulation.trace.note("membership", `${plan.name} takes part`);
  }

  #isInitialized(server: SimulatedServer): boolean {
    const generation = server.isUp ? server.backend.committed.ruv?.generation : undefined;
    return generation !== undefined && generation === this.#generation;
  }

  /** That of the servers which were there from the first. */
  get #generation(): string | undefined {
    const { servers, atRest } = this.#simulation;
    const known = [...servers.values()].find(({ name, isUp }) => isUp && !atRest.has(name));
    return known?.backend.committed.ruv?.generation;
  }

  #initialize(server: SimulatedServer): void {
    const { agreements, servers, atRest } = this.#simulation;
    const plan = [...agreements.values()].find(
      ({ from, to }) => to === server.name && servers.get(from)?.isUp === true && !atRest.has(from),
    );
    if (plan !== undefined && server.isUp) this.#simulation.refresh(plan);
    const supplied = [...agreements.values()].some(({ to }) => to === server.name);
    const [other] = this.#suppliers().filter((name) => !atRest.has(name));
    if (supplied || other === undefined) return;
    // Those who were to do it are gone.
    this.#follow(this.#connect(makeAgreement(new SeededRandom(0), other, server.name)));
  }

  // ---- a replica less ---------------------------------------------------------------------------------------------

  async #retire(action: Retire): Promise<void> {
    const gone = await this.#inTurn(() => this.#remove(action));
    if (gone !== undefined) await this.#clean(gone, new SeededRandom(action.seed), action.abortMs);
  }

  /** Gives the ID that is to be cleaned; undefined: the server had to stay. */
  async #remove({ server: name, seed, isLost, force }: Retire): Promise<GoneId | undefined> {
    const simulation = this.#simulation;
    const server = simulation.servers.get(name);
    const plan = simulation.plans.get(name);
    const others = this.#suppliers().filter(
      (other) => other !== name && !simulation.atRest.has(other),
    );
    if (server === undefined || plan === undefined || simulation.atRest.has(name)) {
      return undefined;
    }
    if (others.length === 0) return undefined;
    const random = new SeededRandom(seed);
    simulation.atRest.add(name);
    const old = [...simulation.agreements.values()].filter(
      ({ from, to }) => from === name || to === name,
    );
    const bridges = this.#bridges(random, old, name, random.pick(others));
    if (isLost) this.#takeOff(server, old);
    await Promise.all(bridges.map((bridge) => this.#connect(bridge)));
    if (!isLost) {
      await this.#drain(server);
      this.#takeOff(server, old);
    }
    await Promise.all(old.map((one) => this.#disconnect(one)));
    const replicaId = plan.replicaId as ReplicaId;
    const gone = { replicaId, isForced: force, origin: undefined, isAborted: false, startedAt: 0 };
    this.#gone.set(replicaId, gone);
    return gone;
  }

  /** What it connected stays connected, over one of the others. */
  #bridges(
    random: SeededRandom,
    old: readonly AgreementPlan[],
    name: string,
    middle: string,
  ): AgreementPlan[] {
    return old.flatMap(({ from, to, excluded }) => {
      if (from === name && to !== middle) return [makeAgreement(random, middle, to, excluded)];
      if (to === name && from !== middle) return [makeAgreement(random, from, middle)];
      return [];
    });
  }

  /** Without clients, until somebody has all that it has written. */
  async #drain(server: SimulatedServer): Promise<void> {
    const simulation = this.#simulation;
    const id = simulation.plans.get(server.name)?.replicaId as ReplicaId;
    const began = simulation.queue.now;
    const newest = (one: SimulatedServer): string => {
      const { ruv } = one.backend.committed;
      return (ruv && ruvMaxCsn(ruv, id)) ?? "";
    };
    await this.#until(() => {
      if (simulation.queue.now > began + DRAIN_MS_MAX || !server.isUp) return true;
      return [...simulation.servers.values()].some(
        (other) => other !== server && other.isUp && newest(other) >= newest(server),
      );
    });
  }

  #takeOff(server: SimulatedServer, agreements: readonly AgreementPlan[]): void {
    const { trace } = this.#simulation;
    if (server.hasProcess) server.crash("killed");
    for (const { name } of agreements) this.#simulation.agreements.delete(name);
    const others = [...this.#simulation.servers.keys()].filter((name) => name !== server.name);
    const behind = others.filter((name) => lacksWhatIsCleaned(this.#simulation, name, server));
    this.#simulation.remove(server.name);
    for (const name of behind) this.#simulation.behind.add(name);
    // The name may go to another soon.
    this.#simulation.atRest.delete(server.name);
    trace.note("membership", `${server.name} is gone`);
  }

  async #clean(gone: GoneId, random: SeededRandom, abortMs?: number): Promise<void> {
    const { servers, atRest, queue, trace } = this.#simulation;
    const { replicaId, isForced } = gone;
    gone.isAborted = false;
    gone.origin = undefined;
    await this.#until(
      () => gone.origin !== undefined,
      () => {
        // A consumer has nobody to tell.
        const able = this.#suppliers().filter(
          (name) => servers.get(name)?.isUp === true && !atRest.has(name),
        );
        if (able.length === 0) return;
        const server = this.#simulation.server(random.pick(able));
        const task = this.#task("cleanallruv", replicaId, {
          "replica-force-cleaning": isForced ? "yes" : "no",
        });
        server.request(task, [], ({ response }) => {
          if (!("result" in response)) return;
          const { code, message } = response.result;
          trace.note("membership", `cleaning ${replicaId} at ${server.name}: ${code} ${message}`);
          const isUnderWay = server.actions.replicas.clean.isCleaning(SUFFIX, replicaId);
          if (code !== ResultCode.success && !isUnderWay) return;
          gone.origin = server;
          gone.startedAt = queue.now;
        });
      },
    );
    if (abortMs === undefined) return;
    await new Promise<void>((resolve) => void queue.schedule(abortMs, resolve));
    this.#abort(gone);
  }

  #abort(gone: GoneId): void {
    const { replicaId, origin } = gone;
    if (origin?.isUp !== true || !this.#simulation.isMember(origin)) return;
    const abort = this.#task("abort cleanallruv", replicaId, { "replica-certify-all": "no" });
    origin.request(abort, [], ({ response }) => {
      if (!("result" in response)) return;
      this.#simulation.trace.note("membership", `abort of ${replicaId}: ${response.result.code}`);
      if (response.result.code === ResultCode.success) gone.isAborted = true;
    });
  }

  #task(kind: string, replicaId: ReplicaId, more: Readonly<Record<string, string>>): Request {
    this.#tasks += 1;
    const name = `task ${this.#tasks}`;
    const texts = {
      objectClass: ["top", "extensibleObject"],
      cn: name,
      "replica-base-dn": SUFFIX,
      "replica-id": String(replicaId),
      ...more,
    };
    const attributes: AttributeValues[] = Object.entries(texts).map(([type, values]) => ({
      type,
      values: [values].flat().map((text) => Buffer.from(text)),
    }));
    return { type: "add", dn: `cn=${name},cn=${kind},cn=tasks,cn=config`, attributes };
  }
}
