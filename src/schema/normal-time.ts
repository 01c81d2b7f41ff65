// Generalized Time values (RFC 4517 §3.3.13) as instants: `YYYYMMDDHHMMSS` in UTC, then `.` and the fraction of the second
// without trailing zeros if there is one. No `Z` at the end: byte order is the order of time, and a whole second sorts before
// its fractions. Second 60 is kept, so that a leap second has a place of its own.
import { FRACTION_DIGITS_MAX } from "./limits.ts";

interface Moment {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** Digits behind the point; they divide the smallest unit that was given. */
  fraction: string;
  smallest: "hour" | "minute" | "second";
  /** Minutes east of Greenwich. */
  offsetMinutes: number;
}

const isLeapYear = (year: number): boolean =>
  (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

class TimeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Moment | undefined {
    const year = this.#digits(4);
    const month = this.#digits(2);
    const day = this.#digits(2);
    const hour = this.#digits(2);
    const minute = this.#digits(2);
    const second = minute < 0 ? -1 : this.#digits(2);
    if (year < 0 || month < 1 || month > 12 || hour < 0 || hour > 23) return undefined;
    if (day < 1 || day > daysInMonth(year, month) || minute > 59 || second > 60) return undefined;
    const fraction = this.#fraction();
    const offsetMinutes = this.#offset();
    if (fraction === undefined || offsetMinutes === undefined) return undefined;
    const smallest = minute < 0 ? "hour" : second < 0 ? "minute" : "second";
    return {
      year,
      month,
      day,
      hour,
      minute: Math.max(minute, 0),
      second: Math.max(second, 0),
      fraction,
      smallest,
      offsetMinutes,
    };
  }

  /** −1, without moving, unless `count` digits follow. */
  #digits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1) {
      const digit = this.#text.charCodeAt(this.#at + i) - 0x30;
      if (!(digit >= 0 && digit <= 9)) return -1;
      value = value * 10 + digit;
    }
    this.#at += count;
    return value;
  }

  #fraction(): string | undefined {
    const mark = this.#text[this.#at];
    if (mark !== "." && mark !== ",") return "";
    const start = this.#at + 1;
    this.#at = start;
    while (this.#digits(1) >= 0);
    const digits = this.#text.slice(start, this.#at);
    return digits === "" || digits.length > FRACTION_DIGITS_MAX ? undefined : digits;
  }

  /** Reads `Z` or `±HH[MM]` and the end. */
  #offset(): number | undefined {
    const sign = this.#text[this.#at];
    this.#at += 1;
    if (sign === "Z") return this.#at === this.#text.length ? 0 : undefined;
    if (sign !== "+" && sign !== "-") return undefined;
    const hours = this.#digits(2);
    if (hours < 0 || hours > 23) return undefined;
    const minutes = this.#at === this.#text.length ? 0 : this.#digits(2);
    if (minutes < 0 || minutes > 59 || this.#at !== this.#text.length) return undefined;
    return (hours * 60 + minutes) * (sign === "+" ? 1 : -1);
  }
}

/** Moves the fraction of an hour or minute down to minutes, seconds and the fraction of a second. */
function resolveFraction(moment: Moment): void {
  while (moment.smallest !== "second" && moment.fraction !== "") {
    const scaled = (BigInt(moment.fraction) * 60n)
      .toString()
      .padStart(moment.fraction.length + 2, "0");
    const whole = Number(scaled.slice(0, -moment.fraction.length));
    moment.fraction = scaled.slice(-moment.fraction.length);
    if (moment.smallest === "hour") moment.minute = whole;
    else moment.second = whole;
    moment.smallest = moment.smallest === "hour" ? "minute" : "second";
  }
}

/** Subtracts the offset; seconds are not touched, so that second 60 stays. */
function shiftToUtc(moment: Moment): void {
  let minutes = moment.hour * 60 + moment.minute - moment.offsetMinutes;
  while (minutes < 0) {
    minutes += 1440;
    moment.day -= 1;
    if (moment.day === 0) {
      moment.month = moment.month === 1 ? 12 : moment.month - 1;
      if (moment.month === 12) moment.year -= 1;
      moment.day = daysInMonth(moment.year, moment.month);
    }
  }
  while (minutes >= 1440) {
    minutes -= 1440;
    moment.day += 1;
    if (moment.day > daysInMonth(moment.year, moment.month)) {
      moment.day = 1;
      moment.month = moment.month === 12 ? 1 : moment.month + 1;
      if (moment.month === 1) moment.year += 1;
    }
  }
  moment.hour = Math.floor(minutes / 60);
  moment.minute = minutes % 60;
}

const pad = (value: number, digits: number): string => value.toString().padStart(digits, "0");

/** The longest legal value: 14 digits, point, fraction, offset. */
const TIME_BYTES_MAX = 14 + 1 + FRACTION_DIGITS_MAX + 5;

/** Whether the value is a Generalized Time. */
export function isGeneralizedTime(value: Buffer): boolean {
  return (
    value.length <= TIME_BYTES_MAX && new TimeReader(value.toString("latin1")).read() !== undefined
  );
}

/** The ordering key; undefined when the value is no Generalized Time or its UTC year is not within 0 to 9999. */
export function normalTime(value: Buffer): Buffer | undefined {
  if (value.length > TIME_BYTES_MAX) return undefined;
  const moment = new TimeReader(value.toString("latin1")).read();
  if (moment === undefined) return undefined;
  resolveFraction(moment);
  shiftToUtc(moment);
  if (moment.year < 0 || moment.year > 9999) return undefined;
  const fraction = moment.fraction.replace(/0+$/, "");
  const whole =
    pad(moment.year, 4) +
    pad(moment.month, 2) +
    pad(moment.day, 2) +
    pad(moment.hour, 2) +
    pad(moment.minute, 2) +
    pad(moment.second, 2);
  return Buffer.from(fraction === "" ? whole : `${whole}.${fraction}`, "latin1");
}
