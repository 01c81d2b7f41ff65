// Waiting for a condition instead of for time: polls, first quickly, then at most every POLL_MS_MAX.

const POLL_MS_FIRST = 20;
const POLL_MS_MAX = 250;

/**
 * Polls `condition` until it gives something else than `undefined` or `false`, and hands that out.
 * A condition that throws counts as not met; its last error is told when the time is over.
 */
export async function waitFor<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  timeoutMs: number,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let pauseMs = POLL_MS_FIRST;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) {
      throw new Error(`waited ${timeoutMs} ms in vain: ${what}`, { cause: last });
    }
    await pause(pauseMs);
    pauseMs = Math.min(pauseMs * 1.5, POLL_MS_MAX);
  }
}

/** For pollers and for loads that must not run faster than a rate; never to wait for an effect. */
export function pause(pauseMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pauseMs));
}
