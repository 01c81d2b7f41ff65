// From a request and its result to the response that ends it, and the notice that ends a
// connection.
import { NO_CONTROLS } from "./controls.ts";
import type {
  Control,
  LdapResult,
  Request,
  Response,
  ResponseMessage,
  ResponseType,
} from "./messages.ts";
import type { ResultCodeName } from "./result.ts";
import { ResultCode } from "./result.ts";

/** The response that ends each operation; undefined for those without any. */
const FINAL_RESPONSES = {
  bind: "bindResponse",
  unbind: undefined,
  search: "searchDone",
  modify: "modifyResponse",
  add: "addResponse",
  delete: "deleteResponse",
  modifyDn: "modifyDnResponse",
  compare: "compareResponse",
  abandon: undefined,
  extended: "extendedResponse",
} as const satisfies Readonly<Record<Request["type"], ResponseType | undefined>>;

export type FinalResponseType = NonNullable<(typeof FINAL_RESPONSES)[Request["type"]]>;

export function finalResponseType(type: Request["type"]): FinalResponseType | undefined {
  return FINAL_RESPONSES[type];
}

/** A final response that carries nothing but its result. */
export function finalResponse(type: FinalResponseType, result: LdapResult): Response {
  switch (type) {
    case "bindResponse":
      return { type, result, serverCredentials: undefined };
    case "extendedResponse":
      return { type, result, oid: undefined, value: undefined };
    case "searchDone":
    case "modifyResponse":
    case "addResponse":
    case "deleteResponse":
    case "modifyDnResponse":
    case "compareResponse":
      return { type, result };
  }
}

export function finalResponseMessage(
  messageId: number,
  type: FinalResponseType,
  result: LdapResult,
  controls: readonly Control[] = NO_CONTROLS,
): ResponseMessage {
  return { messageId, response: finalResponse(type, result), controls };
}

/** Notice of disconnection (RFC 4511 §4.4.1). */
export const NOTICE_OF_DISCONNECTION_OID = "1.3.6.1.4.1.1466.20036";

/** The unsolicited message after which the connection is closed: protocolError (bytes we cannot
 *  read), strongerAuthRequired (security lost) or unavailable (shutdown, idle timeout,
 *  administrative limit). */
export function noticeOfDisconnection(
  code: Extract<ResultCodeName, "protocolError" | "strongerAuthRequired" | "unavailable" | "busy">,
  message: string,
): ResponseMessage {
  const result: LdapResult = { code: ResultCode[code], matchedDn: "", message, referrals: [] };
  const oid = NOTICE_OF_DISCONNECTION_OID;
  const response: Response = { type: "extendedResponse", result, oid, value: undefined };
  return { messageId: 0, response, controls: NO_CONTROLS };
}
