// StartTLS (RFC 4511 §4.14): when it is refused, and its answer.
import type { ResultCodeName } from "../protocol/index.ts";
import { ResultCode, SUCCESS } from "../protocol/index.ts";
import type { Reply } from "./request-handler.ts";

export const START_TLS_OID = "1.3.6.1.4.1.1466.20037";

/** What the connection knows when the request arrives. */
export interface StartTlsSituation {
  readonly isConfigured: boolean;
  /** TLS already, or a UNIX socket. */
  readonly isProtected: boolean;
  /** Operations or a bind of several steps are in progress. */
  readonly isBusy: boolean;
  readonly hasValue: boolean;
  /** Bytes came in the clear behind the request: they must never be read behind the handshake. */
  readonly isFollowed: boolean;
}

export interface StartTlsVerdict {
  readonly code: ResultCodeName;
  readonly message: string;
  /** The connection cannot go on after the answer. */
  readonly isFatal?: boolean;
}

export function judgeStartTls(situation: StartTlsSituation): StartTlsVerdict {
  if (situation.isFollowed) {
    return {
      code: "operationsError",
      message: "Data follows the StartTLS request",
      isFatal: true,
    };
  }
  if (situation.isProtected)
    return { code: "operationsError", message: "The connection is protected already" };
  if (situation.isBusy)
    return { code: "operationsError", message: "Other operations are still in progress" };
  if (situation.hasValue) return { code: "protocolError", message: "StartTLS takes no value" };
  if (!situation.isConfigured)
    return { code: "protocolError", message: "TLS is not configured on this server" };
  return { code: "success", message: "" };
}

export function sendStartTls(reply: Reply, verdict: StartTlsVerdict): void {
  const result = { ...SUCCESS, code: ResultCode[verdict.code], message: verdict.message };
  reply.send({ type: "extendedResponse", result, oid: START_TLS_OID, value: undefined });
}
