export type { FrontCounters } from "./counters.ts";
export { addOperations } from "./counters.ts";
export { FrontProcesses } from "./front-processes.ts";
export type { FrontHost } from "./front-process.ts";
export { COUNTERS_MS } from "./limits.ts";
export type { MainLinkEvents } from "./main-link.ts";
export { MainLink } from "./main-link.ts";
export { PipedLines } from "./piped-lines.ts";
