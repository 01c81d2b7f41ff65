// What goes wrong, and what operators do: the actions of a scenario other than writes.
import { lacksWhatIsCleaned } from "./behind.ts";
import type { MemoryKv } from "../../src/kv/index.ts";
import type { Csn, ReplicaId } from "../../src/replication/csn/index.ts";
import { findLastIssued, gateCloser } from "../../src/server/offline-gate.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import type { Action } from "./scenario.ts";
import { agreementDn } from "./server-config.ts";
import type { SimulatedServer } from "./simulated-server.ts";
import { type Simulation, replaced } from "./simulation.ts";

/** The kinds of actions that are faults. */
export type Misstep = Exclude<Action, { kind: "write" | "heal" | "join" | "retire" }>;

interface Backup {
  readonly kv: MemoryKv;
  readonly held: ReadonlySet<Csn>;
  readonly cleaned: ReadonlySet<ReplicaId>;
  /** Another one may have its name later. */
  readonly of: SimulatedServer;
}

const HALF_A_DAY_MS = 43_200_000;

export class Misfortune {
  readonly #simulation: Simulation;
  /** What ends a fault that lasts. */
  readonly #ends = new Set<() => void>();
  readonly #backups = new Map<string, Backup>();
  /** Clocks were far apart: then operators let servers ignore it. */
  isTimeSkewed = false;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** Whoever restores has an old backup at least. */
  backUpAll(): void {
    for (const server of this.#simulation.servers.values()) this.#backUp(server);
  }

  /** Ends all that lasts. */
  endAll(): void {
    for (const end of [...this.#ends]) end();
  }

  act(action: Misstep): void {
    const { trace } = this.#simulation;
    trace.note("misfortune", JSON.stringify(action));
    switch (action.kind) {
      case "crash":
        return this.#crash(action);
      case "partition":
        return this.#partition(action);
      case "breakConnections":
        return this.#breakConnections(action);
      case "clock":
        if (Math.abs(action.byMs) > HALF_A_DAY_MS) {
          this.isTimeSkewed = true;
          this.#simulation.mayCutOff = true;
        }
        this.#simulation.servers.get(action.server)?.clock.jump(action.byMs);
        return undefined;
      case "configure":
        return this.#configure(action);
      case "refresh":
        return this.#refresh(action.agreement);
      case "backup":
        return this.#backUp(this.#simulation.servers.get(action.server));
      case "restore":
        return this.#restore(action);
    }
  }

  /** Ends a fault after a while, or when everything is healed. */
  #endLater(lastsMs: number, end: () => void): void {
    const once = (): void => {
      if (this.#ends.delete(once)) end();
    };
    this.#ends.add(once);
    this.#simulation.queue.schedule(lastsMs, once);
  }

  #start(server: SimulatedServer): void {
    if (server.hasProcess || !this.#simulation.isMember(server)) return;
    server.start().catch((error: unknown) => this.#simulation.fail(error));
  }

  #crash({ server: name, how, downMs }: Extract<Action, { kind: "crash" }>): void {
    const simulation = this.#simulation;
    const server = simulation.servers.get(name);
    if (server?.isUp !== true) return;
    simulation.unanswered.delete(name);
    if (how === "stopped") {
      server.stop().catch((error: unknown) => simulation.fail(error));
      // Should the stop take longer, the power fails.
      this.#endLater(downMs, () => {
        if (server.hasProcess && !server.isListening) server.crash("powerless");
        this.#start(server);
      });
      return;
    }
    server.crash(how);
    this.#endLater(downMs, () => this.#start(server));
  }

  #partition({ between, lastsMs }: Extract<Action, { kind: "partition" }>): void {
    const { network } = this.#simulation;
    network.cut(...between);
    this.#endLater(lastsMs, () => network.heal(...between));
  }

  #breakConnections({ between, how, seed }: Extract<Action, { kind: "breakConnections" }>): void {
    const random = new SeededRandom(seed);
    for (const pipe of this.#simulation.network.between(...between)) {
      if (how === "reset") pipe.reset();
      else pipe.ends[random.below(2) as 0 | 1].lose();
    }
  }

  #configure({ agreement, what, lastsMs }: Extract<Action, { kind: "configure" }>): void {
    const plan = this.#simulation.agreements.get(agreement);
    if (plan === undefined) return;
    const server = this.#simulation.server(plan.from);
    const change = (type: string, ...values: string[]): void => {
      if (server.isUp && this.#simulation.agreements.get(agreement) === plan) {
        this.#simulation.configure(server, agreementDn(agreement), [replaced(type, ...values)]);
      }
    };
    switch (what) {
      case "disable":
        // Trimming does not wait for the consumers of disabled agreements.
        this.#simulation.mayCutOff = true;
        change("nsds5ReplicaEnabled", "off");
        this.#endLater(lastsMs, () => change("nsds5ReplicaEnabled", "on"));
        return;
      case "schedule":
        change("nsds5ReplicaUpdateSchedule", "2300-2330 0123456");
        this.#endLater(lastsMs, () => change("nsds5ReplicaUpdateSchedule"));
        return;
      case "window":
        change("nsds5ReplicaFlowControlWindow", "2");
        return;
      case "replicateNow":
        // As tools do it: two changes of the schedule.
        change("nsds5ReplicaUpdateSchedule", "2358-2359 0");
        change("nsds5ReplicaUpdateSchedule");
        return;
    }
  }

  #refresh(agreement: string): void {
    const plan = this.#simulation.agreements.get(agreement);
    this.#simulation.mayCutOff = true;
    if (plan !== undefined && this.#simulation.server(plan.from).isUp) {
      this.#simulation.refresh(plan);
    }
  }

  #backUp(server: SimulatedServer | undefined): void {
    if (server?.isUp !== true) return;
    const { name, kv } = server;
    kv.copyTo(name).catch((error: unknown) => this.#simulation.fail(error));
    const copy = kv.findCopy(name);
    if (copy === undefined) return;
    const held = new Set(this.#simulation.ledger.heldBy(name));
    const cleaned = this.#simulation.cleaned.get(name) ?? new Set();
    this.#backups.set(name, { kv: copy, held, cleaned, of: server });
  }

  #restore({ server: name, downMs, seed }: Extract<Action, { kind: "restore" }>): void {
    const simulation = this.#simulation;
    const server = simulation.servers.get(name);
    const backup = this.#backups.get(name);
    if (server?.isUp !== true || backup?.of !== server) return;
    server.crash("killed");
    simulation.unanswered.delete(name);
    simulation.mayCutOff = true;
    const lost = server.kv;
    server.kv = backup.kv.crash();
    // As the command does it; now and then the old database is what was lost.
    const isReadable = new SeededRandom(seed).below(3) > 0;
    const lastIssued = isReadable ? findLastIssued(lost, server.config) : new Map<string, Csn>();
    server.kv.transactSync(gateCloser(server.kv, server.config, { reason: "restore", lastIssued }));
    simulation.ledger.restore(name, backup.held);
    simulation.cleaned.set(name, backup.cleaned);
    simulation.restoredAt.set(name, simulation.queue.now);
    if (lacksWhatIsCleaned(simulation, name)) simulation.behind.add(name);
    this.#endLater(downMs, () => this.#start(server));
  }
}
