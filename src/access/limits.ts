// Named limits of the access room: what one stored rule may make the server compute.

/** Longest access rule text, in UTF-16 units. */
export const ACI_TEXT_MAX = 200_000;

/** How deep parentheses and `not` may nest in a bind rule. */
export const BIND_RULE_DEPTH_MAX = 40;

/** Highest level of `parent[…]` in userattr (389: 0 to 4). */
export const PARENT_LEVEL_MAX = 4;

/** Groups within groups that are followed unless the configuration says otherwise (389: nsslapd-groupevalnestlevel). */
export const GROUP_DEPTH_MAX = 5;

/** Groups that are looked at for one membership question. */
export const GROUPS_VISITED_MAX = 10_000;
