// OIDs of 389's replication: extended operations (5.x, 6.5 to 6.8) and the protocols named in a
// start request (6.1 to 6.4). A consumer that wants a supplier to take the usual path advertises
// START_50, START_90, END, ENTRY, ENTRY_71, RESPONSE_50 and the CleanAllRUV family as supported
// extensions, but not RESPONSE_90.

export const START_REPLICATION_50_OID = "2.16.840.1.113730.3.5.3";
export const REPLICATION_RESPONSE_50_OID = "2.16.840.1.113730.3.5.4";
export const END_REPLICATION_OID = "2.16.840.1.113730.3.5.5";
export const REPLICATION_ENTRY_OID = "2.16.840.1.113730.3.5.6";
/** Accepted like REPLICATION_ENTRY_OID; 389 never sends it, it marks a capability. */
export const REPLICATION_ENTRY_71_OID = "2.16.840.1.113730.3.5.9";
/** The start request that is actually used. */
export const START_REPLICATION_90_OID = "2.16.840.1.113730.3.5.12";
export const REPLICATION_RESPONSE_90_OID = "2.16.840.1.113730.3.5.13";

export const INCREMENTAL_PROTOCOL_OID = "2.16.840.1.113730.3.6.1";
export const TOTAL_PROTOCOL_OID = "2.16.840.1.113730.3.6.2";
/** Older names that a consumer takes as well. */
export const TOTAL_PROTOCOL_71_OID = "2.16.840.1.113730.3.6.3";
export const INCREMENTAL_PROTOCOL_71_OID = "2.16.840.1.113730.3.6.4";

export const CLEAN_RUV_OID = "2.16.840.1.113730.3.6.5";
export const ABORT_CLEAN_RUV_OID = "2.16.840.1.113730.3.6.6";
export const GET_MAX_CSN_OID = "2.16.840.1.113730.3.6.7";
export const CHECK_CLEAN_RUV_OID = "2.16.840.1.113730.3.6.8";
