// Whether a supplier gets the replica: the checks of a Start request in 389's order (389: repl_extop.c; replication-protocol 3.5).
// A verdict only; what it asks for is done by replica-consumer.ts.
import {
  INCREMENTAL_PROTOCOL_71_OID,
  INCREMENTAL_PROTOCOL_OID,
  ReplicationResponseCode,
  type StartReplicationRequest,
  TOTAL_PROTOCOL_71_OID,
  TOTAL_PROTOCOL_OID,
} from "../../protocol/index.ts";
import {
  type Csn,
  type CsnGenerator,
  READ_ONLY_REPLICA_ID,
  type ReplicaId,
  adjustGenerator,
  maxCsn,
  parseCsn,
} from "../csn/index.ts";
import { type Ruv, parseRuv, ruvMaxCsn } from "../ruv/index.ts";
import type { Access } from "./access.ts";
import type { ReplicaPort, SupplierConnection } from "./replica-port.ts";

export type SessionKind = "incremental" | "total";

export type StartVerdict =
  | { readonly type: "refused"; readonly code: number }
  | {
      readonly type: "granted";
      readonly kind: SessionKind;
      readonly supplier: Ruv;
      /** undefined: it is read-only. */
      readonly supplierId: ReplicaId | undefined;
      /** To be taken over; undefined when nothing changes. */
      readonly generator: CsnGenerator | undefined;
    };

const PROTOCOLS: ReadonlyMap<string, SessionKind> = new Map([
  [INCREMENTAL_PROTOCOL_OID, "incremental"],
  [INCREMENTAL_PROTOCOL_71_OID, "incremental"],
  [TOTAL_PROTOCOL_OID, "total"],
  [TOTAL_PROTOCOL_71_OID, "total"],
]);

const refused = (code: number): StartVerdict => ({ type: "refused", code });
const Code = ReplicationResponseCode;

export interface StartFacts {
  readonly connection: SupplierConnection;
  /** undefined: it could not be decoded. */
  readonly request: StartReplicationRequest | undefined;
  /** undefined: the suffix is no replica here. */
  readonly replica: { readonly port: ReplicaPort; readonly access: Access } | undefined;
}

export function checkStart({ connection, request, replica }: StartFacts): StartVerdict {
  if (request === undefined) return refused(Code.decodingError);
  const supplier = parseRuv(request.ruv);
  if (supplier === undefined) return refused(Code.decodingError);
  const kind = PROTOCOLS.get(request.protocolOid);
  if (kind === undefined) return refused(Code.unknownUpdateProtocol);
  if (replica?.port.isUnavailable === true) return refused(Code.busy);
  if (replica === undefined) return refused(Code.noSuchReplica);
  const { port, access } = replica;
  if (kind === "total" && (port.isTotalBusy || access.name === "total")) return refused(Code.busy);
  if (!port.maySupply(connection.boundDn)) return refused(Code.permissionDenied);
  if (isGivenUp(port, supplier, request)) return refused(Code.permissionDenied);
  const csn = parseCsn(request.csn);
  if (csn === undefined) return refused(Code.internalError);
  const adjusted = adjust(port, supplier, csn);
  if (adjusted === "skew") return refused(Code.excessiveClockSkew);
  if (isSameReplica(port, supplier)) return refused(Code.duplicateReplicaId);
  const supplierId = idOfUpdatable(supplier, request);
  if (!isOpenTo(access, connection.id, supplierId)) return refused(Code.busy);
  return { type: "granted", kind, supplier, supplierId, generator: adjusted };
}

/** The lock. While a total initialization goes out, changes may come in. A supplier that starts anew does not wait for itself. */
function isOpenTo(
  access: Access,
  connectionId: number,
  supplierId: ReplicaId | undefined,
): boolean {
  if (access.name === "free") return true;
  if (access.name === "total") return false;
  if (access.connectionId === connectionId) return true;
  return supplierId !== undefined && access.supplierId === supplierId;
}

/** The generator above all CSNs that the supplier knows. Between different data it does not matter what they say. */
function adjust(port: ReplicaPort, supplier: Ruv, csn: Csn): CsnGenerator | "skew" | undefined {
  const generator = port.generator();
  if (generator === undefined || port.ruv()?.generation !== supplier.generation) return undefined;
  const newest = maxCsn(ruvMaxCsn(supplier), csn) ?? csn;
  const options = { ignoreTimeSkew: port.ignoreTimeSkew };
  const moved = adjustGenerator(generator, newest, port.nowSeconds(), options);
  return moved.type === "skew" ? "skew" : moved.generator;
}

/** A read-only supplier is not in its own update vector, and says so by its referrals. */
const idOfUpdatable = (
  supplier: Ruv,
  { referrals }: StartReplicationRequest,
): ReplicaId | undefined => (referrals.length === 0 ? supplier.elements[0]?.replicaId : undefined);

const isGivenUp = (port: ReplicaPort, supplier: Ruv, request: StartReplicationRequest): boolean => {
  const own = supplier.elements[0];
  return own !== undefined && request.referrals.length === 0 && port.isGivenUp(own);
};

const isSameReplica = (port: ReplicaPort, supplier: Ruv): boolean =>
  port.replicaId !== READ_ONLY_REPLICA_ID && supplier.elements[0]?.replicaId === port.replicaId;
