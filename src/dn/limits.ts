// Bounds on names from strangers. A directory a hundred levels deep is already unusual; the bounds only keep a hostile name from
// costing more than its bytes (389 needs over 15 s for a bind name of 5,000 RDNs).

/** RDNs in one DN. */
export const DN_RDNS_MAX = 1000;
/** Attribute value assertions in one RDN. */
export const RDN_AVAS_MAX = 100;
