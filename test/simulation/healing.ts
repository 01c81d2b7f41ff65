// The end of a period: faults end, clocks are set right, servers that are down come up, and operators do what the status of an
// agreement asks for. Then all servers must have the same changes within a bound, and the checkers look.
import { wasCleaned } from "../../src/replication/clean-ruv/index.ts";
import { type Csn, type ReplicaId, csnReplicaId } from "../../src/replication/csn/index.ts";
import { ReplicationCode } from "../../src/replication/supplier/index.ts";
import { ruvMaxCsn } from "../../src/replication/ruv/index.ts";
import {
  type CheckedServer,
  checkAll,
  checkKeepAlives,
  describeRuvs,
  isConverged,
} from "./checkers.ts";
import type { Membership } from "./membership.ts";
import type { Misfortune } from "./misfortune.ts";
import { type AgreementPlan, SUFFIX } from "./scenario.ts";
import { agreementDn } from "./server-config.ts";
import type { SessionEnd, SimulatedServer } from "./simulated-server.ts";
import { type Simulation, replaced } from "./simulation.ts";

/** Everything must have come together by then: longer than any backoff, timeout, idle time and the limit of the gate. */
const CONVERGENCE_MS_MAX = 45 * 60_000;
const LOOK_MS = 2_000;
/** A write at rest reaches everybody within this: longer than the longest backoff. */
const PROBE_MS_MAX = 120_000;
/** How often operators look. */
const ROUND_MS = 30_000;
/** How sessions fail that do not come about again before the consumer has been initialized; the last one where its clock was ahead, and
 *  it has purged more than the others. */
const CODES_OF_INITIALIZATION: ReadonlySet<number> = new Set([
  ReplicationCode.changelogError,
  ReplicationCode.ruvError,
  ReplicationCode.belowPurgePoint,
]);
/** How long operators wait for another supplier to bring what one cannot send any more. */
const PATIENCE_MS = 8 * 60_000;

export async function healAndCheck(
  simulation: Simulation,
  misfortune: Misfortune,
  membership: Membership,
): Promise<void> {
  const { network, servers, queue, trace } = simulation;
  trace.note("healing", "begins");
  misfortune.endAll();
  network.healAll();
  for (const server of servers.values()) server.clock.setRight();
  for (const server of servers.values()) {
    if (!server.hasProcess) server.start().catch((error: unknown) => simulation.fail(error));
  }
  const isAllUp = (): boolean => [...servers.values()].every((server) => server.isUp);
  await simulation.until("all servers serve", 60_000, isAllUp);
  const ignoring = new Set<SimulatedServer>();
  // Also those that join while all this goes on.
  const ignoreSkew = (): void => {
    for (const server of servers.values()) {
      if (!misfortune.isTimeSkewed || !server.isUp || ignoring.has(server)) continue;
      ignoring.add(server);
      simulation.configure(server, "cn=config", [replaced("nsslapd-ignore-time-skew", "on")]);
    }
  };
  ignoreSkew();
  for (const plan of simulation.agreements.values()) switchOn(simulation, plan);
  const began = queue.now;
  const operators = new Operators(simulation, membership, began);
  let checked = checkedServers(simulation);
  let nextRound = began + ROUND_MS;
  const isOver = (): boolean =>
    !operators.isBusy &&
    !operators.isAsked &&
    membership.isSettled() &&
    isQuiet(simulation) &&
    !isRefreshOrdered(simulation) &&
    isConverged(checked, { ledger: simulation.ledger, cleanedIds: membership.goneIds });
  // What has just been asked for is under way at the first look.
  do {
    if (queue.now > began + CONVERGENCE_MS_MAX) {
      const minutes = CONVERGENCE_MS_MAX / 60_000;
      const details = [...describeRuvs(checked), ...operators.describe()];
      throw new Error(
        [`the servers have not come together within ${minutes} min`, ...details].join("\n  "),
      );
    }
    await simulation.after(LOOK_MS);
    if (queue.now >= nextRound) {
      ignoreSkew();
      operators.look();
      membership.look();
      nextRound = queue.now + ROUND_MS;
      await simulation.after(LOOK_MS); // for the same reason
    }
    checked = checkedServers(simulation);
  } while (!isOver());
  membership.settle();
  trace.note("healing", "converged");
  checkKeepAlives(simulation.ledger, [...simulation.plans.values()], queue.now);
  const { ledger, limits, withPurge } = simulation;
  if (ledger.hasGap([...servers.keys()])) limits.add("gap");
  const cleanedIds = membership.goneIds;
  checkAll({ servers: checked, ledger, withPurge, isLimited: limits.size > 0, cleanedIds });
  // Also where all had come together without it. Who could not be served before can be now, and is left alone.
  ignoreSkew();
  operators.restart();
  await simulation.after(LOOK_MS);
  await probe(simulation, checked, cleanedIds);
  trace.note("healing", "ends");
}

/** One more write at each supplier reaches everybody soon: nobody starves, and no agreement sleeps. */
async function probe(
  simulation: Simulation,
  checked: readonly CheckedServer[],
  cleanedIds: ReadonlySet<ReplicaId>,
): Promise<void> {
  for (const [name, server] of simulation.servers) {
    if (simulation.plans.get(name)?.role !== "supplier" || !server.replica.gate.isOpen) continue;
    simulation.write(server, [
      {
        type: "modify",
        dn: SUFFIX,
        mods: [{ operation: "replace", type: "l", values: [Buffer.from(name)] }],
      },
    ]);
  }
  await simulation.after(LOOK_MS);
  const { ledger } = simulation;
  const isReached = (): boolean =>
    isQuiet(simulation) && isConverged(checked, { ledger, cleanedIds });
  await simulation.until("a write at rest reaches all servers", PROBE_MS_MAX, isReached);
}

/** What was switched off by somebody who found the server down when it was to be switched on again. */
function switchOn(simulation: Simulation, { from, name }: AgreementPlan): void {
  const server = simulation.server(from);
  const dn = agreementDn(name);
  const entry = server.directory.config.find(server.directory.schema.normalizeDnText(dn));
  if (entry?.text("nsds5ReplicaEnabled") === "off") {
    simulation.configure(server, dn, [replaced("nsds5ReplicaEnabled", "on")]);
  }
  if (entry?.has("nsds5ReplicaUpdateSchedule") === true) {
    simulation.configure(server, dn, [replaced("nsds5ReplicaUpdateSchedule")]);
  }
}

/** What was ordered while the consumer could not be reached comes to pass when it can. */
const isRefreshOrdered = ({ agreements, servers }: Simulation): boolean =>
  [...agreements.values()].some(({ from, name }) => {
    const { config, schema } = servers.get(from)?.directory ?? {};
    const entry = schema && config?.find(schema.normalizeDnText(agreementDn(name)));
    return entry?.has("nsds5BeginReplicaRefresh") === true;
  });

/** Suppliers first: what they have is what all must have. */
function checkedServers({ plans, servers, agreements }: Simulation): CheckedServer[] {
  const isSupplier = ({ name }: { name: string }): boolean => plans.get(name)?.role === "supplier";
  const all = [...servers.values()];
  const sorted = [...all.filter(isSupplier), ...all.filter((server) => !isSupplier(server))];
  return sorted.map((server) => ({
    server,
    excluded: [...agreements.values()]
      .filter(({ to }) => to === server.name)
      .flatMap(({ excluded }) => excluded),
  }));
}

const isQuiet = ({ servers }: Simulation): boolean =>
  [...servers.values()].every(
    (server) => server.isUp && server.directory.queue.statistics().waiting === 0,
  );

class Operators {
  readonly #simulation: Simulation;
  readonly #membership: Membership;
  readonly #began: number;
  readonly #refreshed = new Map<string, number>();
  /** Consumers that hold what no supplier has any more: they are initialized, and drop it. */
  readonly #ahead = new Set<string>();

  constructor(simulation: Simulation, membership: Membership, began: number) {
    this.#simulation = simulation;
    this.#membership = membership;
    this.#began = began;
  }

  get isBusy(): boolean {
    return this.#ahead.size + this.#simulation.behind.size > 0;
  }

  /** An agreement says that its consumer has to be initialized, and that has not been done since. */
  get isAsked(): boolean {
    return [...this.#ends()].some(
      ([{ to }, end]) =>
        end.kind === "failed" &&
        CODES_OF_INITIALIZATION.has(end.replicationCode) &&
        end.at > Math.max(this.#began, this.#refreshed.get(to) ?? 0),
    );
  }

  look(): void {
    this.#dropWhatNobodySends();
    this.#helpBehind();
    this.#acceptLoss();
    for (const [plan, end] of this.#ends()) {
      if (end.kind === "failed" && end.at > this.#began) this.#help(plan, end.replicationCode);
    }
    this.restart();
  }

  /** What had given up is switched on again. */
  restart(): void {
    for (const [plan, end] of this.#ends()) if (end.kind === "fatal") this.#switch(plan);
  }

  /** How the last sessions of servers that are up have ended. */
  *#ends(): Iterable<[AgreementPlan, SessionEnd]> {
    for (const plan of this.#simulation.agreements.values()) {
      const server = this.#simulation.server(plan.from);
      const end = server.sessionEnds.get(plan.name);
      if (end !== undefined && server.isUp) yield [plan, end];
    }
  }

  describe(): string[] {
    return [...this.#simulation.agreements.values()].map((plan) => {
      const end = this.#simulation.server(plan.from).sessionEnds.get(plan.name);
      return `${plan.name}: ${JSON.stringify(end)}`;
    });
  }

  /** An agreement that has given up starts anew when somebody changes it. */
  #switch({ from, name }: AgreementPlan): void {
    const server = this.#simulation.server(from);
    for (const value of ["off", "on"]) {
      this.#simulation.configure(server, agreementDn(name), [
        replaced("nsds5ReplicaEnabled", value),
      ]);
    }
  }

  /** A consumer that cannot be served any more is initialized, if nobody else has helped it meanwhile. */
  #help(plan: AgreementPlan, code: number): void {
    const { queue, trace } = this.#simulation;
    if (!CODES_OF_INITIALIZATION.has(code)) return;
    if (code === ReplicationCode.changelogError && !this.#simulation.mayCutOff) {
      throw new Error(`${plan.from} has trimmed what ${plan.to} lacks`);
    }
    // One that is behind a cleaning says so of those who are not: it is initialized itself.
    if (this.#simulation.behind.has(plan.from)) return;
    const isLate = queue.now > this.#began + PATIENCE_MS;
    if (!this.#hasAllOf(plan.from, plan.to) && !isLate) return;
    const last = this.#refreshed.get(plan.to);
    if (last !== undefined && queue.now - last < PATIENCE_MS) return;
    // Not two from each other: each would wait for the other.
    const source = this.#refreshed.get(plan.from);
    if (source !== undefined && queue.now - source < PATIENCE_MS) return;
    this.#refreshed.set(plan.to, queue.now);
    trace.note("operator", `initializes ${plan.to} from ${plan.from}`);
    this.#simulation.refresh(plan);
  }

  /** Who lacks changes of a cleaned ID gets them with all the rest. */
  #helpBehind(): void {
    const { queue, trace, agreements, behind } = this.#simulation;
    for (const plan of agreements.values()) {
      const { from, to } = plan;
      if (!behind.has(to) || behind.has(from) || !this.#simulation.server(from).isUp) continue;
      const isLate = queue.now > this.#began + PATIENCE_MS;
      if (!this.#hasAllOf(from, to) && !isLate) continue;
      const last = this.#refreshed.get(to);
      if (last !== undefined && queue.now - last < PATIENCE_MS) continue;
      this.#refreshed.set(to, queue.now);
      trace.note("operator", `initializes ${to}, which is behind a cleaning, from ${from}`);
      this.#simulation.refresh(plan);
    }
  }

  /** What is lacked by all who could supply a server is lost: its consumers are initialized with what there is. */
  #acceptLoss(): void {
    const { queue, trace, agreements, behind } = this.#simulation;
    if (queue.now < this.#began + PATIENCE_MS) return;
    for (const name of behind) {
      const plans = [...agreements.values()];
      if (plans.some(({ from, to }) => to === name && !behind.has(from))) continue;
      trace.note("operator", `takes what ${name} lacks for lost`);
      behind.delete(name);
      this.#findHolders(name);
      for (const plan of plans.filter(({ from }) => from === name)) {
        this.#refreshed.set(plan.to, queue.now);
        this.#simulation.refresh(plan);
      }
    }
  }

  /** Consumers further on that hold what a supplier has given up: they are initialized when those between have been. */
  #findHolders(supplier: string): void {
    const { plans, ledger } = this.#simulation;
    const held = ledger.heldBy(supplier);
    const isLost = (csn: Csn): boolean =>
      this.#membership.goneIds.has(csnReplicaId(csn)) && !held.has(csn);
    for (const { name, role } of plans.values()) {
      if (role !== "supplier" && [...ledger.heldBy(name)].some(isLost)) this.#ahead.add(name);
    }
  }

  /** A gate that stays closed says so to every writer. What it waits for may be at consumers only, which send nothing; so may what a
   *  supplier had after its backup was made, or before it was initialized by one that had been restored, without a partner of it
   *  knowing. */
  #dropWhatNobodySends(): void {
    const { queue, trace, plans, agreements, replacedAt, restoredAt } = this.#simulation;
    if (queue.now < this.#began + PATIENCE_MS) return;
    for (const { name, replicaId, role } of plans.values()) {
      if (role !== "supplier") continue;
      const { gate, cleaned } = this.#simulation.server(name).replica;
      const isOlder = restoredAt.has(name) || replacedAt.has(name);
      if (!gate.isOpen || isOlder) this.#findAhead(name, replicaId);
      // A cleaning waits for it, too.
      for (const id of this.#membership.goneIds) {
        if (!wasCleaned(cleaned.ids, id)) this.#findAhead(name, id);
      }
    }
    for (const plan of agreements.values()) {
      const { name, from, to } = plan;
      if (!this.#ahead.has(to) || this.#ahead.has(from)) continue;
      const last = this.#refreshed.get(to);
      if (last !== undefined && (replacedAt.get(to) ?? 0) > last) this.#ahead.delete(to);
      else if (last === undefined || queue.now - last >= PATIENCE_MS) {
        this.#refreshed.set(to, queue.now);
        trace.note("operator", `initializes ${to} over ${name}, which drops what nobody sends`);
        this.#simulation.refresh(plan);
      }
    }
  }

  #findAhead(supplier: string, replicaId: number): void {
    const { plans } = this.#simulation;
    const held = (name: string): string => {
      const { ruv } = this.#simulation.server(name).backend.committed;
      return (ruv && ruvMaxCsn(ruv, replicaId as ReplicaId)) ?? "";
    };
    const ahead = [...plans.values()].filter(({ name }) => held(name) > held(supplier));
    if (ahead.some(({ role }) => role === "supplier")) return;
    for (const { name } of ahead) this.#ahead.add(name);
  }

  #hasAllOf(supplier: string, consumer: string): boolean {
    const ours = this.#simulation.server(supplier).backend.committed.ruv;
    const theirs = this.#simulation.server(consumer).backend.committed.ruv;
    const { cleaned } = this.#simulation.server(supplier).replica;
    return (theirs?.elements ?? []).every(({ replicaId, maxCsn }) => {
      if (cleaned.ids.has(replicaId)) return true;
      const held = ours && ruvMaxCsn(ours, replicaId);
      return maxCsn === undefined || (held !== undefined && held >= maxCsn);
    });
  }
}
