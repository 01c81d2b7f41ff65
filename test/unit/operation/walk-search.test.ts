// The walk of one search through the rooms, as docs/ARCHITECTURE.md shows it.
import type { SearchRequest } from "../../../src/protocol/index.ts";
import { WalkClient } from "../../support/walk-client.ts";
import { SUFFIX, WalkServer } from "../../support/walk-server.ts";
import { SAMPLE } from "../../support/walk-sample.ts";
import { WalkTrace, checkWalk } from "../../support/walk-trace.ts";

const REQUEST: SearchRequest = {
  type: "search",
  base: `ou=People,${SUFFIX}`,
  scope: "sub",
  derefAliases: 0,
  sizeLimit: 0,
  timeLimit: 0,
  typesOnly: false,
  filter: { type: "equality", attribute: "uid", value: Buffer.from("ann") },
  attributes: ["cn", "mail", "userPassword"],
};

suite("operation/search", () => {
  test("operation/search: the walk of a search is the one that is told", async () => {
    const trace = new WalkTrace();
    const server = new WalkServer(trace);
    await server.open(SAMPLE);
    const client = new WalkClient(server, trace, undefined);
    trace.isOn = true;
    await client.request(REQUEST);
    checkWalk("walk-search", "An anonymous search that an index answers.", trace.lines);
  });
});
