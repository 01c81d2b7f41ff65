// Bytes that are no valid LDAP message, control value or extended value.
//
// What the connection does with one (RFC 4511 §4.1.1, 5.3): if `answer` is set, operation and
// message ID were read, so that response is sent with `result()` and the connection stays;
// otherwise notice of disconnection and close. Out of a control or extended value no message is
// known: it is then an ordinary LdapError of the operation at hand.
import type { FinalResponseType } from "./final-response.ts";
import type { ResultCodeName } from "./result.ts";
import { LdapError } from "./result.ts";

export interface ProtocolErrorDetails {
  readonly code?: ResultCodeName;
  readonly messageId?: number | undefined;
  readonly answer?: FinalResponseType | undefined;
  readonly offset?: number | undefined;
}

export class ProtocolError extends LdapError {
  override readonly name = "ProtocolError";
  readonly codeName: ResultCodeName;
  /** undefined when it could not be read. */
  readonly messageId: number | undefined;
  /** The final response of the operation that could not be decoded; undefined if it is unknown or
   *  has none. */
  readonly answer: FinalResponseType | undefined;
  /** Where in the message or value, for the log. */
  readonly offset: number | undefined;

  constructor(message: string, details: ProtocolErrorDetails = {}) {
    const codeName = details.code ?? "protocolError";
    super(codeName, message);
    this.codeName = codeName;
    this.messageId = details.messageId;
    this.answer = details.answer;
    this.offset = details.offset;
  }
}
