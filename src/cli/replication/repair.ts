// Repairs what two servers with the same changes differ in (compare --repair): each takes in what the other has of the entries
// that differ (protocol/extended/entry-state.ts). In rounds, because what an entry is may depend on entries that nobody sees, as
// deleted ones whose names it got: from the second round on they are exchanged too. It ends when nothing differs, or nothing
// changes any more.
import {
  JOIN_ENTRY_STATE_OID,
  type JoinedState,
  READ_ENTRY_STATE_OID,
  decodeJoinEntryStateResponse,
  decodeReadEntryStateResponse,
  encodeJoinEntryState,
  encodeReadEntryState,
} from "../../protocol/index.ts";
import type { DirectoryClient } from "../directory-client.ts";
import { CommandFailure } from "../failure.ts";
import { Progress } from "../progress.ts";
import type { DigestComparison } from "./digest-comparison.ts";
import type { DigestClient } from "./digest-side.ts";

/** Entries in one request. */
const ENTRIES_MAX = 32;
/** Each makes progress; only servers that go on drifting apart get there. */
const ROUNDS_MAX = 100;

/** Unique IDs in hex, without dashes. */
export interface RepairOutcome {
  /** As the servers are now. */
  readonly comparison: DigestComparison;
  readonly repaired: readonly string[];
  /** Why entries could not be repaired, as far as a server has said it. */
  readonly reasons: ReadonlyMap<string, readonly string[]>;
}

export interface RepairTask {
  readonly clients: readonly [DigestClient, DigestClient];
  readonly suffix: string;
  /** Compares again. */
  readonly compare: () => Promise<DigestComparison>;
}

/** Whether all servers take part in a repair. */
export async function offerRepair(clients: readonly DirectoryClient[]): Promise<boolean> {
  for (const client of clients) {
    const root = await client.find("", ["supportedExtension"]);
    if (root?.texts("supportedExtension").includes(JOIN_ENTRY_STATE_OID) !== true) return false;
  }
  return true;
}

/** `found`: how the servers differ at the beginning. */
export async function repairDifferences(
  task: RepairTask,
  found: DigestComparison,
): Promise<RepairOutcome> {
  const touched = new Set<string>();
  const related = new Set<string>();
  let comparison = found;
  let reasons: ReadonlyMap<string, readonly string[]> = new Map();
  for (let round = 0; round < ROUNDS_MAX && comparison.differs.length > 0; round += 1) {
    for (const id of comparison.differs) touched.add(id);
    const ids = [...new Set([...comparison.differs, ...related])];
    const exchanged = await exchange(task, ids);
    ({ reasons } = exchanged);
    const asked = new Set(ids);
    const more = exchanged.related.filter((id) => !asked.has(id));
    for (const id of exchanged.related) related.add(id);
    comparison = await task.compare();
    if (!exchanged.isChanged && more.length === 0) break;
  }
  const left = new Set([...comparison.differs, ...comparison.unsettled]);
  const repaired = [...touched].filter((id) => !left.has(id));
  return { comparison, repaired, reasons };
}

interface Exchange {
  readonly isChanged: boolean;
  readonly reasons: ReadonlyMap<string, readonly string[]>;
  readonly related: readonly string[];
}

/** Reads both sides before either takes anything in. */
async function exchange(task: RepairTask, ids: readonly string[]): Promise<Exchange> {
  const progress = new Progress("entries exchanged");
  const reasons = new Map<string, string[]>();
  const related = new Set<string>();
  let isChanged = false;
  for (let at = 0; at < ids.length; at += ENTRIES_MAX) {
    const some = ids.slice(at, at + ENTRIES_MAX);
    const [first, second] = task.clients;
    const readings = await Promise.all(task.clients.map((client) => read(client, task, some)));
    for (const [client, reading] of [
      [second, readings[0]],
      [first, readings[1]],
    ] as const) {
      if (reading === undefined) continue;
      for (const id of reading.related) related.add(id);
      for (const [id, { outcome, reasons: why }] of await join(client, task, reading)) {
        isChanged ||= outcome === "joined";
        const said = why.map((text) => `${client.url}: ${text}`);
        if (said.length > 0) reasons.set(id, [...(reasons.get(id) ?? []), ...said]);
      }
    }
    progress.report(Math.min(at + ENTRIES_MAX, ids.length), ids.length);
  }
  progress.end();
  return { isChanged, reasons, related: [...related] };
}

/** One answer of a server. */
interface Answer {
  readonly ruv: readonly string[];
  readonly ids: readonly string[];
  readonly states: readonly Buffer[];
}

interface Reading {
  readonly answers: readonly Answer[];
  readonly related: readonly string[];
}

/** Asks until there is an answer for every entry. */
async function read(
  client: DigestClient,
  { suffix }: RepairTask,
  ids: readonly string[],
): Promise<Reading> {
  const answers: Answer[] = [];
  const related: string[] = [];
  for (let open = ids; open.length > 0; ) {
    const request = encodeReadEntryState({ suffix, uniqueIds: open });
    const value = await client.extended(READ_ENTRY_STATE_OID, request);
    const { ruv, states, related: others } = decodeReadEntryStateResponse(value);
    if (states.length === 0) throw incomprehensible(client);
    const known = open.filter((_, index) => (states[index]?.length ?? 0) > 0);
    answers.push({ ruv, ids: known, states: states.filter(({ length }) => length > 0) });
    related.push(...others);
    open = open.slice(states.length);
  }
  return { answers, related };
}

async function join(
  client: DigestClient,
  { suffix }: RepairTask,
  { answers }: Reading,
): Promise<readonly (readonly [id: string, joined: JoinedState])[]> {
  const joined: (readonly [string, JoinedState])[] = [];
  for (const { ruv, ids, states } of answers) {
    const request = encodeJoinEntryState({ suffix, ruv, states });
    const value = await client.extended(JOIN_ENTRY_STATE_OID, request);
    const outcomes = decodeJoinEntryStateResponse(value);
    if (outcomes.length !== ids.length) throw incomprehensible(client);
    outcomes.forEach((outcome, index) => joined.push([ids[index] ?? "", outcome]));
  }
  return joined;
}

const incomprehensible = ({ url }: DigestClient): CommandFailure =>
  new CommandFailure(`${url} answers in a way that makes no sense`);
