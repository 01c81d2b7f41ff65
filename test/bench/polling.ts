// Waiting for the end of something that is timed: asks every few milliseconds, so that the time is true to as many.
import { pause } from "../support/wait-for.ts";

const POLL_MS = 10;

/** @throws Error when the condition is not met in time, or throws */
export async function pollUntil(
  condition: () => Promise<boolean>,
  what: string,
  timeoutMs: number,
  pollMs = POLL_MS,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await pause(pollMs);
  }
}
