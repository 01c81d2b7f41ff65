// The clock on the wall, for update schedules.
import type { Clock } from "../../base/index.ts";
import type { Moment } from "../agreement/index.ts";

export function localMoment(clock: Clock): Moment {
  const now = clock.now();
  const local = new Date(now);
  return {
    now,
    localDay: local.getDay(),
    localSeconds: 3600 * local.getHours() + 60 * local.getMinutes() + local.getSeconds(),
  };
}
