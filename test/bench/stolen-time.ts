// How much of the processors' time this machine did not get, from /proc/stat: on a guest others take it (steal), and what is
// measured then is slower than the machine is.
import { readFileSync } from "node:fs";

/** Ticks since the machine started. */
export interface ProcessorTime {
  /** At work, or ready to be. */
  readonly wanted: number;
  /** Of these given to other guests. */
  readonly stolen: number;
}

/** `stat`: the text of /proc/stat. Its first line: user, nice, system, idle, iowait, irq, softirq, steal. */
export function parseProcessorTime(stat: string): ProcessorTime {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = stat
    .slice(0, stat.indexOf("\n"))
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { wanted: user + nice + system + irq + softirq + stolen, stolen };
}

export const readProcessorTime = (): ProcessorTime =>
  parseProcessorTime(readFileSync("/proc/stat", "utf8"));

/** One line of text on what was taken between the two. */
export function formatStolenTime(before: ProcessorTime, after: ProcessorTime): string {
  const wanted = after.wanted - before.wanted;
  const percent = wanted === 0 ? 0 : (100 * (after.stolen - before.stolen)) / wanted;
  return `Other guests of this machine took ${percent.toFixed(1)} % of the processor time that was wanted.`;
}
