// A run of ports that nobody listens on.
import { createServer } from "node:net";
import { CommandFailure, usageFailure } from "../failure.ts";

const PORT_MAX = 65_535;
/** Where the search for a free run begins. */
const SEARCH_FROM = 3389;
const RUNS_TRIED_MAX = 200;

/** The first of `count` free ports in a row. @throws CommandFailure when `wanted` is given and taken */
export async function findPorts(count: number, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (!Number.isInteger(wanted) || wanted < 1 || wanted + count - 1 > PORT_MAX) {
      throw usageFailure(`--base-port takes a port that ${count - 1} more can follow`);
    }
    const taken = await findTaken(wanted, count);
    if (taken === undefined) return wanted;
    throw new CommandFailure(`port ${taken} is taken`, {
      hint: "Choose another --base-port, or leave it out.",
    });
  }
  let first = SEARCH_FROM;
  for (let run = 0; run < RUNS_TRIED_MAX; run += 1) {
    const taken = await findTaken(first, count);
    if (taken === undefined) return first;
    first = taken + 1;
  }
  throw new CommandFailure(`there are no ${count} free ports in a row from ${SEARCH_FROM} on`);
}

async function findTaken(first: number, count: number): Promise<number | undefined> {
  for (let port = first; port < first + count; port += 1) {
    if (!(await isFree(port))) return port;
  }
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
