// Answers questions about the digest tree of a replica (protocol/extended/read-digest.ts). All of an answer is of the moment of
// the read snapshot, the update vector too.
import {
  type ExtendedRequest,
  LdapError,
  READ_DIGEST_OID,
  type ReadDigestRequest,
  type ReadDigestResponse,
  type Response,
  SUCCESS,
  decodeReadDigest,
  encodeReadDigestResponse,
} from "../protocol/index.ts";
import { readRuv } from "../replication/changelog/index.ts";
import { formatRuv } from "../replication/ruv/index.ts";
import {
  type Backend,
  DIGEST_BUCKETS,
  DIGEST_GROUPS,
  DigestLeaves,
  readBucket,
} from "../store/index.ts";
import type { Identity } from "./identity.ts";
import type { Replica } from "./replica.ts";

/** Once an answer has so many bytes, the rest has to be asked for again. */
const ANSWER_BYTES_MAX = 256 * 1024;

/** For the root DN and those who may supply the replica. The read snapshot is the newest commit. undefined: the request is another
 *  one. @throws LdapError */
export function handleDigest(
  identity: Identity | undefined,
  { oid, value }: ExtendedRequest,
  findReplica: (suffix: string) => Replica | undefined,
): Response | undefined {
  if (oid !== READ_DIGEST_OID) return undefined;
  const asked = decodeReadDigest(value);
  const replica = findReplica(asked.suffix);
  if (replica === undefined) throw new LdapError("operationsError", "There is no such replica");
  if (identity?.isRoot !== true && !replica.maySupply(identity?.normalDn ?? "")) {
    throw new LdapError("insufficientAccessRights", "");
  }
  const answer = encodeReadDigestResponse(readDigest(replica.backend, asked));
  return { type: "extendedResponse", result: SUCCESS, oid: undefined, value: answer };
}

export function readDigest(backend: Backend, asked: ReadDigestRequest): ReadDigestResponse {
  const ruv = readRuv(backend.tables.meta);
  if (ruv === undefined) throw new LdapError("unwillingToPerform", "The replica has no data yet");
  const bound = asked.level === "entries" ? DIGEST_BUCKETS : DIGEST_GROUPS;
  if (asked.keys.some((key) => key >= bound)) {
    throw new LdapError("protocolError", `A key of the digest tree is not below ${bound}`);
  }
  const leaves = DigestLeaves.read(backend.tables.digest);
  const parts = asked.level === "groups" ? [leaves.groups()] : [];
  let bytes = 0;
  for (const key of asked.level === "groups" ? [] : asked.keys) {
    if (bytes >= ANSWER_BYTES_MAX) break;
    const part = asked.level === "leaves" ? leaves.group(key) : readBucket(backend, key);
    parts.push(part);
    bytes += part.length;
  }
  return { ruv: formatRuv(ruv), entries: leaves.entries, parts };
}
