// What a consumer answers to start and end requests, beside the LDAP result, which is success (389:
// NSDS50 and NSDS90ReplicationResponse).
//
//   30 { 0A code, 30 { 04 RUV element* }?, (04 GUID, 04 data)? }
//
// The RUV is a SEQUENCE here and a SET in requests. It is present only when an incremental session
// was granted.
import { TAG_SEQUENCE, encodeBer } from "../../ber/index.ts";
import { decodeValue, readTexts, writeTexts } from "../payload.ts";
import type { SessionData } from "./session-data.ts";
import { readSessionData, writeSessionData } from "./session-data.ts";

/** Codes that travel; 389 has further ones for its own status only. */
export const ReplicationResponseCode = {
  ready: 0,
  busy: 1,
  excessiveClockSkew: 2,
  permissionDenied: 3,
  decodingError: 4,
  unknownUpdateProtocol: 5,
  noSuchReplica: 6,
  belowPurgePoint: 7,
  internalError: 8,
  releaseSucceeded: 9,
  duplicateReplicaId: 11,
  disabled: 12,
  upToDate: 13,
  backOff: 14,
} as const;

export type ReplicationResponseCodeName = keyof typeof ReplicationResponseCode;

export interface ReplicationResponse {
  /** One of ReplicationResponseCode, or what a newer peer may send. */
  readonly code: number;
  readonly ruv: readonly string[] | undefined;
  readonly sessionData: SessionData | undefined;
}

export function decodeReplicationResponse(value: Buffer | undefined): ReplicationResponse {
  return decodeValue(value, "Replication response", (reader) => {
    reader.enter();
    const code = reader.readEnumerated();
    const hasRuv = reader.peekTag() === TAG_SEQUENCE;
    const ruv = hasRuv ? readTexts(reader, TAG_SEQUENCE) : undefined;
    const sessionData = readSessionData(reader);
    reader.leave();
    return { code, ruv, sessionData };
  });
}

export function encodeReplicationResponse(response: ReplicationResponse): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeEnumerated(response.code);
    if (response.ruv !== undefined) writeTexts(writer, TAG_SEQUENCE, response.ruv);
    writeSessionData(writer, response.sessionData);
    writer.end();
  }, 512);
}
