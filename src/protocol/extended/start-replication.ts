// Start of a replication session (389: StartNSDS90ReplicationRequest, and the older StartNSDS50
// with the same value).
//
//   30 { 04 protocol OID, 04 suffix, 31 { 04 RUV element+ }, 31 { 04 referral* }?, 04 CSN,
//        (04 GUID, 04 data)? }
//
// Fields are told apart by position: a SET behind the RUV is the referrals. The RUV texts
// (replication/ruv) begin with the generation and go on with the sender's own element. The CSN is
// only text here: a consumer answers a bad one with a code of its own. Lengths are minimal.
import { BerError, TAG_SET, encodeBer } from "../../ber/index.ts";
import { decodeValue, readTexts, writeTexts } from "../payload.ts";
import type { SessionData } from "./session-data.ts";
import { readSessionData, writeSessionData } from "./session-data.ts";

export interface StartReplicationRequest {
  readonly protocolOid: string;
  /** As sent, normalised by 389. */
  readonly suffix: string;
  /** Not empty. */
  readonly ruv: readonly string[];
  /** LDAP URLs; empty when absent. */
  readonly referrals: readonly string[];
  readonly csn: string;
  readonly sessionData: SessionData | undefined;
}

export function decodeStartReplication(value: Buffer | undefined): StartReplicationRequest {
  return decodeValue(value, "Start replication request", (reader) => {
    reader.enter();
    const protocolOid = reader.readText();
    const suffix = reader.readText();
    const start = reader.position;
    const ruv = readTexts(reader, TAG_SET);
    if (ruv.length === 0) throw new BerError("RUV is empty", start);
    const referrals = reader.peekTag() === TAG_SET ? readTexts(reader, TAG_SET) : [];
    const csn = reader.readText();
    const sessionData = readSessionData(reader);
    reader.leave();
    return { protocolOid, suffix, ruv, referrals, csn, sessionData };
  });
}

export function encodeStartReplication(request: StartReplicationRequest): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeText(request.protocolOid);
    writer.writeText(request.suffix);
    writeTexts(writer, TAG_SET, request.ruv);
    if (request.referrals.length > 0) writeTexts(writer, TAG_SET, request.referrals);
    writer.writeText(request.csn);
    writeSessionData(writer, request.sessionData);
    writer.end();
  }, 512);
}
