/** 389's log analyzer reads our access log (frontend/access-log-text). Skipped where logconv is not installed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";
import type { Millis } from "../../../src/base/index.ts";
import { TextAccessLog } from "../../../src/frontend/index.ts";
import { LOG_FILE_DEFAULTS, LogFile } from "../../../src/log/index.ts";
import { Fixture, succeed } from "../../unit/frontend/fixture.ts";
import { BIND, bytesOf, deleteRequest, SEARCH, UNBIND } from "../../unit/frontend/raw-client.ts";

const isInstalled = spawnSync("logconv", ["--version"]).error === undefined;

suite("interop/logconv", () => {
  test("interop/logconv: counts what was done", async function () {
    if (!isInstalled) this.skip();
    const folder = mkdtempSync(join(tmpdir(), "concord-logconv-"));
    const path = join(folder, "access");
    const clock = { now: () => Date.now() as Millis };
    const file = new LogFile({ ...LOG_FILE_DEFAULTS, path }, clock);
    const fixture = new Fixture({ accessLog: new TextAccessLog(file, clock) });
    fixture.handler.serve = ({ message, reply }) => {
      if (message.request.type === "search") reply.facts.notes = "A";
      reply.facts.boundDn = "cn=ann";
      succeed(reply);
    };
    const client = await fixture.client();
    for (const [index, request] of [BIND, SEARCH, SEARCH, deleteRequest("cn=x")].entries())
      await client.request(index + 1, request);
    client.send(bytesOf(9, UNBIND));
    await fixture.handler.closedCount(1);
    await fixture.close();
    await file.close();
    const { stdout } = spawnSync("logconv", [path], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    const counts = [
      "LDAP Connections",
      "Searches",
      "Deletes",
      "Unindexed Searches",
      "LDAP v3 Binds",
    ].map((name) => new RegExp(`^(?: - )?${name}: +(\\d+)`, "m").exec(stdout)?.[1]);
    assert.deepEqual(counts, ["1", "2", "1", "2", "1"], stdout);
    assert.match(stdout, /Unbinds: +1/);
    assert.match(stdout, /Overall Performance: +100\.0%/);
  });
});
