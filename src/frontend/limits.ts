// Limits of the front end that no configuration changes; those an operator may change are in settings.ts.

/** Size of the buffer that all plain sockets of a thread read into. */
export const READ_BUFFER_BYTES = 65_536;

/** Output that one connection may produce in one turn of the event loop before a search has to yield. */
export const OUTPUT_TURN_BYTES_MAX = 262_144;

/** Output that may wait for a slow reader before its requests and searches are no longer served. */
export const UNSENT_BYTES_MAX = 1_048_576;

/** First size of an output buffer, and how many of them are kept for reuse. */
export const OUTPUT_BUFFER_BYTES = 16_384;
export const OUTPUT_WRITERS_KEPT_MAX = 64;

/** How long an answer waits before no other chunk is begun ahead of it, and for the answers of how many connections. */
export const GATHER_MS_MAX = 0.5;
export const GATHERED_OUTPUTS_MAX = 64;

/** How long a Bind waits for searches and compares before it; then they are abandoned without an answer. */
export const BIND_WAIT_MS_MAX = 50;

/** A request that has begun to arrive must be complete after this time. */
export const REQUEST_INCOMPLETE_MS_MAX = 30_000;

/** TLS handshakes, of ldaps and StartTLS alike. */
export const HANDSHAKE_MS_MAX = 10_000;

/** What a client that has sent its FIN may still wait for. */
export const HALF_CLOSED_MS_MAX = 10_000;

/** A closed connection whose last bytes the peer does not take is destroyed after this time. */
export const CLOSING_MS_MAX = 2_000;

/** How often time limits of connections are looked at: each may be exceeded by this. */
export const SWEEP_INTERVAL_MS = 1_000;

/** An orderly stop waits this long for updates in progress. */
export const STOP_MS_MAX = 3_000;
