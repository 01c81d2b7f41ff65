// What a supplier makes of the codes that a consumer answers (replication-protocol 3.4, 5.6).
import { ReplicationResponseCode, ResultCode } from "../../protocol/index.ts";

/** Response codes of Start and End, and those that only stand in a status. */
export const ReplicationCode = {
  ...ReplicationResponseCode,
  changelogError: 15,
  connectionError: 16,
  connectionTimeout: 17,
  transientError: 18,
  ruvError: 19,
} as const;

const CODE_TEXTS: ReadonlyMap<number, string> = new Map([
  [0, "replica acquired"],
  [1, "replica busy"],
  [2, "excessive clock skew"],
  [3, "permission denied"],
  [4, "decoding error"],
  [5, "unknown update protocol"],
  [6, "no such replica"],
  [7, "csn below purge point"],
  [8, "internal error"],
  [9, "replica released"],
  [11, "duplicate replica ID detected"],
  [13, "no change to send"],
  [15, "changelog error"],
  [16, "connection error"],
  [17, "connection timeout"],
  [18, "transient warning"],
  [19, "RUV error"],
  [255, "no response received"],
]);

/** 389's text of a response code; undefined where 389 has none. */
export const findReplicationCodeText = (code: number): string | undefined => CODE_TEXTS.get(code);

/** Results after which the session goes on: the change could not be applied there and never will be, or had been. */
const CONTINUE_CODES: ReadonlySet<number> = new Set([
  ResultCode.success,
  ResultCode.noSuchAttribute,
  ResultCode.undefinedAttributeType,
  ResultCode.constraintViolation,
  ResultCode.attributeOrValueExists,
  ResultCode.invalidAttributeSyntax,
  ResultCode.noSuchObject,
  ResultCode.invalidDnSyntax,
  35, // isLeaf, of LDAPv2
  ResultCode.insufficientAccessRights,
  ResultCode.namingViolation,
  ResultCode.objectClassViolation,
  ResultCode.notAllowedOnNonLeaf,
  ResultCode.notAllowedOnRdn,
  ResultCode.entryAlreadyExists,
  ResultCode.objectClassModsProhibited,
]);

/** Results that mean that there is no (authenticated) connection any more. */
const CONNECTION_CODES: ReadonlySet<number> = new Set([
  ResultCode.inappropriateAuthentication,
  ResultCode.invalidCredentials,
]);

export type ResultVerdict = "applied" | "ignored" | "connectionLost" | "stop";

/** What the result of an update means: `ignored` = the consumer lacks the change, the session goes on. */
export function judgeResult(code: number): ResultVerdict {
  if (code === ResultCode.success) return "applied";
  if (CONTINUE_CODES.has(code)) return "ignored";
  return CONNECTION_CODES.has(code) ? "connectionLost" : "stop";
}

/** Whether a consumer that gave this result to an update may go on with the session. */
export const mayContinueAfter = (code: number): boolean => CONTINUE_CODES.has(code);
