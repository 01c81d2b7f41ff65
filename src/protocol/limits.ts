// Limits of the protocol room: counts, unless the name says bytes.

/** Nested and, or, not in a filter (389: nsslapd-max-filter-nest-level). */
export const FILTER_DEPTH_MAX_DEFAULT = 40;

/** What configuration may raise it to: decoding and evaluation recurse once per level. */
export const FILTER_DEPTH_CEILING = 1000;

/** Controls of one message; real clients send up to five. */
export const CONTROLS_MAX = 64;

/** Constructed elements of a message around and inside a filter: message, operation, item,
 *  substrings. */
export const MESSAGE_DEPTH_MAX = 16;

/** Attribute selections remembered as decoded lists, and the longest that is worth it. */
export const SELECTIONS_CACHED_MAX = 1024;
export const SELECTION_CACHED_BYTES_MAX = 256;
