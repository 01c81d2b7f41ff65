// What becomes of bytes that are no request (RFC 4511 §4.1.1, 4.4.1). Where message ID and operation could be read, the
// operation is answered and the connection goes on; otherwise it ends, with a notice if the peer speaks LDAP at all.
import { FrameError } from "../ber/index.ts";
import type { ProtocolError, Response } from "../protocol/index.ts";
import { finalResponse } from "../protocol/index.ts";
import type { CloseReason, DisconnectNotice } from "./request-handler.ts";

export type Refusal =
  | { readonly type: "answer"; readonly messageId: number; readonly response: Response }
  | {
      readonly type: "close";
      readonly reason: CloseReason;
      readonly notice: DisconnectNotice | undefined;
    };

export function judgeRefusal(error: FrameError | ProtocolError): Refusal {
  if (error instanceof FrameError) return judgeFrameError(error);
  const { messageId, answer, message } = error;
  if (messageId === undefined || answer === undefined)
    return { type: "close", reason: "protocolError", notice: { code: "protocolError", message } };
  return { type: "answer", messageId, response: finalResponse(answer, error.result()) };
}

/** The stream has no message boundaries any more. */
function judgeFrameError(error: FrameError): Refusal {
  switch (error.kind) {
    case "notLdap":
      return { type: "close", reason: "notLdap", notice: undefined };
    case "badLength":
      return { type: "close", reason: "protocolError", notice: undefined };
    case "tooLarge": {
      const notice = { code: "protocolError", message: "Message too large" } as const;
      return { type: "close", reason: "messageTooLarge", notice };
    }
  }
}
