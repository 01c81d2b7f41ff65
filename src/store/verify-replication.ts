// Changelog, structure log and single values against the update vector.
import {
  decodeChange,
  findWindowFaults,
  readGenerator,
  readLogFloor,
  readRuv,
} from "../replication/changelog/index.ts";
import { CLEANED_TABLE, readCleanedIds } from "../replication/clean-ruv/index.ts";
import { type Csn, csnReplicaId, decodeCsn, hasIssued } from "../replication/csn/index.ts";
import { type Ruv, coversCsn, findElement } from "../replication/ruv/index.ts";
import { decodeRecord } from "../replication/urp/index.ts";
import type { Backend } from "./backend.ts";
import { type Report, TooManyFindings } from "./verify-finding.ts";

export function verifyReplication(backend: Backend, report: Report): void {
  const { meta } = backend.tables;
  const ruv = read("the update vector", () => readRuv(meta), report);
  const generator = read("the CSN generator", () => readGenerator(meta), report);
  if (ruv !== undefined && generator !== undefined) {
    const own = findElement(ruv, generator.replicaId)?.maxCsn;
    if (own !== undefined && !hasIssued(generator, own)) {
      report("meta", `the update vector holds ${own}, which the CSN generator has not issued`);
    }
  }
  verifyStructureLog(backend, ruv, report);
  if (ruv === undefined) {
    if (backend.tables.changelog.count() > 0)
      report("changelog", "there are changes, but no update vector");
    return;
  }
  verifyChangelog(backend, ruv, report);
}

function read<T>(what: string, reader: () => T, report: Report): T | undefined {
  try {
    return reader();
  } catch (error) {
    if (error instanceof TooManyFindings) throw error;
    report("meta", `${what} cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}

/** Without an update vector (no replica) the CSNs of the log are compared with nothing. */
function verifyStructureLog(backend: Backend, ruv: Ruv | undefined, report: Report): void {
  for (const { key, value } of backend.tables.structure.range()) {
    const csn = decodeCsn(Buffer.from(key));
    try {
      const { operation } = decodeRecord(value);
      if (operation.csn !== csn)
        report("structure", `the operation under ${csn} has the CSN ${operation.csn}`);
    } catch (error) {
      if (error instanceof TooManyFindings) throw error;
      report("structure", `the operation ${csn} cannot be read: ${(error as Error).message}`);
    }
    if (
      ruv !== undefined &&
      findElement(ruv, csnReplicaId(csn)) !== undefined &&
      !coversCsn(ruv, csn)
    ) {
      report("structure", `the operation ${csn} is not covered by the update vector`);
    }
  }
}

function verifyChangelog(backend: Backend, ruv: Ruv, report: Report): void {
  const { changelog, meta } = backend.tables;
  const floor = readLogFloor(meta);
  // Records of an ID that is being cleaned go when its task ends.
  const cleaned = readCleanedIds(backend.kv.bytesTable(CLEANED_TABLE).range(), backend.suffix);
  const newest = new Map<number, Csn>();
  for (const { key, value } of changelog.range()) {
    const csn = decodeCsn(Buffer.from(key));
    const replicaId = csnReplicaId(csn);
    newest.set(replicaId, csn);
    try {
      decodeChange(csn, value);
    } catch (error) {
      if (error instanceof TooManyFindings) throw error;
      report("changelog", `the change ${csn} cannot be read: ${(error as Error).message}`);
    }
    if (!coversCsn(ruv, csn) && cleaned.get(replicaId)?.isCleaning !== true)
      report("changelog", `the change ${csn} is not covered by the update vector`);
    const base = floor.get(replicaId);
    if (base !== undefined && csn <= base)
      report("changelog", `the change ${csn} lies below the floor ${base}`);
  }
  for (const fault of findWindowFaults(backend.tables)) report("changelog", fault);
  if (!backend.keepsChangelog && changelog.count() === 0) return;
  for (const { replicaId, maxCsn } of ruv.elements) {
    if (maxCsn === undefined) continue;
    const base = floor.get(replicaId);
    const reached = newest.get(replicaId) ?? base;
    if (reached === undefined || reached < maxCsn) {
      report(
        "changelog",
        `the changes of replica ${replicaId} end at ${reached ?? "nothing"}, not at ${maxCsn}`,
      );
    }
  }
}
