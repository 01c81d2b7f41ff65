// The event loop of Node.
import type { Timers } from "../../base/index.ts";

/** setTimeout does not count further. */
const TIMER_MS_MAX = 0x7fff_ffff;

export const NODE_TIMERS: Timers = {
  elapsedMs: () => performance.now(),
  later: (step) => void setImmediate(step),
  after(delayMs, step) {
    const timer = setTimeout(step, Math.min(Math.max(0, delayMs), TIMER_MS_MAX));
    return () => clearTimeout(timer);
  },
};
