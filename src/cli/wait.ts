// Waiting for conditions of the outside world: other processes, other servers.

const POLL_MS_FIRST = 20;
const POLL_MS_MAX = 500;

export function pause(pauseMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pauseMs));
}

/** Polls `find` until it gives something; undefined when the time is over. */
export async function pollFor<T>(
  find: () => Promise<T | undefined> | T | undefined,
  timeoutMs: number,
): Promise<T | undefined> {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = POLL_MS_FIRST; ; pauseMs = Math.min(2 * pauseMs, POLL_MS_MAX)) {
    const found = await find();
    if (found !== undefined || Date.now() >= deadline) return found;
    await pause(pauseMs);
  }
}

/** What `promise` gives, or undefined when it takes longer. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined);
  });
  return Promise.race([promise, over]).finally(() => clearTimeout(timer));
}
