// The digest tree against the entries: the digest beside the state of each entry that is not stale, which is computed anew from
// record and state; the marks of those that are stale; the entries of each bucket; the sums, which are those of the digests
// beside the states whether stale or not.
import type { EntryId } from "../entry/index.ts";
import type { Backend } from "./backend.ts";
import { computeDigest } from "./digest.ts";
import { DIGEST_GROUPS, DigestLeaves, allMembers, sameDigest } from "./digest-tree.ts";
import { decodeStateRow } from "./state-rows.ts";
import type { Report } from "./verify-finding.ts";

export function verifyDigest(backend: Backend, report: Report): void {
  if (!backend.keepsDigest) return; // from a version without digests; the server makes them when it opens the data
  const { tables } = backend;
  const leaves = new DigestLeaves();
  for (const id of tables.state.keys()) {
    const row = decodeStateRow(tables.state.getCopy(id));
    leaves.change(undefined, row.digest);
    if (row.isStale) {
      if (!tables.stale.has(id)) {
        report("digest", `entry ${id} has another digest than is counted, and no mark says so`);
      }
    } else if (!sameDigest(row.digest, computeDigest(backend, id as EntryId))) {
      report("digest", `the digest of entry ${id} is not that of its content`);
    }
  }
  for (const id of tables.stale.keys()) {
    if (!decodeStateRow(tables.state.getCopy(id)).isStale) {
      report("digest", `a mark says that the digest of entry ${id} is not counted, but it is`);
    }
  }
  verifyMembers(backend, leaves.entries, report);
  const kept = DigestLeaves.read(tables.digest);
  for (let group = 0; group < DIGEST_GROUPS; group += 1) {
    if (kept.group(group).equals(leaves.group(group))) continue;
    report("digest", `the sums of group ${group} of the digest tree are not those of its entries`);
  }
}

function verifyMembers({ tables, reader }: Backend, entries: number, report: Report): void {
  let members = 0;
  for (const { id, uniqueId, bucket } of allMembers(tables.digest)) {
    members += 1;
    const row = decodeStateRow(tables.state.getCopy(id));
    // An entry that is gone may still be counted, until it is settled.
    const isKnown = row.isStale || reader.idOfUniqueId(uniqueId) === id;
    if (row.digest?.bucket !== bucket || !isKnown) {
      report("digest", `bucket ${bucket} of the digest tree names entry ${id}, which is not in it`);
    }
  }
  if (members !== entries) {
    report("digest", `the digest tree names ${members} of ${entries} entries`);
  }
}
