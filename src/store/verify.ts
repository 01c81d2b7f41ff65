// Checks every invariant of a backend's tables. Reads one snapshot, writes nothing: run it within one turn of the event loop on
// tables that nobody renews meanwhile, for instance on a read-only environment of another process while the server runs. The
// snapshot pins the pages of its time, so what the server writes meanwhile makes the file grow.
//
//   kind          what must hold
//   suffix        the tree has one root, and it is the suffix entry
//   record        decodes; its parent is there; it is reachable from the suffix; its unique ID is that of its attribute
//   piece         values that lie apart from their record are there, and no others
//   uniqueId      the table of unique IDs and the records name each other
//   tree          the tree and the records name each other
//   children      counts are those of the tree
//   state         node and registers decode; what is shown is what they say; their CSNs are covered by the update vector
//   name          who held a name last, and glue that wants it
//   index         ready indexes hold exactly the keys of the entries; no rows of unknown indexes
//   structure     structural operations decode and stand under their CSN
//   changelog     changes decode, are covered, and reach up to the update vector or its floor
//   digest        the digest tree is that of the entries
//   description   each number of a record has a text
//   meta          single values decode and fit each other
import type { Backend } from "./backend.ts";
import { descriptionTable } from "./description-table.ts";
import { verifyDigest } from "./verify-digest.ts";
import { verifyEntries } from "./verify-entries.ts";
import { type Finding, type FindingKind, type Report, TooManyFindings } from "./verify-finding.ts";
import { verifyIndexes } from "./verify-indexes.ts";
import { verifyNames } from "./verify-names.ts";
import { verifyPieces } from "./verify-pieces.ts";
import { verifyReplication } from "./verify-replication.ts";
import { verifyTree } from "./verify-tree.ts";

/** Findings after which the check ends. */
export const FINDINGS_MAX = 1000;

export interface VerifyOptions {
  /** Told now and then how many of `total` entries have been looked at. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** All findings, at most FINDINGS_MAX. `backend`: as `openSnapshot` gives it. */
export function verifyBackend(backend: Backend, options: VerifyOptions = {}): readonly Finding[] {
  const findings: Finding[] = [];
  const report: Report = (kind, message) => {
    findings.push({ kind, message });
    if (findings.length >= FINDINGS_MAX) throw new TooManyFindings();
  };
  try {
    guarded("description", () => verifyDescriptions(backend, report), report);
    guarded("tree", () => verifyTree(backend, report), report);
    guarded("record", () => verifyEntries(backend, report, options.onProgress), report);
    guarded("piece", () => verifyPieces(backend, report), report);
    guarded("name", () => verifyNames(backend, report), report);
    guarded("digest", () => verifyDigest(backend, report), report);
    guarded("index", () => verifyIndexes(backend, report), report);
    guarded("meta", () => verifyReplication(backend, report), report);
  } catch (error) {
    if (!(error instanceof TooManyFindings)) throw error;
  }
  return findings;
}

/** What is so broken that a part of the check cannot go on is a finding too. */
function guarded(kind: FindingKind, part: () => void, report: Report): void {
  try {
    part();
  } catch (error) {
    if (error instanceof TooManyFindings) throw error;
    report(kind, `the check could not go on: ${(error as Error).message}`);
  }
}

function verifyDescriptions({ kv, descriptions }: Backend, report: Report): void {
  for (const { key: id, value } of descriptionTable(kv).range()) {
    const text = value.toString("utf8");
    try {
      const description = descriptions.get(id);
      const meant = descriptions.find(text);
      if (meant?.key !== description.key) {
        report("description", `number ${id} stands for ${description.text}, not for ${text}`);
      }
    } catch (error) {
      if (error instanceof TooManyFindings) throw error;
      report("description", `number ${id} cannot be read: ${(error as Error).message}`);
    }
  }
}
