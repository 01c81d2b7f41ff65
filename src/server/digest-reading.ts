// Answers questions about the digest tree of a replica (protocol/extended/read-digest.ts). All of an answer, the update vector
// too, is of the transaction that settled the last stale digest.
import type { Reply } from "../frontend/index.ts";
import {
  type ExtendedRequest,
  LdapError,
  READ_DIGEST_OID,
  type ReadDigestRequest,
  type ReadDigestResponse,
  SUCCESS,
  decodeReadDigest,
  encodeReadDigestResponse,
} from "../protocol/index.ts";
import { readRuv } from "../replication/changelog/index.ts";
import { formatRuv } from "../replication/ruv/index.ts";
import {
  type BackendTables,
  DIGEST_BUCKETS,
  DIGEST_GROUPS,
  DigestLeaves,
  readBucket,
} from "../store/index.ts";
import type { DigestSettling } from "./digest-settling.ts";
import type { Identity } from "./identity.ts";
import type { Replica } from "./replica.ts";

/** Once an answer has so many bytes, the rest has to be asked for again. */
const ANSWER_BYTES_MAX = 256 * 1024;

/** Who may answer. */
export interface DigestServices {
  readonly digests: DigestSettling;
  readonly replicas: { findByName(suffix: string): Replica | undefined };
}

/** For the root DN and those who may supply the replica. undefined: the request is another one. @throws LdapError */
export function handleDigest(
  { digests, replicas }: DigestServices,
  identity: Identity | undefined,
  { oid, value }: ExtendedRequest,
  reply: Reply,
): Promise<void> | undefined {
  if (oid !== READ_DIGEST_OID) return undefined;
  const asked = decodeReadDigest(value);
  const replica = replicas.findByName(asked.suffix);
  if (replica === undefined) throw new LdapError("operationsError", "There is no such replica");
  if (identity?.isRoot !== true && !replica.maySupply(identity?.normalDn ?? "")) {
    throw new LdapError("insufficientAccessRights", "");
  }
  return digests
    .read(replica.backend, (tables) => encodeReadDigestResponse(readDigest(tables, asked)))
    .then((answer) =>
      reply.send({ type: "extendedResponse", result: SUCCESS, oid: undefined, value: answer }),
    );
}

/** `tables`: with nothing that is stale. */
export function readDigest(tables: BackendTables, asked: ReadDigestRequest): ReadDigestResponse {
  const ruv = readRuv(tables.meta);
  if (ruv === undefined) throw new LdapError("unwillingToPerform", "The replica has no data yet");
  const bound = asked.level === "entries" ? DIGEST_BUCKETS : DIGEST_GROUPS;
  if (asked.keys.some((key) => key >= bound)) {
    throw new LdapError("protocolError", `A key of the digest tree is not below ${bound}`);
  }
  const leaves = DigestLeaves.read(tables.digest);
  const parts = asked.level === "groups" ? [leaves.groups()] : [];
  let bytes = 0;
  for (const key of asked.level === "groups" ? [] : asked.keys) {
    if (bytes >= ANSWER_BYTES_MAX) break;
    const part = asked.level === "leaves" ? leaves.group(key) : readBucket(tables, key);
    parts.push(part);
    bytes += part.length;
  }
  return { ruv: formatRuv(ruv), entries: leaves.entries, parts };
}
