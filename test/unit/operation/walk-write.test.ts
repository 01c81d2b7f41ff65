// The walk of one write through the rooms, as docs/ARCHITECTURE.md shows it: on a replica, by somebody whom a rule allows it.
import { WalkClient } from "../../support/walk-client.ts";
import { SAMPLE, modifyMail } from "../../support/walk-sample.ts";
import { WalkServer, identity } from "../../support/walk-server.ts";
import { WalkTrace, checkWalk } from "../../support/walk-trace.ts";

suite("operation/modify", () => {
  test("operation/modify: the walk of a write is the one that is told", async () => {
    const trace = new WalkTrace();
    const server = new WalkServer(trace);
    await server.open(SAMPLE);
    await server.replicate(1, "cn=supplier,cn=config");
    const client = new WalkClient(server, trace, identity("uid=ann,ou=people,dc=example,dc=com"));
    trace.isOn = true;
    await client.request(modifyMail("ann"));
    checkWalk(
      "walk-write",
      "A user replaces the mail of her own entry, on a replica.",
      trace.lines,
    );
  });
});
