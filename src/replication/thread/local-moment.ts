// A moment for the machine of an agreement: how much time has passed, and what the clock on the wall shows.
import type { Clock, Millis, Timers } from "../../base/index.ts";
import type { Moment } from "../agreement/index.ts";

export function localMoment(clock: Clock, timers: Timers): Moment {
  const wall = clock.now();
  const local = new Date(wall);
  return {
    now: timers.elapsedMs() as Millis,
    wall,
    localDay: local.getDay(),
    localSeconds: 3600 * local.getHours() + 60 * local.getMinutes() + local.getSeconds(),
  };
}
