// CPU time from /proc: user and system together, of all threads of a process, in steps of one clock tick (10 ms). And memory.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Fields of /proc/PID/stat from the third one (the state) on: the name before them may hold spaces. */
function statFields(pid: number | "self"): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

const sumMicros = (fields: readonly string[], first: number): number =>
  ((Number(fields[first]) + Number(fields[first + 1])) / ticksPerSecond) * 1e6;

/** utime and stime. */
export const processCpuMicros = (pid: number): number => sumMicros(statFields(pid), 11);

/** cutime and cstime: children of this process that have ended. */
export const childCpuMicros = (): number => sumMicros(statFields("self"), 13);

/** What of a process is in memory now, in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
