// Limits of front-end processes.

/** The main process waits this long, before it listens, until the front-end processes are ready. */
export const READY_MS_MAX = 15_000;

/** A process that has ended is started again after the first of these times, twice as long each time it ends again, up to the second. */
export const RESTART_MS_FIRST = 100;
export const RESTART_MS_MAX = 10_000;

/** A process that has lived this long begins with the first of them. */
export const STABLE_MS = 60_000;

/** Accepted sockets on their way to one process; the main process serves what comes beyond. */
export const SOCKETS_UNDER_WAY_MAX = 128;

/** A process that is to stop and has not ended after this time is killed. */
export const STOP_MS_MAX = 3_500;

/** The front end tells the main process of output that its client has taken when it is this much. */
export const TAKEN_BYTES_STEP = 131_072;

/** Lines of the access log that gather before they are sent, and how long they may wait for more. */
export const LINES_BYTES_STEP = 32_768;
export const LINES_MS_MAX = 500;

/** Bytes that wait in the pipe before lines of the access log are dropped. */
export const PIPE_BYTES_MAX = 16_777_216;

/** How often the main process hears of counters that have changed, beyond those times when it has to know them. */
export const COUNTERS_MS = 250;
