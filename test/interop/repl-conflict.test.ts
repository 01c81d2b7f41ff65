/**
 * Administration of conflicts with 389's own tool, as it is installed: conflicts made between two Concord servers are listed,
 * compared and resolved by `dsconf repl-conflict`, and both servers end equal. Needs lib389 (package python3-lib389).
 */
import { existsSync } from "node:fs";
import { assert } from "chai";
import { type CommandOutcome, runCommand } from "../support/child.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import { assertEqualContent, readContent } from "../support/entry-state.ts";
import type { FoundEntry } from "../support/ldap.ts";
import {
  type Node,
  connectSuppliers,
  enableReplica,
  readAtRest,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";
import { Nodes, SUFFIX, isRehearsal } from "./peer.ts";

const DSCONF = "/usr/sbin/dsconf";
const TIMEOUT_MS = 300_000;
const STEP_TIMEOUT_MS = 60_000;
const CLOCK_TIMEOUT_MS = 5_000;
const PERSON = ["top", "person", "organizationalPerson", "inetOrgPerson"];
const CONFLICTS = "(&(objectClass=ldapSubEntry)(nsds5ReplConflict=*))";
const NAMES = ["compared", "deleted", "swapped", "converted"] as const;
const GLUES = ["unglued", "buried"] as const;

suite("interop/repl-conflict", function () {
  this.timeout(TIMEOUT_MS);
  const nodes = new Nodes();
  let first: Node;
  let second: Node;
  let agreements: readonly (readonly [Node, string])[];

  suiteSetup(async () => {
    if (!existsSync(DSCONF))
      throw new Error(
        `${DSCONF} is missing: these tests need lib389 (apt-get install 389-ds-base)`,
      );
    first = await nodes.addConcord({ suffix: SUFFIX, suffixEntry: true });
    second = await nodes.addConcord({ suffix: SUFFIX });
    await enableReplica(first, "supplier", { replicaId: 1 });
    await enableReplica(second, "supplier", { replicaId: 2 });
    const [forth, back] = await connectSuppliers(first, second);
    agreements = [
      [first, forth],
      [second, back],
    ];
    for (const ou of [...GLUES, "place"])
      await first.client.add(`ou=${ou},${SUFFIX}`, { objectClass: "organizationalUnit", ou });
    await waitForConvergence([first, second]);
    await apart(makeConflicts);
  });
  suiteTeardown(() => nodes.removeAll());

  async function apart(run: () => Promise<void>): Promise<void> {
    const switchAll = async (state: "on" | "off"): Promise<void> => {
      for (const [node, name] of agreements)
        await setAgreement(node, name, { nsds5ReplicaEnabled: state });
    };
    await switchAll("off");
    await run();
    await switchAll("on");
    await waitForConvergence([first, second]);
  }

  /** On the first server everything is older. */
  async function makeConflicts(): Promise<void> {
    for (const name of NAMES) await addPerson(first, name, "first");
    for (const name of GLUES) await first.client.delete(`ou=${name},${SUFFIX}`);
    const then = Math.floor(Date.now() / 1000);
    await waitFor(() => Date.now() / 1000 > then + 1, "the clock moves on", CLOCK_TIMEOUT_MS);
    for (const name of NAMES) await addPerson(second, name, "second");
    for (const name of GLUES)
      await second.client.add(`cn=child,ou=${name},${SUFFIX}`, {
        objectClass: PERSON,
        cn: "child",
        sn: "child",
      });
  }

  function addPerson({ client }: Node, name: string, origin: string): Promise<unknown> {
    return client.add(`cn=${name},ou=place,${SUFFIX}`, {
      objectClass: PERSON,
      cn: name,
      sn: name,
      description: origin,
    });
  }

  async function dsconf({ server }: Node, ...words: readonly string[]): Promise<CommandOutcome> {
    const outcome = await runCommand(
      DSCONF,
      ["-D", ROOT_DN, "-w", ROOT_PASSWORD, `ldap://127.0.0.1:${server.port}`].concat(
        "repl-conflict",
        words,
      ),
      { timeoutMs: STEP_TIMEOUT_MS },
    );
    const said = `${outcome.stdout.toString("utf8")}${outcome.stderr}`;
    assert.equal(outcome.code, 0, `dsconf repl-conflict ${words.join(" ")}: ${said}`);
    return outcome;
  }

  async function search({ client }: Node, filter: string): Promise<readonly FoundEntry[]> {
    const { entries } = await client.search(SUFFIX, {
      filter,
      attributes: ["*", "nsds5ReplConflict"],
    });
    return entries;
  }

  async function conflictDn(name: string): Promise<string> {
    const found = await search(first, `(&${CONFLICTS}(cn=${name}))`);
    assert.lengthOf(found, 1, name);
    return (found[0] as FoundEntry).dn;
  }

  /** Where each person of a name came from, by DN, as ordinary searches see them; on both servers. */
  async function origins(name: string): Promise<Readonly<Record<string, string>>> {
    await waitForConvergence([first, second]);
    const [one, other] = (await Promise.all(
      [first, second].map(async (node) => {
        const found = await search(node, `(&(objectClass=person)(sn=${name}))`);
        return Object.fromEntries(
          found.map((entry) => [entry.dn.split(",", 1)[0], entry.text("description")]),
        );
      }),
    )) as [Record<string, string>, Record<string, string>];
    assert.deepEqual(one, other);
    return one;
  }

  async function assertEqual(): Promise<void> {
    const contents = await readAtRest([first, second], ({ client }) => readContent(client, SUFFIX));
    const [one, other] = contents as [(typeof contents)[0], (typeof contents)[0]];
    assertEqualContent(
      { name: "first", content: one },
      { name: "second", content: other },
      { level: isRehearsal ? "present" : "relevant" },
    );
  }

  test("interop/repl-conflict: conflict entries are seen only by those who ask for them", async () => {
    for (const node of [first, second]) {
      const ordinary = await search(node, "(objectClass=person)");
      assert.lengthOf(
        ordinary.filter(({ dn }) => dn.includes("nsuniqueid=")),
        0,
      );
      const conflicts = await search(node, CONFLICTS);
      assert.lengthOf(conflicts, NAMES.length);
      for (const entry of conflicts) assert.equal(entry.text("description"), "second");
    }
  });

  test("interop/repl-conflict: list and list-glue show them", async () => {
    for (const node of [first, second]) {
      const conflicts = (await dsconf(node, "list", SUFFIX)).stdout.toString("utf8");
      for (const name of NAMES)
        assert.include(conflicts, `namingConflict (ADD) cn=${name},ou=place,${SUFFIX}`);
      const glue = (await dsconf(node, "list-glue", SUFFIX)).stdout.toString("utf8");
      for (const name of GLUES) assert.include(glue, `dn: ou=${name},${SUFFIX}`);
      assert.include(glue, "deletedEntryHasChildren");
    }
  });

  test("interop/repl-conflict: compare shows both entries, also after the parent was renamed", async () => {
    const shown = async (): Promise<string> =>
      (await dsconf(second, "compare", await conflictDn("compared"))).stdout.toString("utf8");
    assert.match(await shown(), /description: second[^]*description: first/);
    await first.client.rename(`ou=place,${SUFFIX}`, "ou=other");
    await waitForConvergence([first, second]);
    assert.match(await shown(), /description: second[^]*description: first/);
    await second.client.rename(`ou=other,${SUFFIX}`, "ou=place");
    await waitForConvergence([first, second]);
    assert.match(await shown(), /description: second[^]*description: first/);
  });

  test("interop/repl-conflict: delete removes a conflict entry", async () => {
    await dsconf(first, "delete", await conflictDn("deleted"));
    assert.deepEqual(await origins("deleted"), { "cn=deleted": "first" });
    assert.isEmpty(await search(second, `(&${CONFLICTS}(cn=deleted))`));
  });

  test("interop/repl-conflict: swap puts the conflict entry in the place of the other", async () => {
    await dsconf(second, "swap", await conflictDn("swapped"));
    assert.deepEqual(await origins("swapped"), { "cn=swapped": "second" });
    assert.isEmpty(await search(first, `(&${CONFLICTS}(sn=swapped))`));
  });

  test("interop/repl-conflict: convert makes it a normal entry with another name", async () => {
    await dsconf(first, "convert", await conflictDn("converted"), "--new-rdn", "cn=renamed");
    assert.deepEqual(await origins("converted"), {
      "cn=converted": "first",
      "cn=renamed": "second",
    });
    const [renamed] = await search(second, "(cn=renamed)");
    assert.deepEqual(renamed?.texts("cn"), ["renamed"]);
    assert.isUndefined(renamed?.text("nsds5ReplConflict"));
  });

  test("interop/repl-conflict: convert-glue makes the parent a normal entry again", async () => {
    await dsconf(first, "convert-glue", `ou=unglued,${SUFFIX}`);
    await waitForConvergence([first, second]);
    for (const node of [first, second]) {
      const [entry] = await search(node, "(ou=unglued)");
      assert.isUndefined(entry?.text("nsds5ReplConflict"));
      assert.notInclude(entry?.texts("objectClass").join(" ").toLowerCase(), "glue");
      assert.isDefined(await node.client.find(`cn=child,ou=unglued,${SUFFIX}`));
    }
  });

  test("interop/repl-conflict: delete-glue removes it with what is below it", async () => {
    await dsconf(second, "delete-glue", `ou=buried,${SUFFIX}`);
    await waitForConvergence([first, second]);
    for (const node of [first, second]) {
      assert.isUndefined(await node.client.find(`ou=buried,${SUFFIX}`));
      assert.isEmpty(await search(node, "(objectClass=glue)"));
    }
  });

  test("interop/repl-conflict: both servers end equal", async () => {
    await assertEqual();
    const listed = (await dsconf(first, "list", SUFFIX)).stdout.toString("utf8");
    assert.notInclude(listed, "cn=swapped");
    assert.lengthOf(await search(second, CONFLICTS), 1);
  });
});
