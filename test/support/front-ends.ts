// What the tests of servers with front-end processes share: their data, and the processes as the error log tells of them.
import { existsSync, readFileSync } from "node:fs";
import type { DirectoryServer } from "./directory-server.ts";

export const SUFFIX = "dc=fronts,dc=test";
export const PEOPLE = `ou=people,${SUFFIX}`;
export const WAIT_MS = 20_000;
export const FRONT_ENDS = 2;
export const PEOPLE_COUNT = 60;
export const ANYONE_READS =
  '(targetattr="*")(version 3.0; acl "read"; allow (read, search) userdn="ldap:///anyone";)';

export const person = (uid: string): Record<string, string | readonly string[]> => ({
  objectClass: ["account", "extensibleObject"],
  uid,
  roomNumber: "1",
});

interface LoggedProcess {
  readonly event: string;
  readonly pid: number;
  readonly connections?: number;
}

export function processEvents(server: DirectoryServer, event: string): readonly LoggedProcess[] {
  const lines = server.readErrorLog().split("\n");
  const events = lines
    .filter((line) => line.includes(`"${event}"`))
    .map((line) => JSON.parse(line) as LoggedProcess);
  return events.filter((one) => one.event === event);
}

export const readyPids = (server: DirectoryServer): readonly number[] =>
  processEvents(server, "frontend.process.ready").map(({ pid }) => pid);

/** A process that has ended and waits for its parent to look counts as gone. */
export function isAlive(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return false;
  try {
    return !/\) Z /.test(readFileSync(path, "latin1"));
  } catch {
    return false;
  }
}
