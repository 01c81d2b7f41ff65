// The stored form: a tree reads back as it was written, without tasks; damaged records are told and left out.
import { assert } from "chai";
import { NO_LIVE_VALUES, formatDse, loadDse, makeStockEntries } from "../../../src/config/index.ts";
import { ConfigSession, INSTANCE, newTree, shippedSchema } from "../../support/config-tree.ts";

const CONTEXT = { schema: shippedSchema(), instance: INSTANCE, live: NO_LIVE_VALUES };

suite("config/dse", () => {
  test("config/dse: a tree reads back as it was written", () => {
    const session = new ConfigSession();
    session.addBackend("userRoot", "dc=example,dc=com");
    session.addReplica("dc=example,dc=com", {
      nsDS5ReplicaType: "3",
      nsDS5Flags: "1",
      nsDS5ReplicaId: "3",
    });
    session.replace("cn=config", "nsslapd-sizelimit", "77");
    const { tree, faults } = loadDse(formatDse(session.tree), CONTEXT);
    assert.deepEqual(faults, []);
    assert.deepEqual(tree.snapshot, session.tree.snapshot);
    assert.equal(tree.size, session.tree.size);
    assert.equal(formatDse(tree).length, formatDse(session.tree).length);
    const mapping = "cn=dc\\3dexample\\2cdc\\3dcom,cn=mapping tree,cn=config";
    assert.equal(tree.find(mapping)?.dn, "cn=dc\\3Dexample\\2Cdc\\3Dcom,cn=mapping tree,cn=config");
  });

  test("config/dse: defaults are not written", () => {
    const text = formatDse(newTree()).toString();
    assert.notInclude(text, "nsslapd-timelimit");
    assert.include(text, "dn: cn=MemberOf Plugin,cn=plugins,cn=config\n");
  });

  test("config/dse: task entries are left out", () => {
    const session = new ConfigSession();
    session.add("cn=e,cn=export,cn=tasks,cn=config", { objectClass: ["top", "extensibleObject"] });
    assert.notInclude(formatDse(session.tree).toString(), "cn=e,cn=export");
  });

  test("config/dse: bad records are told with their line, the rest is used, and needed entries are added", () => {
    const text = [
      "dn: cn=config\nobjectClass: top\ncn: config\nnsslapd-port: 1389\nnsslapd-sizelimit: many\n",
      "dn: dc=elsewhere\nobjectClass: top\n",
      "dn: cn=a,cn=nosuch,cn=config\nobjectClass: top\n",
      "no colon here\n",
    ].join("\n");
    const { tree, faults } = loadDse(Buffer.from(text), CONTEXT);
    assert.lengthOf(faults, 3);
    assert.match(faults[0] ?? "", /^line 7: dc=elsewhere is not below cn=config$/);
    assert.equal(tree.snapshot.server.port, 1389);
    assert.equal(tree.snapshot.server.sizeLimitEntries, 2000);
    assert.isTrue(tree.has("cn=tasks,cn=config"));
    assert.isFalse(tree.has("cn=kerberos uid mapping,cn=mapping,cn=sasl,cn=config"));
  });

  test("config/dse: a tree and its faults are the same with a stock of entries as without", () => {
    const session = new ConfigSession();
    session.addBackend("userRoot", "dc=example,dc=com");
    session.replace("cn=config", "nsslapd-sizelimit", "77");
    session.replace("cn=MemberOf Plugin,cn=plugins,cn=config", "nsslapd-pluginEnabled", "on");
    const stock = makeStockEntries(CONTEXT);
    const text = formatDse(session.tree).toString();
    const records = text.trimEnd().split("\n\n");
    assert.isAbove(records.filter((record) => stock.byText.has(record)).length, 100);
    const texts = [
      text,
      text.trimEnd(),
      text.replaceAll("\n", "\r\n"),
      text.replaceAll("\n\n", "\n\n\n"),
      `# a comment\nversion: 1\n${text}`,
      `${records.slice(0, 3).join("\n\n")}\n\nversion: 1\n${records.slice(3).join("\n\n")}`,
      text.replaceAll("nsContainer", "nscontainer"),
      text.replace("dn: cn=tasks,cn=config", "dn: cn=tasks"),
      text.replace("dn: cn=mapping,cn=sasl", "dn: cn=other,cn=sasl"),
      text.replaceAll("\n\n", "\n\n continues nothing\n\n"),
      [...records].reverse().join("\n\n"),
      `${text}\n${records[1] ?? ""}\ndescription: again`,
      "",
    ];
    for (const each of texts) {
      const bytes = Buffer.from(each);
      const given = loadDse(bytes, CONTEXT, stock);
      const expected = loadDse(bytes, CONTEXT);
      assert.deepEqual(given.faults, expected.faults);
      assert.equal(formatDse(given.tree).toString(), formatDse(expected.tree).toString());
      assert.deepEqual(given.tree.snapshot, expected.tree.snapshot);
    }
  });
});
