// CPU time from /proc: user and system together, of all threads of a process and of the processes below it, in steps of one clock
// tick (10 ms). And memory.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Fields of /proc/PID/stat from the third one (the state) on: the name before them may hold spaces. */
function statFields(pid: number | "self"): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

const sumMicros = (fields: readonly string[], first: number, count: number): number =>
  (fields.slice(first, first + count).reduce((sum, field) => sum + Number(field), 0) /
    ticksPerSecond) *
  1e6;

/** utime, stime, and those of children that have ended, of the process and of all below it. */
export function processCpuMicros(pid: number): number {
  return familyOf(pid)
    .map((member) => sumMicros(statFields(member), 11, 4))
    .reduce((sum, micros) => sum + micros, 0);
}

/** cutime and cstime: children of this process that have ended. */
export const childCpuMicros = (): number => sumMicros(statFields("self"), 13, 2);

/** What of a process is in memory now, in bytes, with the processes below it. Pages that they share count for each. */
export function residentBytes(pid: number): number {
  return familyOf(pid)
    .map((member) => {
      const status = readFileSync(`/proc/${member}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** The process and all below it. */
function familyOf(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), Number(statFields(Number(name))[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const family = [pid];
  for (const member of family) {
    for (const [child, parent] of parents) if (parent === member) family.push(child);
  }
  return family;
}
