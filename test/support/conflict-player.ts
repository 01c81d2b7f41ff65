// Plays conflict scenarios on suppliers that replicate with each other, over LDAP alone, with the same requests for 389 and for
// Concord. All scenarios of the same shape are played at once, each below a container of its own: their operations go out in
// rounds, and before a round the clock moves on to the next second, so that within a scenario the order of the operations is the
// order of their CSNs. Agreements are paused and resumed by nsds5ReplicaEnabled.
import { assert } from "chai";
import { parseLdif } from "../../src/ldif/index.ts";
import {
  type Observation,
  type ObservedEntry,
  type Scenario,
  ScenarioNames,
  type ScenarioOperation,
  type ScenarioPhase,
} from "./conflict-scenarios.ts";
import { type AttributeValues, type FoundEntry, resultCodeOf } from "./ldap.ts";
import { type Node, readRuv, setAgreement, waitForConvergence } from "./replication-setup.ts";
import { waitFor } from "./wait-for.ts";

const TIMEOUT_MS = 120_000;
/** Longer than the servers take to find out that a peer did not count a change. */
const CLOCK_TIMEOUT_MS = 30_000;
const EVERY_ENTRY = "(|(objectClass=*)(objectClass=ldapsubentry))";
const TOMBSTONES = "(objectClass=nsTombstone)";
const RUV_ID = "ffffffff-ffffffff-ffffffff-ffffffff";
const ASKED = [
  ...["*", "+", "nsuniqueid", "nsds5ReplConflict", "conflictcsn", "nscpEntryDN"],
  ...["nsParentUniqueId", "nstombstonecsn"],
];

/** An agreement between two of the nodes, numbered from 1. */
export interface StageAgreement {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

export interface Played {
  readonly scenario: Scenario;
  /** Per supplier. */
  readonly observed: readonly Required<Observation>[];
  /** Result codes other than the expected ones. */
  readonly problems: readonly string[];
}

interface Run {
  readonly scenario: Scenario;
  readonly names: ScenarioNames;
  readonly problems: string[];
  operationCount: number;
}

export class ConflictPlayer {
  readonly #nodes: readonly Node[];
  readonly #agreements: readonly StageAgreement[];
  readonly #suffix: string;
  #count = 0;

  /** `nodes[i]` has replica ID i + 1. */
  constructor(nodes: readonly Node[], agreements: readonly StageAgreement[], suffix: string) {
    this.#nodes = nodes;
    this.#agreements = agreements;
    this.#suffix = suffix;
  }

  async play(scenarios: readonly Scenario[]): Promise<readonly Played[]> {
    const groups = new Map<string, Scenario[]>();
    for (const scenario of scenarios) {
      assert.isAtMost(scenario.suppliers, this.#nodes.length, scenario.id);
      const shape = JSON.stringify(scenario.phases.map(({ paused, resume }) => [paused, resume]));
      groups.set(shape, [...(groups.get(shape) ?? []), scenario]);
    }
    const played: Played[] = [];
    for (const group of groups.values()) played.push(...(await this.#playTogether(group)));
    return played;
  }

  async #playTogether(scenarios: readonly Scenario[]): Promise<readonly Played[]> {
    const runs: Run[] = [];
    for (const scenario of scenarios) runs.push(await this.#prepare(scenario));
    await waitForConvergence(this.#nodes);
    const phaseCount = scenarios[0]?.phases.length ?? 0;
    for (let phase = 0; phase < phaseCount; phase += 1) await this.#playPhase(runs, phase);
    const played: Played[] = [];
    for (const { scenario, names, problems } of runs) {
      const observed = await Promise.all(this.#nodes.map((node) => observe(node, names)));
      played.push({ scenario, observed, problems });
    }
    return played;
  }

  async #playPhase(runs: readonly Run[], index: number): Promise<void> {
    const phases = runs.map(({ scenario }) => scenario.phases[index] as ScenarioPhase);
    const [{ paused = true, resume = [["*"]] }] = phases as [ScenarioPhase];
    if (paused) await this.#switch(() => false);
    const roundCount = Math.max(...phases.map(({ ops }) => ops.length));
    for (let round = 0; round < roundCount; round += 1) {
      await this.#nextSecond();
      for (const [at, run] of runs.entries()) {
        const operation = phases[at]?.ops[round];
        if (operation !== undefined) await this.#perform(run, operation);
      }
    }
    for (const step of resume) await this.#resume(step);
    await this.#switch(() => true);
    await waitForConvergence(this.#nodes, TIMEOUT_MS);
  }

  /** The container of a scenario and what it starts with. */
  async #prepare(scenario: Scenario): Promise<Run> {
    this.#count += 1;
    const [first] = this.#nodes as [Node];
    const name = `${scenario.id}-${this.#count}`;
    const names = new ScenarioNames(`ou=${name},${this.#suffix}`);
    const run: Run = { scenario, names, problems: [], operationCount: 0 };
    await first.client.add(names.base, { objectClass: "organizationalUnit", ou: name });
    await nameEntry(first, names, { dn: names.base, label: "base" });
    for (const record of parseLdif(Buffer.from(names.fill(scenario.initial)))) {
      if (record.type !== "content") throw new Error(`${scenario.id}: no entry in its LDIF`);
      const attributes: Record<string, Buffer[]> = {};
      for (const { type, values } of record.attributes) attributes[type] = [...values];
      await first.client.add(record.dn, attributes);
      const label = /^[^=]*=([^,+]*)/.exec(record.dn)?.[1] ?? "";
      await nameEntry(first, names, { dn: record.dn, label: label.toLowerCase() });
    }
    return run;
  }

  async #perform(run: Run, operation: ScenarioOperation): Promise<void> {
    const node = this.#nodes[operation.on - 1] as Node;
    run.operationCount += 1;
    const label = `op${run.operationCount}`;
    const before = await this.#newestOwn(operation.on);
    const code = await resultCodeOf(request(node, run.names, operation));
    if (code !== (operation.result ?? 0)) {
      run.problems.push(`${label} (${operation.op} on ${operation.on}): result ${code}`);
    }
    if (code !== 0) return;
    const csn = await waitFor(
      async () => {
        const now = await this.#newestOwn(operation.on);
        return now === before ? undefined : now;
      },
      `${node.server.name} counts the change`,
      TIMEOUT_MS,
    );
    run.names.nameCsn(csn, label);
    if (operation.op === "add") {
      const dn = run.names.fill(operation.dn);
      await nameEntry(node, run.names, { dn, label: operation.as ?? label });
    }
  }

  async #newestOwn(number: number): Promise<string | undefined> {
    const { elements } = await readRuv(this.#nodes[number - 1] as Node);
    return elements.get(number)?.max;
  }

  /** Waits until the clock has passed the time of every CSN there is. */
  async #nextSecond(): Promise<void> {
    let newest = Math.floor(Date.now() / 1000);
    for (const node of this.#nodes) {
      for (const { max } of (await readRuv(node)).elements.values())
        newest = Math.max(newest, Number.parseInt(max?.slice(0, 8) ?? "0", 16));
    }
    await waitFor(() => Date.now() / 1000 >= newest + 1, "the clock moves on", CLOCK_TIMEOUT_MS);
  }

  /** Some agreements go on; waits until their consumers have what their suppliers have. */
  async #resume(step: readonly string[]): Promise<void> {
    const isNamed = (from: number, to: number): boolean => step.includes(`${from}>${to}`);
    if (step.includes("*")) return;
    await this.#switch((from, to) => (isNamed(from, to) ? true : undefined));
    for (const { from, to } of this.#agreements.filter((each) => isNamed(each.from, each.to))) {
      const [supplier, consumer] = [this.#nodes[from - 1], this.#nodes[to - 1]] as [Node, Node];
      await waitFor(
        async () => {
          const [theirs, ours] = await Promise.all([readRuv(consumer), readRuv(supplier)]);
          return [...ours.elements].every(
            ([id, { max = "" }]) => (theirs.elements.get(id)?.max ?? "") >= max,
          );
        },
        `${consumer.server.name} has what ${supplier.server.name} has`,
        TIMEOUT_MS,
      );
    }
  }

  /** Switches agreements on or off; undefined leaves one as it is. */
  async #switch(want: (from: number, to: number) => boolean | undefined): Promise<void> {
    for (const { from, to, name } of this.#agreements) {
      const isOn = want(from, to);
      if (isOn === undefined) continue;
      const settings = { nsds5ReplicaEnabled: isOn ? "on" : "off" };
      await setAgreement(this.#nodes[from - 1] as Node, name, settings);
    }
  }
}

function request(
  { client }: Node,
  names: ScenarioNames,
  operation: ScenarioOperation,
): Promise<unknown> {
  const fill = (text: string): string => names.fill(text);
  const dn = fill(operation.dn);
  switch (operation.op) {
    case "add": {
      const attributes: AttributeValues = Object.fromEntries(
        Object.entries(operation.attrs ?? {}).map(([type, values]) => [
          type,
          [values].flat().map((value) => fill(value as string)),
        ]),
      );
      return client.add(dn, attributes);
    }
    case "delete":
      return client.delete(dn);
    case "modify":
      return client.modify(
        dn,
        (operation.mods ?? []).map(([op, type, values = []]) => ({
          op,
          type,
          values: values.map(fill),
        })),
      );
    case "modrdn": {
      const { newrdn = "", newsuperior, deleteoldrdn = true } = operation;
      return client.rename(dn, fill(newrdn), {
        deleteOldRdn: deleteoldrdn,
        ...(newsuperior === undefined ? {} : { newSuperior: fill(newsuperior) }),
      });
    }
  }
}

async function nameEntry(
  { client }: Node,
  names: ScenarioNames,
  { dn, label }: { readonly dn: string; readonly label: string },
): Promise<void> {
  const options = { scope: "base", filter: EVERY_ENTRY, attributes: ["nsuniqueid"] } as const;
  const { entries } = await client.search(dn, options);
  const uniqueId = entries[0]?.text("nsuniqueid");
  if (uniqueId !== undefined) names.nameEntry(uniqueId, label);
}

async function observe({ client }: Node, names: ScenarioNames): Promise<Required<Observation>> {
  const search = async (filter: string): Promise<readonly FoundEntry[]> =>
    (await client.search(names.base, { filter, attributes: ASKED })).entries;
  const entries: ObservedEntry[] = [];
  const tombstones: ObservedEntry[] = [];
  for (const entry of await search(EVERY_ENTRY)) {
    if (!names.isBase(entry) && !isTombstone(entry)) entries.push(names.observe(entry));
  }
  for (const entry of await search(TOMBSTONES)) {
    if (isTombstone(entry) && entry.text("nsuniqueid") !== RUV_ID)
      tombstones.push(names.observe(entry));
  }
  return { entries, tombstones };
}

const isTombstone = (entry: FoundEntry): boolean =>
  entry.texts("objectClass").some((name) => name.toLowerCase() === "nstombstone");
