// What must hold when everything has come to rest, looked at from outside.
import { RecordFlag } from "../../src/entry/index.ts";
import type { Change } from "../../src/replication/change/index.ts";
import { type ReplicaId, csnReplicaId } from "../../src/replication/csn/index.ts";
import { type Ruv, coversCsn, ruvMaxCsn } from "../../src/replication/ruv/index.ts";
import { type Backend, verifyBackend } from "../../src/store/index.ts";
import { type Content, differencesOf, readContent, snapshotOf } from "./content.ts";
import type { Ledger } from "./ledger.ts";
import { replayAll, serialValues, shownValues } from "./oracle.ts";
import type { ServerPlan } from "./scenario.ts";
import type { SimulatedServer } from "./simulated-server.ts";

export interface CheckedServer {
  readonly server: SimulatedServer;
  /** What its suppliers keep back. */
  readonly excluded: readonly string[];
}

export interface CheckInput {
  readonly servers: readonly CheckedServer[];
  readonly ledger: Ledger;
  /** Servers forget the state of what was deleted, at different times. */
  readonly withPurge: boolean;
  /** The content cannot be the same everywhere. */
  readonly isLimited: boolean;
  /** Replica IDs that were cleaned: no update vector claims anything of them. */
  readonly cleanedIds: ReadonlySet<ReplicaId>;
}

const SHOWN_MAX = 40;
const KEEP_ALIVES_MORE_MAX = 12;

class Fault extends Error {
  override readonly name = "Fault";
}

function fault(what: string, details: readonly string[] = []): never {
  const more = details.length > SHOWN_MAX ? [`… ${details.length - SHOWN_MAX} more`] : [];
  throw new Fault([what, ...details.slice(0, SHOWN_MAX), ...more].join("\n  "));
}

/** Whether nothing of the change goes to a consumer that does not get these attributes. */
export function isKeptBack(change: Change, excluded: readonly string[]): boolean {
  if (excluded.length === 0 || change.type !== "modify") return false;
  const dropped = [...excluded, ...["modifiersname", "modifytimestamp"]];
  return change.mods.every(({ type }) =>
    dropped.includes((type.split(";")[0] ?? "").toLowerCase()),
  );
}

/** A RUV claims what is on the disk, and nothing else. */
function checkClaims(
  { server, excluded }: CheckedServer,
  { ledger, cleanedIds }: CheckInput,
  ruv: Ruv,
): void {
  const held = ledger.heldBy(server.name);
  for (const { replicaId, maxCsn } of ruv.elements) {
    if (cleanedIds.has(replicaId) && maxCsn !== undefined)
      fault(`the RUV of ${server.name} has the cleaned ${replicaId}`);
  }
  for (const [csn, { change, isForfeited, isGivenUp }] of ledger.changes) {
    const isClaimed = coversCsn(ruv, csn);
    // What an operator has thrown away is covered by what came after it.
    if (isForfeited && !ledger.isHeld(csn)) continue;
    if (isClaimed && !held.has(csn) && !isKeptBack(change, excluded) && !isGivenUp) {
      fault(
        `the RUV of ${server.name} claims ${csn} (${change.type} ${change.dn}), which it lacks`,
      );
    }
    if (!isClaimed && held.has(csn) && !cleanedIds.has(csnReplicaId(csn))) {
      fault(`the RUV of ${server.name} does not cover ${csn}, which it holds`);
    }
  }
}

/** Whether all servers have heard of the same changes. */
export function isConverged(
  servers: readonly CheckedServer[],
  { ledger, cleanedIds }: Pick<CheckInput, "ledger" | "cleanedIds">,
): boolean {
  const [first] = servers;
  const ruv = first?.server.backend.committed.ruv;
  if (first === undefined || ruv === undefined) return false;
  return servers.every(({ server, excluded }) => {
    const other = server.backend.committed.ruv;
    if (other === undefined || other.generation !== ruv.generation) return false;
    if (excluded.length === 0) return isSameRuv(ruv, other);
    if (isAhead(other, ruv, cleanedIds)) return false;
    const held = ledger.heldBy(server.name);
    return [...ledger.heldBy(first.server.name)].every((csn) => {
      const change = ledger.changes.get(csn)?.change;
      // Nobody sends them any more; whether they are there is seen in the content.
      if (cleanedIds.has(csnReplicaId(csn))) return true;
      return held.has(csn) || (change !== undefined && isKeptBack(change, excluded));
    });
  });
}

/** A consumer that holds what its supplier lost. */
const isAhead = (consumer: Ruv, supplier: Ruv, cleanedIds: ReadonlySet<ReplicaId>): boolean =>
  consumer.elements.some(
    ({ replicaId, maxCsn = "" }) =>
      !cleanedIds.has(replicaId) && maxCsn > (ruvMaxCsn(supplier, replicaId) ?? ""),
  );

function isSameRuv(one: Ruv, other: Ruv): boolean {
  const ids = new Set([...one.elements, ...other.elements].map(({ replicaId }) => replicaId));
  return [...ids].every((id) => ruvMaxCsn(one, id) === ruvMaxCsn(other, id));
}

export function checkAll(input: CheckInput): void {
  const { servers } = input;
  for (const checked of servers) {
    const { ruv } = checked.server.backend.committed;
    if (ruv === undefined) fault(`${checked.server.name} has no RUV`);
    checkClaims(checked, input, ruv);
    checkTables(checked.server);
  }
  checkNothingLost(input);
  if (input.isLimited) return;
  checkSameContent(input);
  checkOracles(input);
}

function checkTables(server: SimulatedServer): void {
  const findings = verifyBackend(snapshotOf(server.kv.openReader()));
  if (findings.length > 0) {
    fault(
      `the tables of ${server.name} contradict each other`,
      findings.map(({ kind, message }) => `${kind}: ${message}`),
    );
  }
}

function checkNothingLost({ servers, ledger }: CheckInput): void {
  const [first] = servers;
  if (first === undefined) return;
  const held = ledger.heldBy(first.server.name);
  for (const [csn, known] of ledger.changes) {
    if (!known.isAnswered || known.isForfeited || held.has(csn)) continue;
    if (known.isGivenUp && ledger.isHeld(csn)) continue;
    const { type, dn } = known.change;
    fault(`${known.origin} answered ${csn} (${type} ${dn}), and nobody has it`);
  }
}

function checkSameContent({ servers, withPurge }: CheckInput): void {
  const [first, ...others] = servers;
  if (first === undefined) return;
  const read = (server: SimulatedServer, excluded: readonly string[]): Content =>
    readContent(snapshotOf(server.kv.openReader()), {
      withDeleted: !withPurge && excluded.length === 0,
      ...(excluded.length === 0 ? {} : { excluded }),
    });
  const ofFirst = new Map<string, Content>();
  for (const { server, excluded } of others) {
    const key = excluded.join(" ");
    const content = ofFirst.get(key) ?? read(first.server, excluded);
    ofFirst.set(key, content);
    const differences = differencesOf(
      { name: first.server.name, content },
      { name: server.name, content: read(server, excluded) },
    );
    if (differences.length > 0) {
      fault(
        `${first.server.name} and ${server.name} hold the same changes and differ`,
        differences,
      );
    }
  }
}

function checkOracles({ servers, ledger, withPurge }: CheckInput): void {
  const [first] = servers;
  if (first === undefined) return;
  const changes = [...ledger.heldBy(first.server.name)].flatMap(
    (csn) => ledger.changes.get(csn)?.change ?? [],
  );
  const replayed = replayAll(changes);
  const backend = snapshotOf(first.server.kv.openReader());
  const options = { withDeleted: false };
  const differences = differencesOf(
    { name: "the replay of all changes", content: readContent(replayed, options) },
    { name: first.server.name, content: readContent(backend, options) },
  );
  if (differences.length > 0)
    fault(`${first.server.name} is not what its changes say`, differences);
  if (!withPurge) checkSerialValues(changes, replayed, backend);
  checkDeleted(changes, backend);
}

function checkSerialValues(changes: readonly Change[], replayed: Backend, backend: Backend): void {
  const expected = serialValues(changes, replayed);
  for (const [uniqueId, lines] of expected) {
    const id = backend.reader.idOfUniqueId(uniqueId as Change["uniqueId"]);
    const entry = id === undefined ? undefined : backend.reader.entry(id);
    if (entry === undefined || (entry.flags & HIDDEN) !== 0) continue;
    const attributes = entry.stored().map(({ description, values }) => ({
      key: description.key,
      values,
    }));
    const shown = shownValues(attributes);
    if (shown.join("\n") === lines.join("\n")) continue;
    fault(`the values of ${entry.dn} (${uniqueId}) are not what its changes say`, [
      ...lines.filter((line) => !shown.includes(line)).map((line) => `missing: ${line}`),
      ...shown.filter((line) => !lines.includes(line)).map((line) => `too many: ${line}`),
    ]);
  }
}

const HIDDEN = RecordFlag.tombstone | RecordFlag.glue;

/** What was done to each entry. */
function kindsOf(changes: readonly Change[]): ReadonlyMap<Change["uniqueId"], ReadonlySet<string>> {
  const kinds = new Map<Change["uniqueId"], Set<string>>();
  const names = new Map<Change["uniqueId"], string>();
  for (const change of changes) {
    const { uniqueId, type } = change;
    const seen = kinds.get(uniqueId) ?? new Set();
    kinds.set(uniqueId, seen.add(type === "modify" ? kindOfModify(change) : type));
    if (type !== "add" && type !== "delete") continue;
    const name = (change.dn.split(",")[0] ?? "").replace(/nsuniqueid=[^+]*\+|\+nsuniqueid=.*/i, "");
    // An operator has lost the rename that the deletion speaks of: it does not mean the entry under the name from before.
    if (names.has(uniqueId) && names.get(uniqueId) !== name) seen.add("modifyDn");
    names.set(uniqueId, name);
  }
  return kinds;
}

/** An entry that was deleted, never renamed and never revived is not there; one that was added and never deleted is. */
function checkDeleted(changes: readonly Change[], backend: Backend): void {
  const kinds = kindsOf(changes);
  for (const [uniqueId, seen] of kinds) {
    const id = backend.reader.idOfUniqueId(uniqueId);
    const entry = id === undefined ? undefined : backend.reader.entry(id);
    const isLive = entry !== undefined && (entry.flags & HIDDEN) === 0;
    if (seen.has("delete") && !seen.has("modifyDn") && !seen.has("revive") && isLive) {
      fault(`${entry.dn} (${uniqueId}) was deleted and is there`);
    }
    if (seen.has("add") && !seen.has("delete") && !isLive) {
      fault(`${uniqueId} was added, never deleted, and is not there`);
    }
  }
  for (const id of backend.tables.entry.keys()) {
    const { dn, flags } = backend.reader.getEntry(id as Parameters<Backend["reader"]["entry"]>[0]);
    const found = backend.reader.idOfDn(backend.schema.normalizeDnText(dn));
    if ((flags & RecordFlag.tombstone) === 0 && found !== id)
      fault(`${dn} is not found by its name`);
  }
}

function kindOfModify(change: Change & { type: "modify" }): string {
  const isRevival = change.mods.some(
    ({ operation, type, values }) =>
      operation === "delete" &&
      type.toLowerCase() === "objectclass" &&
      values.some((value) => String(value).toLowerCase() === "glue"),
  );
  return isRevival ? "revive" : "modify";
}

/** Keep-alive entries are written at their interval, now and then for a fractional consumer, and when a server starts. */
export function checkKeepAlives(
  ledger: Ledger,
  plans: readonly ServerPlan[],
  elapsedMs: number,
): void {
  for (const { name, replicaId, settings } of plans) {
    const intervalMs = 1000 * Number(settings["nsds5ReplicaKeepAliveUpdateInterval"]);
    const allowed = KEEP_ALIVES_MORE_MAX + (1.5 * elapsedMs) / intervalMs;
    let count = 0;
    for (const { change } of ledger.changes.values()) {
      if (change.dn.startsWith(`cn=repl keep alive ${replicaId},`)) count += 1;
    }
    if (count > allowed) fault(`${name} has written its keep-alive entry ${count} times`);
  }
}

/** Servers that were told apart: for the message of a failure. */
export const describeRuvs = (servers: readonly CheckedServer[]): string[] =>
  servers.map(({ server }) => {
    const { ruv } = server.backend.committed;
    const texts = (ruv?.elements ?? []).map(
      ({ replicaId, maxCsn }) => `${replicaId}: ${maxCsn ?? "none"}`,
    );
    return `${server.name} ${ruv?.generation} ${texts.sort().join(", ")}`;
  });
