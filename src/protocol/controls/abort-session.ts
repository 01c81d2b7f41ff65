// Abort session (389): attached by a consumer to the result of an update, it asks the supplier to
// end its session because another supplier waits (nsds5ReplicaReleaseTimeout). Response only; the
// value is an empty SEQUENCE, 30 00.
import type { Control } from "../messages.ts";

export const ABORT_SESSION_OID = "2.16.840.1.113730.3.6.9";

export const ABORT_SESSION_CONTROL: Control = {
  oid: ABORT_SESSION_OID,
  critical: false,
  value: Buffer.from([0x30, 0x00]),
};
