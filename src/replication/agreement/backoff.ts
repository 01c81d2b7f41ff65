// Waiting after a failure (389: repl5_backoff.c; replication-protocol 6.3). Errors: from the minimum, doubled at each failure
// in a row up to the maximum, each expiry computed from the one before. A busy consumer, or a session that yielded: always
// the busy time. Unlike in 389 the kind follows the newest failure: a consumer that is only busy is not made to wait for
// minutes because it was unreachable before; and failures count until a session has succeeded, not only until one began.
import type { Millis } from "../../base/index.ts";
import type { AgreementTimes } from "./settings.ts";

export interface Backoff {
  readonly kind: "busy" | "error";
  readonly delayMs: number;
  readonly until: Millis;
}

export function nextBackoff(
  previous: Backoff | undefined,
  kind: Backoff["kind"],
  times: AgreementTimes,
  now: Millis,
): Backoff {
  const isRepeated = previous?.kind === kind;
  const delayMs = delayOf(isRepeated ? previous : undefined, kind, times);
  const from = isRepeated ? previous.until : now;
  // An attempt may have taken longer than the delay, and a clock may jump: never at once, never later than the delay.
  const earliest = now + Math.min(delayMs, times.backoffMinMs);
  const until = Math.min(Math.max(from + delayMs, earliest), now + delayMs);
  return { kind, delayMs, until: until as Millis };
}

function delayOf(
  previous: Backoff | undefined,
  kind: Backoff["kind"],
  times: AgreementTimes,
): number {
  if (kind === "busy") return times.busyWaitMs;
  if (previous === undefined) return times.backoffMinMs;
  return Math.min(2 * previous.delayMs, times.backoffMaxMs);
}
