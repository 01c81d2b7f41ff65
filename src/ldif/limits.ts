// Bounds of LDIF input.

/** One line after unfolding. */
export const LDIF_LINE_BYTES_MAX = 256 * 1024 * 1024;
/** Lines of one record after unfolding; a group of a million members fits. */
export const LDIF_RECORD_LINES_MAX = 10_000_000;
