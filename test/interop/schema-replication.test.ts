// The schema between 389 and Concord: what is defined on one side is used on the other, in both directions; what both define
// differently meets; a change of the schema alone does not wait for data; nothing is pushed in circles.
import { assert } from "chai";
import {
  connectSuppliers,
  enableReplica,
  waitForConvergence,
} from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";
import { Nodes, SUFFIX } from "./peer.ts";

const TIMEOUT_MS = 300_000;
const SCHEMA_TIMEOUT_MS = 60_000;
const DN = "cn=schema";
const STRING = "1.3.6.1.4.1.1466.115.121.1.15";

const type = (number: number, name: string, rest = ""): string =>
  `( 1.3.6.1.4.1.99999.1.${number} NAME '${name}' EQUALITY caseIgnoreMatch SYNTAX ${STRING}${rest} X-ORIGIN 'user defined' )`;
const auxiliary = (number: number, name: string, rest: string): string =>
  `( 1.3.6.1.4.1.99999.2.${number} NAME '${name}' SUP top AUXILIARY ${rest} X-ORIGIN 'user defined' )`;

suite("interop/schema-replication", function () {
  this.timeout(TIMEOUT_MS);
  const nodes = new Nodes();
  let theirs: Node;
  let ours: Node;

  suiteSetup(async () => {
    theirs = await nodes.addNsSlapd({ suffix: SUFFIX, suffixEntry: true });
    ours = await nodes.addConcord({ suffix: SUFFIX });
    await enableReplica(theirs, "supplier", { replicaId: 1 });
    await enableReplica(ours, "supplier", { replicaId: 2 });
    await connectSuppliers(theirs, ours);
    await waitForConvergence([theirs, ours]);
  });
  suiteTeardown(() => nodes.removeAll());

  async function define(node: Node, types: string[], classes: string[]): Promise<void> {
    await node.client.modify(DN, [
      ...(types.length === 0
        ? []
        : [{ op: "add" as const, type: "attributeTypes", values: types }]),
      ...(classes.length === 0
        ? []
        : [{ op: "add" as const, type: "objectClasses", values: classes }]),
    ]);
  }

  async function definition(node: Node, name: string): Promise<string | undefined> {
    const entry = await node.client.find(DN, ["attributeTypes", "objectClasses"]);
    const texts = [
      ...(entry?.texts("attributeTypes") ?? []),
      ...(entry?.texts("objectClasses") ?? []),
    ];
    return texts.find((text) => text.includes(`'${name}'`));
  }

  const schemaCsn = async (node: Node): Promise<string | undefined> =>
    (await node.client.find(DN, ["nsSchemaCSN"]))?.text("nsSchemaCSN");

  async function waitForName(node: Node, name: string): Promise<string> {
    return waitFor(
      () => definition(node, name),
      `${node.server.name} knows ${name}`,
      SCHEMA_TIMEOUT_MS,
    );
  }

  /** Both have the same schema CSN: nobody has anything to push. */
  async function waitForRest(): Promise<void> {
    await waitFor(
      async () => {
        const [a, b] = [await schemaCsn(theirs), await schemaCsn(ours)];
        return a !== undefined && a === b;
      },
      "both have one schema CSN",
      SCHEMA_TIMEOUT_MS,
    );
  }

  test("interop/schema-replication: what is defined on 389 comes with the first change that follows", async () => {
    await define(theirs, [type(1, "interNote")], [auxiliary(1, "interNoted", "MAY interNote")]);
    await theirs.client.add(`cn=from 389,${SUFFIX}`, {
      objectClass: ["device", "interNoted"],
      cn: "from 389",
      interNote: "Here",
    });
    await waitForConvergence([theirs, ours]);
    await waitForName(ours, "interNoted");
    const { entries } = await ours.client.search(SUFFIX, { filter: "(interNote=HERE)" });
    assert.lengthOf(entries, 1);
    await waitForRest();
  });

  test("interop/schema-replication: what is defined on Concord reaches 389 without a change of data", async () => {
    await define(
      ours,
      [type(2, "interMark", " SINGLE-VALUE")],
      [auxiliary(2, "interMarked", "MUST interMark MAY interNote")],
    );
    assert.match(await waitForName(theirs, "interMark"), /SINGLE-VALUE/);
    assert.match(await waitForName(theirs, "interMarked"), /MUST interMark/);
    await ours.client.add(`cn=from Concord,${SUFFIX}`, {
      objectClass: ["device", "interMarked"],
      cn: "from Concord",
      interMark: "There",
    });
    await waitForConvergence([theirs, ours]);
    const { entries } = await theirs.client.search(SUFFIX, { filter: "(interMark=there)" });
    assert.lengthOf(entries, 1);
    await waitForRest();
  });

  test("interop/schema-replication: what 389 cannot take stays at home and stops nothing", async () => {
    await define(
      ours,
      [
        "( 1.3.6.1.4.1.99999.1.3 NAME 'interArea' SYNTAX 1.3.6.1.4.1.1466.115.121.1.45 )",
        type(4, "interPlain"),
      ],
      [
        auxiliary(3, "interArea2", "MAY interArea"),
        "( 1.3.6.1.4.1.99999.2.4 NAME 'interTwo' SUP ( device $ domain ) STRUCTURAL )",
      ],
    );
    await waitForName(theirs, "interPlain");
    assert.isUndefined(await definition(theirs, "interArea"));
    assert.isUndefined(await definition(theirs, "interTwo"));
    await waitForRest();
  });

  test("interop/schema-replication: both sides at once end with what both defined", async () => {
    await Promise.all([
      define(theirs, [type(5, "interLeft")], [auxiliary(5, "interSide", "MAY interLeft")]),
      define(ours, [type(6, "interRight")], [auxiliary(6, "interOther", "MAY interRight")]),
    ]);
    await theirs.client.modify(SUFFIX, [{ op: "replace", type: "description", values: "one" }]);
    await ours.client.modify(SUFFIX, [{ op: "replace", type: "description", values: "two" }]);
    await waitForName(theirs, "interOther");
    await waitForName(ours, "interSide");
    await waitForConvergence([theirs, ours]);
  });

  test("interop/schema-replication: a client write that breaks the other's definition is refused here too", async () => {
    const dn = `cn=from Concord,${SUFFIX}`;
    for (const { client } of [theirs, ours]) {
      const refused = client.modify(dn, [{ op: "delete", type: "interMark", values: [] }]);
      await refused.then(
        () => assert.fail("it was taken"),
        () => undefined,
      );
    }
  });
});
