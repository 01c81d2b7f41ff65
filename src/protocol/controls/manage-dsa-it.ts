// ManageDsaIT (RFC 3296): referral objects are treated as ordinary entries. Request only, without a
// value. 389 suppliers attach it to every request but bind, not critical and with an empty value;
// so does Concord.
import type { Control } from "../messages.ts";

export const MANAGE_DSA_IT_OID = "2.16.840.1.113730.3.4.2";

/** As suppliers send it: the first control of each request. */
export const MANAGE_DSA_IT_CONTROL: Control = {
  oid: MANAGE_DSA_IT_OID,
  critical: false,
  value: Buffer.alloc(0),
};
