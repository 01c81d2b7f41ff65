// Named limits of the filter room.

/** How deep AND, OR and NOT may nest unless the configuration says otherwise (389: nsslapd-max-filter-nest-level). */
export const FILTER_DEPTH_MAX = 40;

/** Longest filter text in UTF-16 units; texts come from access rules, LDAP URLs and configuration. */
export const FILTER_TEXT_MAX = 1_000_000;
