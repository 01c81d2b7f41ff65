/** `concord demo`: a topology that replicates, and nothing that stays behind. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";
import { LdapClient } from "../support/ldap.ts";
import { freePorts } from "../support/free-ports.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";
import { concord, startConcord } from "./concord.ts";

const READY_MS_MAX = 120_000;

interface CheckOutput {
  readonly converged: boolean;
  readonly writes: number;
  readonly replicas: readonly { digest?: string; partialDigest: string }[];
}

interface ReadyOutput {
  readonly servers: readonly { name: string; url: string; role: string }[];
  readonly rootDn: string;
  readonly rootPassword: string;
}

suite("cli: demo", function () {
  this.timeout(240_000);

  test("cli/demo: --check writes on all suppliers and sees all replicas become equal", async () => {
    const folder = join(makeTemporaryFolder(), "demo");
    const args = ["demo", "--check", "--json", "--dir", folder, "--entries", "50"];
    const outcome = await concord([...args, "--suppliers", "3", "--consumers", "1"], {
      timeoutMs: 200_000,
    });
    assert.equal(outcome.code, 0, outcome.stderr + outcome.stdout);
    const result = JSON.parse(outcome.stdout) as CheckOutput;
    assert.isTrue(result.converged);
    assert.isAbove(result.writes, 15);
    assert.lengthOf(result.replicas, 4);
    assert.lengthOf(new Set(result.replicas.map(({ partialDigest }) => partialDigest)), 1);
    assert.isFalse(existsSync(folder), "the folder is gone");
  });

  test("cli/demo: runs until SIGINT, then stops its servers and removes their data", async () => {
    const folder = join(makeTemporaryFolder(), "demo");
    const child = startConcord(["demo", "--json", "--dir", folder, "--entries", "5"]);
    const ready = await waitForReady(child);
    assert.deepEqual(
      ready.servers.map(({ role }) => role),
      ["supplier", "supplier", "consumer"],
    );
    const { port } = new URL(ready.servers[1]?.url ?? "");
    const client = await LdapClient.connect({
      port: Number(port),
      bindDn: ready.rootDn,
      password: ready.rootPassword,
    });
    const { entries } = await client.search("dc=example,dc=com", { filter: "(uid=*)" });
    assert.lengthOf(entries, 5);
    child.signal("SIGINT");
    assert.equal(await child.ended, 0, child.output);
    await client.closed;
    assert.isFalse(existsSync(folder));
  });

  test("cli/demo: killed, its servers end by themselves and the next demo cleans up", async () => {
    const folder = join(makeTemporaryFolder(), "demo");
    const args = ["demo", "--json", "--dir", folder, "--entries", "5"];
    const small = [...args, "--suppliers", "1", "--consumers", "0"];
    const child = startConcord(small);
    const { servers } = await waitForReady(child);
    child.signal("SIGKILL");
    await child.ended;
    const port = Number(new URL(servers[0]?.url ?? "").port);
    await waitFor(
      () =>
        LdapClient.connect({ port }).then(
          (client) => {
            client.close();
            return false;
          },
          () => true,
        ),
      "the server has ended",
      20_000,
    );
    assert.isTrue(existsSync(join(folder, "supplier1")));
    const again = await concord([...small, "--check"], { timeoutMs: 100_000 });
    assert.equal(again.code, 0, again.stderr);
    assert.isFalse(existsSync(folder));
  });

  test("cli/demo: a folder with other things in it and a taken port are refused", async () => {
    const folder = join(makeTemporaryFolder(), "mine");
    mkdirSync(folder);
    writeFileSync(join(folder, "thesis.txt"), "");
    const refused = await concord(["demo", "--check", "--dir", folder]);
    assert.equal(refused.code, 1);
    assert.include(refused.stderr, "is not empty");
    assert.isTrue(existsSync(join(folder, "thesis.txt")));
    const usage = await concord(["demo", "--suppliers", "0"]);
    assert.equal(usage.code, 2);
    const [free = 0] = await freePorts(1);
    const elsewhere = join(makeTemporaryFolder(), "demo");
    const beyond = await concord(["demo", "--dir", elsewhere, "--base-port", "65535"]);
    assert.equal(beyond.code, 2, String(free));
    assert.isFalse(existsSync(elsewhere));
  });
});

async function waitForReady(child: ReturnType<typeof startConcord>): Promise<ReadyOutput> {
  const ready = await waitFor(
    () => {
      const start = child.output.indexOf('{\n  "ready": true');
      return start >= 0 ? child.output.slice(start) : child.hasEnded && "ended";
    },
    "the demo is ready",
    READY_MS_MAX,
  );
  assert.isFalse(child.hasEnded, child.output);
  return JSON.parse(ready) as ReadyOutput;
}
