export type { Ava, Dn, Rdn } from "./dn.ts";
export { DnSyntaxError } from "./dn.ts";
export { formatAva, formatAvaValue, formatDn, formatRdn } from "./format-dn.ts";
export { isAtOrBelow, isBelow } from "./is-below.ts";
export { DN_RDNS_MAX, RDN_AVAS_MAX } from "./limits.ts";
export { parseDn, parseRdn } from "./parse-dn.ts";
