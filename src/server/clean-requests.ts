// The four extended requests of the CleanAllRUV family (docs/wire/clean-ruv.md), as other servers send them. 389 lets anybody ask
// for the newest change; here all of them are for those who may supply the replica, and for the root DN.
import {
  ABORT_CLEAN_RUV_OID,
  CHECK_CLEAN_RUV_OID,
  CLEAN_RUV_ACCEPTED,
  CLEAN_RUV_CLEANING,
  CLEAN_RUV_FINISHED,
  CLEAN_RUV_NO_MAX_CSN,
  CLEAN_RUV_OID,
  type ExtendedRequest,
  GET_MAX_CSN_OID,
  LdapError,
  type Response,
  SUCCESS,
  decodeAbortCleanRuv,
  decodeCheckCleanRuv,
  decodeCleanRuv,
  decodeGetMaxCsn,
  encodeCleanRuvResponse,
} from "../protocol/index.ts";
import { parseCheckFilter, wasCleaned } from "../replication/clean-ruv/index.ts";
import { CSN_ZERO, type Csn, type ReplicaId, csnSeconds } from "../replication/csn/index.ts";
import { ruvMaxCsn } from "../replication/ruv/index.ts";
import type { CleanTasks } from "./clean-tasks.ts";
import type { Identity } from "./identity.ts";
import type { Replica } from "./replica.ts";

export interface CleanRequestsParts {
  readonly tasks: CleanTasks;
  /** By the suffix as it was sent. */
  findReplica(suffix: string): Replica | undefined;
  onDefect(error: unknown): void;
}

export class CleanRequests {
  readonly #parts: CleanRequestsParts;

  constructor(parts: CleanRequestsParts) {
    this.#parts = parts;
  }

  /** undefined: the request is none of these. @throws LdapError */
  handle(identity: Identity | undefined, { oid, value }: ExtendedRequest): Response | undefined {
    switch (oid) {
      case GET_MAX_CSN_OID:
        return this.#maxCsn(identity, value);
      case CHECK_CLEAN_RUV_OID:
        return this.#check(identity, value);
      case CLEAN_RUV_OID:
        return this.#clean(identity, value);
      case ABORT_CLEAN_RUV_OID:
        return this.#abort(identity, value);
      default:
        return undefined;
    }
  }

  #maxCsn(identity: Identity | undefined, value: Buffer | undefined): Response {
    const { replicaId, suffix } = decodeGetMaxCsn(value);
    const replica = this.#getReplica(identity, suffix);
    const ruv = replica.ruv();
    const csn = ruv === undefined ? undefined : ruvMaxCsn(ruv, replicaId as ReplicaId);
    if (csn !== undefined) return answer(csn);
    // "None" says to a task that the ID is clean here; who has had no change of it yet is behind all that have.
    const isClean = wasCleaned(replica.cleaned.ids, replicaId as ReplicaId);
    return answer(isClean ? CLEAN_RUV_NO_MAX_CSN : CSN_ZERO);
  }

  #check(identity: Identity | undefined, value: Buffer | undefined): Response {
    const asked = parseCheckFilter(decodeCheckCleanRuv(value).filter);
    if (asked === undefined) return answer(CLEAN_RUV_FINISHED);
    const { suffix } = this.#getReplica(identity, asked.suffix);
    // The server where a task began waits for the others: it must not be waited for by them.
    const isCleaning = this.#parts.tasks.isRelaying(suffix, asked.replicaId);
    return answer(isCleaning ? CLEAN_RUV_CLEANING : CLEAN_RUV_FINISHED);
  }

  #clean(identity: Identity | undefined, value: Buffer | undefined): Response {
    const { replicaId: id, suffix, maxCsn, force } = decodeCleanRuv(value);
    const replicaId = id as ReplicaId;
    const replica = this.#getReplica(identity, suffix);
    const { tasks, onDefect } = this.#parts;
    // Every server tells all of its own peers: whoever knows already ends that.
    if (tasks.isCleaning(replica.suffix, replicaId) || tasks.isClean(replica, replicaId)) {
      return answer(CLEAN_RUV_ACCEPTED);
    }
    tasks.checkStart(replica.suffix, replicaId);
    const order = { replicaId, force, isOriginal: false, maxCsn: knownCsn(maxCsn) };
    tasks.clean(replica.suffix, order).catch(onDefect);
    return answer(CLEAN_RUV_ACCEPTED);
  }

  #abort(identity: Identity | undefined, value: Buffer | undefined): Response {
    const { replicaId: id, suffix, certify } = decodeAbortCleanRuv(value);
    const replicaId = id as ReplicaId;
    const { suffix: normalSuffix } = this.#getReplica(identity, suffix);
    const { tasks, onDefect } = this.#parts;
    if (tasks.isCleaning(normalSuffix, replicaId)) {
      tasks.abort(normalSuffix, { replicaId, certify, isOriginal: false }).catch(onDefect);
    }
    return { type: "extendedResponse", result: SUCCESS, oid: undefined, value: undefined };
  }

  /** @throws LdapError operationsError: there is none · insufficientAccessRights */
  #getReplica(identity: Identity | undefined, suffix: string): Replica {
    const replica = this.#parts.findReplica(suffix);
    if (replica === undefined) throw new LdapError("operationsError", "There is no such replica");
    if (identity?.isRoot !== true && !replica.maySupply(identity?.normalDn ?? "")) {
      throw new LdapError("insufficientAccessRights", "");
    }
    return replica;
  }
}

/** 389 sends a CSN of zeros when it knows none. */
const knownCsn = (csn: Csn): Csn | undefined => (csnSeconds(csn) === 0 ? undefined : csn);

const answer = (text: string): Response => ({
  type: "extendedResponse",
  result: SUCCESS,
  oid: undefined,
  value: encodeCleanRuvResponse(text),
});
