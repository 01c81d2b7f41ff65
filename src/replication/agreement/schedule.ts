// Update schedule of an agreement (389: repl5_schedule.c; replication-protocol 6.7): windows of local time. `HHMM-HHMM`, then
// optionally days as digits run together, 0 = Sunday; `*`, or no value at all = always. The minute of the end belongs to the
// window; a window does not cross midnight.
import type { Millis } from "../../base/index.ts";

export interface ScheduleWindow {
  readonly startMinutes: number;
  /** Inclusive. */
  readonly endMinutes: number;
  /** Sunday is 0. */
  readonly days: ReadonlySet<number>;
}

/** undefined: always open. */
export type Schedule = readonly ScheduleWindow[] | undefined;

/** A moment, with what a clock on the wall shows. */
export interface Moment {
  /** For waits: of a clock that nobody sets. */
  readonly now: Millis;
  /** For statuses: milliseconds since 1970 UTC, as the clock on the wall has it. */
  readonly wall: Millis;
  /** Sunday is 0. */
  readonly localDay: number;
  readonly localSeconds: number;
}

const WINDOW_TEXT = /^(\d{2})(\d{2})-(\d{2})(\d{2})(?: ([0-6]{1,7}))?$/;
const ALL_DAYS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6]);
const DAY_SECONDS = 86_400;
const DAYS = 7;

/** Values that are no windows are left out; the configuration has refused them before. */
export function parseSchedule(values: readonly string[]): Schedule {
  if (values.some((value) => value.trim() === "*")) return undefined;
  const windows = values
    .map((value) => parseWindow(value.trim()))
    .filter((window) => window !== undefined);
  return windows.length === 0 ? undefined : windows;
}

function parseWindow(text: string): ScheduleWindow | undefined {
  const match = WINDOW_TEXT.exec(text);
  if (match === null) return undefined;
  const [, startHour, startMinute, endHour, endMinute, days] = match;
  const startMinutes = 60 * Number(startHour) + Number(startMinute);
  const endMinutes = 60 * Number(endHour) + Number(endMinute);
  const isValid = Number(startMinute) < 60 && Number(endMinute) < 60 && endMinutes < 1440;
  if (!isValid || startMinutes > endMinutes) return undefined;
  return {
    startMinutes,
    endMinutes,
    days: days === undefined ? ALL_DAYS : new Set(days.split("").map(Number)),
  };
}

export function isOpen(schedule: Schedule, moment: Moment): boolean {
  if (schedule === undefined) return true;
  return isOpenAt(schedule, moment.localDay, Math.floor(moment.localSeconds / 60));
}

const isOpenAt = (schedule: readonly ScheduleWindow[], day: number, minutes: number): boolean =>
  schedule.some(
    (window) =>
      window.days.has(day) && minutes >= window.startMinutes && minutes <= window.endMinutes,
  );

/** When the schedule opens or closes next, as far as can be told a week ahead; daylight saving may shift it, therefore it
 *  is asked again then. undefined: never. */
export function nextScheduleChange(schedule: Schedule, moment: Moment): Millis | undefined {
  if (schedule === undefined) return undefined;
  const wasOpen = isOpen(schedule, moment);
  const edges = new Set(
    schedule.flatMap(({ startMinutes, endMinutes }) => [startMinutes, endMinutes + 1]),
  );
  let next: number | undefined;
  for (let ahead = 0; ahead <= DAYS; ahead += 1) {
    for (const edge of edges) {
      const inSeconds = ahead * DAY_SECONDS + 60 * edge - moment.localSeconds;
      const minutes = edge % 1440;
      const day = (moment.localDay + ahead + (edge === 1440 ? 1 : 0)) % DAYS;
      const changes = inSeconds > 0 && isOpenAt(schedule, day, minutes) !== wasOpen;
      if (changes && (next === undefined || inSeconds < next)) next = inSeconds;
    }
  }
  return next === undefined ? undefined : ((moment.now + next * 1000) as Millis);
}
