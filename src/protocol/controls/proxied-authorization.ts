// Proxied authorization, version 2 (RFC 4370): the operation is done as somebody else. Request
// only; the value is the authorization identity itself (`dn:…`, `u:…`, empty for anonymous), not
// wrapped in BER, and the control must be critical.
import { isUtf8 } from "node:buffer";
import type { Control } from "../messages.ts";
import { ProtocolError } from "../protocol-error.ts";

export const PROXIED_AUTHORIZATION_OID = "2.16.840.1.113730.3.4.18";

/** The authorization identity. @throws ProtocolError */
export function decodeProxiedAuthorization(control: Control): string {
  if (!control.critical) throw new ProtocolError("Proxied authorization control must be critical");
  if (control.value === undefined) {
    throw new ProtocolError("Proxied authorization control has no value");
  }
  if (!isUtf8(control.value)) {
    throw new ProtocolError("Proxied authorization control is not UTF-8");
  }
  return control.value.toString("utf8");
}
