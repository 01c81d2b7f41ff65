// Limits of outgoing connections.

/** Bytes that may wait for the socket before the sender has to wait. */
export const OUTPUT_BYTES_MAX = 1_048_576;
/** Bytes of an answer: that of a schema read is the largest. */
export const ANSWER_BYTES_MAX = 16_777_216;
/** Requests that may be unanswered; a window is smaller. */
export const PENDING_REQUESTS_MAX = 100_000;
/** After this many idle seconds the kernel probes the connection. */
export const TCP_KEEPALIVE_MS = 60_000;
/** Message IDs go around below this (RFC 4511 §4.1.1.1: maxInt). */
export const MESSAGE_ID_MAX = 0x7fff_ffff;
/** How long what was written last may take to leave when a connection is closed. */
export const CLOSE_MS = 5_000;
