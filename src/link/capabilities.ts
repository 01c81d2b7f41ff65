// What a consumer can do, by what its root DSE announces (389: repl5_connection.c; replication-protocol 3.1). Equality of texts
// is exact there.
import {
  END_REPLICATION_OID,
  REPLICATION_ENTRY_71_OID,
  REPLICATION_ENTRY_OID,
  REPLICATION_RESPONSE_50_OID,
  REST_SESSION_OID,
  START_REPLICATION_50_OID,
  START_REPLICATION_90_OID,
  TOTAL_CLEANED_OID,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
  UPDATE_INFO_OID,
} from "../protocol/index.ts";
import type { Link } from "./link.ts";
import { readValues } from "./open-link.ts";

export interface Capabilities {
  /** It speaks this replication protocol at all. */
  readonly isReplica: boolean;
  /** The request that starts a session. */
  readonly startOid: string;
  /** False: one update at a time (version 5.0). */
  readonly isPipelined: boolean;
  /** A total initialization may bring it the state of entries as it is stored, and the structure log (another Concord). */
  readonly takesStructure: boolean;
  /** A total initialization may bring it what is known of cleaned replica IDs (another Concord). */
  readonly takesCleaned: boolean;
  /** A session may be kept in the hope of changes: it ends when somebody else wants it (another Concord). */
  readonly mayRest: boolean;
}

export async function readCapabilities(link: Link, timeoutMs: number): Promise<Capabilities> {
  const attributes = ["supportedcontrol", "supportedextension"];
  const values = await readValues(link, { dn: "", attributes }, timeoutMs);
  return judgeCapabilities(
    values.get("supportedcontrol") ?? [],
    values.get("supportedextension") ?? [],
  );
}

export function judgeCapabilities(
  controls: readonly string[],
  extensions: readonly string[],
): Capabilities {
  const needed = [
    START_REPLICATION_50_OID,
    END_REPLICATION_OID,
    REPLICATION_ENTRY_OID,
    REPLICATION_RESPONSE_50_OID,
  ];
  const isReplica =
    controls.includes(UPDATE_INFO_OID) && needed.every((oid) => extensions.includes(oid));
  const is90 = extensions.includes(START_REPLICATION_90_OID);
  return {
    isReplica,
    startOid: is90 ? START_REPLICATION_90_OID : START_REPLICATION_50_OID,
    isPipelined: is90 || extensions.includes(REPLICATION_ENTRY_71_OID),
    takesStructure: [TOTAL_STATES_OID, TOTAL_STRUCTURE_OID].every((oid) =>
      extensions.includes(oid),
    ),
    takesCleaned: extensions.includes(TOTAL_CLEANED_OID),
    mayRest: extensions.includes(REST_SESSION_OID),
  };
}
