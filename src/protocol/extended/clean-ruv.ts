// The CleanAllRUV family (389): taking a replica ID that is gone for ever out of all RUVs. Values
// are BER around a text: request 30 { 04 payload }, response 30 { 04 text }, without a response
// name. Payloads by operation:
//
//   CLEAN_RUV        <replica ID>:<suffix>:<max CSN>[:<force yes|no>] answered "accepted"
//   ABORT_CLEAN_RUV  <replica ID>:<suffix>:<certify yes|no> answered by the LDAP result alone
//   GET_MAX_CSN      <replica ID>:<suffix> answered by a CSN or "no maxcsn"
//   CHECK_CLEAN_RUV  an LDAP filter, searched below cn=config answered "cleaning" or "finished"
//
// A suffix may contain colons, so it is what stands between the fields at both ends.
import { encodeBer } from "../../ber/index.ts";
import type { Csn } from "../../replication/csn/index.ts";
import { parseCsn } from "../../replication/csn/index.ts";
import { decodeValue } from "../payload.ts";
import { ProtocolError } from "../protocol-error.ts";

export interface CleanRuvRequest {
  readonly replicaId: number;
  readonly suffix: string;
  readonly maxCsn: Csn;
  readonly force: boolean;
}

export interface AbortCleanRuvRequest {
  readonly replicaId: number;
  readonly suffix: string;
  readonly certify: boolean;
}

export interface GetMaxCsnRequest {
  readonly replicaId: number;
  readonly suffix: string;
}

export interface CheckCleanRuvRequest {
  readonly filter: string;
}

/** Texts of the responses. */
export const CLEAN_RUV_ACCEPTED = "accepted";
export const CLEAN_RUV_CLEANING = "cleaning";
export const CLEAN_RUV_FINISHED = "finished";
export const CLEAN_RUV_NO_MAX_CSN = "no maxcsn";

const REPLICA_ID_MAX = 65_534;
const REPLICA_ID_AND_REST = /^(\d{1,5}):(.+)$/s;
const CLEAN_FIELDS = /^(.+):([0-9a-fA-F]{20})(?::(yes|no))?$/is;
const ABORT_FIELDS = /^(.+):(yes|no)$/is;

const isYes = (text: string | undefined): boolean => text?.toLowerCase() === "yes";
const yesOrNo = (flag: boolean): string => (flag ? "yes" : "no");

function bad(what: string): ProtocolError {
  return new ProtocolError(`${what} cannot be decoded: payload is malformed`);
}

function splitReplicaId(payload: string, what: string): { replicaId: number; rest: string } {
  const match = REPLICA_ID_AND_REST.exec(payload);
  const replicaId = Number(match?.[1]);
  const rest = match?.[2];
  if (rest === undefined || replicaId < 1 || replicaId > REPLICA_ID_MAX) throw bad(what);
  return { replicaId, rest };
}

export function decodeCleanRuv(value: Buffer | undefined): CleanRuvRequest {
  const what = "Clean RUV request";
  const { replicaId, rest } = splitReplicaId(decodeText(value, what), what);
  const match = CLEAN_FIELDS.exec(rest);
  const suffix = match?.[1];
  const maxCsn = parseCsn(match?.[2] ?? "");
  if (suffix === undefined || maxCsn === undefined) throw bad(what);
  return { replicaId, suffix, maxCsn, force: isYes(match?.[3]) };
}

export function encodeCleanRuv(request: CleanRuvRequest): Buffer {
  const { replicaId, suffix, maxCsn, force } = request;
  return encodeText(`${replicaId}:${suffix}:${maxCsn}:${yesOrNo(force)}`);
}

export function decodeAbortCleanRuv(value: Buffer | undefined): AbortCleanRuvRequest {
  const what = "Abort clean RUV request";
  const { replicaId, rest } = splitReplicaId(decodeText(value, what), what);
  const match = ABORT_FIELDS.exec(rest);
  const suffix = match?.[1];
  if (suffix === undefined) throw bad(what);
  return { replicaId, suffix, certify: isYes(match?.[2]) };
}

export function encodeAbortCleanRuv(request: AbortCleanRuvRequest): Buffer {
  return encodeText(`${request.replicaId}:${request.suffix}:${yesOrNo(request.certify)}`);
}

export function decodeGetMaxCsn(value: Buffer | undefined): GetMaxCsnRequest {
  const what = "Get max CSN request";
  const { replicaId, rest } = splitReplicaId(decodeText(value, what), what);
  return { replicaId, suffix: rest };
}

export function encodeGetMaxCsn(request: GetMaxCsnRequest): Buffer {
  return encodeText(`${request.replicaId}:${request.suffix}`);
}

export function decodeCheckCleanRuv(value: Buffer | undefined): CheckCleanRuvRequest {
  return { filter: decodeText(value, "Check clean RUV request") };
}

export function encodeCheckCleanRuv(request: CheckCleanRuvRequest): Buffer {
  return encodeText(request.filter);
}

/** The text of a response of the family. */
export function decodeCleanRuvResponse(value: Buffer | undefined): string {
  return decodeText(value, "Clean RUV response");
}

export function encodeCleanRuvResponse(text: string): Buffer {
  return encodeText(text);
}

function decodeText(value: Buffer | undefined, what: string): string {
  return decodeValue(value, what, (reader) => {
    reader.enter();
    const text = reader.readText();
    reader.leave();
    return text;
  });
}

function encodeText(text: string): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeText(text);
    writer.end();
  });
}
