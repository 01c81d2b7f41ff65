// A supplier that has sent everything keeps its session until somebody else wants it (docs/wire/rest-session.md). Concord's own
// extended operation, in the place of End, to a consumer whose root DSE announces it; a 389 server never sees one.
//
//   request   the value of End (end-replication.ts)
//   response  the value of Start and End (replication-response.ts), code 9, when the session has ended
import { CONCORD_OID } from "./read-digest.ts";

export const REST_SESSION_OID = `${CONCORD_OID}.1.6`;
