// Arguments of task entries, with the codes of 389 (admin-compat 1.6).
import { assert } from "chai";
import { parseTask } from "../../../src/tasks/index.ts";
import { ConfigSession, type Texts, resultOf, shippedSchema } from "../../support/config-tree.ts";

const SUFFIX = "dc=example,dc=com";

function newSession(): ConfigSession {
  const session = new ConfigSession();
  session.addBackend("userRoot", SUFFIX);
  session.addReplica(SUFFIX, { nsDS5ReplicaType: "3", nsDS5Flags: "1", nsDS5ReplicaId: "21" });
  return session;
}

function parse(kind: string, attributes: Texts, cleaning: readonly number[] = []): unknown {
  const session = newSession();
  const entry = session.tree.makeEntry(
    `cn=t1,cn=${kind},cn=tasks,cn=config`,
    Object.entries(attributes).map(
      ([name, texts]) => [name, ...(typeof texts === "string" ? [texts] : texts)] as const,
    ),
  );
  return parseTask(kind, entry, {
    snapshot: session.tree.snapshot,
    findNormalDn: (text) =>
      text.includes("=") ? shippedSchema().normalizeDnText(text) : undefined,
    isCleaning: (_suffix, id) => cleaning.includes(id),
  });
}

const CLEAN = { "replica-base-dn": SUFFIX, "replica-id": "78" };

suite("tasks/parse task", () => {
  const refusals: readonly (readonly [string, string, Texts, RegExp])[] = [
    ["import", "no file", { nsInstance: "userRoot" }, /^65 Missing nsFilename/],
    ["import", "no backend", { nsFilename: "/tmp/x" }, /^65 Missing nsInstance/],
    ["import", "an unknown backend", { nsFilename: "/tmp/x", nsInstance: "nosuch" }, /^32 /],
    [
      "import",
      "a suffix of no backend",
      { nsFilename: "/tmp/x", nsIncludeSuffix: "dc=nosuch" },
      /^32 /,
    ],
    ["export", "no file", { nsInstance: "userRoot" }, /^65 /],
    ["export", "an unknown backend", { nsFilename: "/tmp/x", nsInstance: "nosuch" }, /^32 /],
    ["backup", "no folder", {}, /^65 /],
    ["backup", "another database", { nsArchiveDir: "/b", nsDatabaseType: "foo" }, /^53 /],
    ["index", "no backend", { nsIndexAttribute: "uid" }, /^65 /],
    ["index", "no attribute", { nsInstance: "userRoot" }, /^65 /],
    ["cleanallruv", "no ID", { "replica-base-dn": SUFFIX }, /^65 Missing replica-id attribute/],
    ["cleanallruv", "no suffix", { "replica-id": "5" }, /^65 Missing replica-base-dn attribute/],
    [
      "cleanallruv",
      "an unknown suffix",
      { ...CLEAN, "replica-base-dn": "dc=no" },
      /^1 Could not find replica from dn\(dc=no\)/,
    ],
    ["cleanallruv", "a bad ID", { ...CLEAN, "replica-id": "x" }, /^1 Invalid replica id \(0\)/],
    ["cleanallruv", "its own ID", { ...CLEAN, "replica-id": "21" }, /^53 /],
    [
      "cleanallruv",
      "another word",
      { ...CLEAN, "replica-force-cleaning": "maybe" },
      /^1 Invalid value for replica-force-cleaning/,
    ],
    [
      "abort cleanallruv",
      "nothing to abort",
      CLEAN,
      /^53 Replica id \(78\) is not being cleaned, nothing to abort\.$/,
    ],
    ["syntax validate", "no base", {}, /^65 Missing basedn/],
    ["memberOf task", "the plug-in off", { basedn: SUFFIX }, /^32 /],
    ["upgradedb", "anything", {}, /^53 /],
  ];
  for (const [kind, what, attributes, result] of refusals) {
    test(`tasks/parse: ${kind} with ${what} is refused`, () => {
      assert.match(
        resultOf(() => parse(kind, attributes)),
        result,
      );
    });
  }

  test("tasks/parse: an export has 389's defaults", () => {
    assert.include(
      parse("export", {
        nsInstance: "USERROOT",
        nsFilename: "/tmp/x",
        nsExportReplica: "true",
      }) as object,
      {
        kind: "export",
        file: "/tmp/x",
        oneFile: true,
        withReplicationState: true,
        withUniqueIds: true,
        wrapLines: true,
        normalDn: "cn=t1,cn=export,cn=tasks,cn=config",
      },
    );
  });

  test("tasks/parse: an import finds its backend by suffix", () => {
    assert.deepInclude(
      parse("import", { nsFilename: ["/a", "/b"], nsIncludeSuffix: `ou=x,${SUFFIX}` }) as object,
      {
        backendName: "userRoot",
        files: ["/a", "/b"],
      },
    );
  });

  test("tasks/parse: attributes of an index task may carry types", () => {
    assert.deepInclude(
      parse("index", { nsInstance: "userRoot", nsIndexAttribute: ["uid", "cn:eq,pres"] }) as object,
      {
        attributes: [
          { attribute: "uid", types: [] },
          { attribute: "cn", types: ["eq", "pres"] },
        ],
      },
    );
  });

  test("tasks/parse: cleaning knows its suffix and whether it is forced", () => {
    assert.deepInclude(
      parse("cleanallruv", { ...CLEAN, "replica-force-cleaning": "yes" }) as object,
      {
        kind: "cleanAllRuv",
        normalSuffix: SUFFIX,
        replicaId: 78,
        force: true,
        isRelayed: false,
      },
    );
    assert.match(
      resultOf(() => parse("cleanallruv", CLEAN, [78])),
      /^53 /,
    );
    assert.deepInclude(parse("abort cleanallruv", CLEAN, [78]) as object, {
      kind: "abortCleanAllRuv",
      certifyAll: false,
    });
  });
});
