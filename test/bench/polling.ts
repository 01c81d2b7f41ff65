// Waiting for the end of something that is timed: the time is true to the pause between two looks, some milliseconds unless told.
import { pause } from "../support/wait-for.ts";
import { processCpuMicros } from "./cpu.ts";

const POLL_MS = 10;
const REST_LOOK_MS = 1000;
/** Of CPU between two looks. */
const REST_MICROS_MAX = 50_000;

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

/** Waits until a server has nothing left to do of what came before. @throws Error when it goes on longer than that */
export async function untilAtRest(pid: number, timeoutMs: number): Promise<void> {
  const isAtRest = async (): Promise<boolean> => {
    const before = processCpuMicros(pid);
    await pause(REST_LOOK_MS);
    return processCpuMicros(pid) - before <= REST_MICROS_MAX;
  };
  await pollUntil(isAtRest, `process ${pid} comes to rest`, timeoutMs);
}
