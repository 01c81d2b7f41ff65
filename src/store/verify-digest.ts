// The digest tree against the entries: the digest beside the state of each entry, the entries of each bucket, the sums. The
// digests are computed anew from records and states.
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
    const { digest: stored } = decodeStateRow(tables.state.getCopy(id));
    const computed = computeDigest(backend, id as EntryId);
    if (!sameDigest(stored, computed)) {
      report("digest", `the digest of entry ${id} is not that of its content`);
    }
    leaves.change(undefined, computed);
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
    const { digest } = decodeStateRow(tables.state.getCopy(id));
    if (digest?.bucket !== bucket || reader.idOfUniqueId(uniqueId) !== id) {
      report("digest", `bucket ${bucket} of the digest tree names entry ${id}, which is not in it`);
    }
  }
  if (members !== entries) {
    report("digest", `the digest tree names ${members} of ${entries} entries`);
  }
}
