// Managers, plug-ins, tasks and the generic rules of entries below cn=config.
import { assert } from "chai";
import { NO_LIVE_VALUES, listSecrets, replaceSecrets } from "../../../src/config/index.ts";
import { ConfigSession, newTree, resultOf } from "../../support/config-tree.ts";

const MANAGER = "cn=replication manager,cn=config";

suite("config/other entries", () => {
  test("config/manager: an entry with a password may stand right below cn=config", () => {
    const session = new ConfigSession();
    const { events } = session.add(MANAGER, {
      objectClass: ["top", "inetUser", "netscapeServer", "nsAccount"],
      cn: "replication manager",
      uid: "replication manager",
      userPassword: "{PBKDF2-SHA512}…",
    });
    assert.deepEqual(events, [{ type: "managerChanged", normalDn: MANAGER }]);
    const entry = session.show(MANAGER);
    assert.equal(entry.text("creatorsName"), "cn=directory manager");
    assert.equal(entry.text("createTimestamp"), "20260102030405Z");
    assert.isTrue(entry.has("nsUniqueId"));
    assert.deepEqual(session.delete(MANAGER).events, [
      { type: "managerChanged", normalDn: MANAGER },
    ]);
  });

  test("config/tree: names are found without regard to case and blanks; parents must exist", () => {
    const session = new ConfigSession();
    assert.equal(
      session.show("cn=cleanallruv, cn=tasks, cn=CONFIG").dn,
      "cn=cleanallruv,cn=tasks,cn=config",
    );
    assert.match(
      resultOf(() => session.add("cn=a,cn=b,cn=config", { objectClass: "top" })),
      /^32 /,
    );
    assert.match(
      resultOf(() => session.add("cn=tasks,cn=config", { objectClass: "top" })),
      /^68 /,
    );
    assert.match(
      resultOf(() => session.delete("cn=nosuch,cn=config")),
      /^32 /,
    );
    assert.match(
      resultOf(() => session.add("nonsense", { objectClass: "top" })),
      /^34 /,
    );
  });

  test("config/tree: objects are checked against the schema", () => {
    const session = new ConfigSession();
    const dn = "cn=x,cn=config";
    assert.match(
      resultOf(() => session.add(dn, { objectClass: "nosuchclass" })),
      /^65 unknown object class/,
    );
    assert.match(
      resultOf(() => session.add(dn, { cn: "x" })),
      /^65 missing required attribute/,
    );
    assert.match(
      resultOf(() =>
        session.add(dn, { objectClass: ["top", "nsContainer"], description: "x", mail: "x" }),
      ),
      /^65 attribute ".*" not allowed/,
    );
  });

  test("config/tree: counts of children are shown", () => {
    assert.equal(new ConfigSession().show("cn=replSchema,cn=config").text("numSubordinates"), "2");
  });

  test("config/tree: the values that name an entry stay", () => {
    const session = new ConfigSession();
    session.add("cn=x,cn=config", { objectClass: ["top", "nsContainer"], cn: "x" });
    assert.match(
      resultOf(() => session.modify("cn=x,cn=config", ["delete", "cn"])),
      /^67 /,
    );
  });

  test("config/plugin: a known plug-in is switched, an unknown one is stored but stays off", () => {
    const session = new ConfigSession();
    const dn = "cn=MemberOf Plugin,cn=plugins,cn=config";
    const { events } = session.replace(dn, "nsslapd-pluginEnabled", "on");
    assert.deepEqual(
      events.map((event) => event.type),
      ["pluginChanged"],
    );
    session.modify(dn, ["replace", "memberOfEntryScope", "dc=x"]);
    assert.equal(session.show(dn).text("memberOfEntryScope"), "dc=x");
    assert.match(
      resultOf(() => session.replace(dn, "nsslapd-pluginEnabled", "perhaps")),
      /^53 /,
    );
    const other = "cn=my plugin,cn=plugins,cn=config";
    const entry = {
      objectClass: ["top", "nsSlapdPlugin", "extensibleObject"],
      cn: "my plugin",
      "nsslapd-pluginPath": "libmine",
      "nsslapd-pluginInitfunc": "mine",
      "nsslapd-pluginType": "object",
      "nsslapd-pluginId": "mine",
      "nsslapd-pluginVersion": "1",
      "nsslapd-pluginVendor": "me",
      "nsslapd-pluginDescription": "mine",
    };
    assert.match(
      resultOf(() => session.add(other, { ...entry, "nsslapd-pluginEnabled": "on" })),
      /^53 /,
    );
    session.add(other, { ...entry, "nsslapd-pluginEnabled": "off" });
    assert.match(
      resultOf(() => session.replace(other, "nsslapd-pluginEnabled", "on")),
      /^53 /,
    );
    assert.equal(
      resultOf(() => session.delete(other)),
      "success",
    );
  });

  test("config/plugin: the misspelt config area of the account policy plug-in is taken", () => {
    const session = new ConfigSession();
    const dn = "cn=Account Policy Plugin,cn=plugins,cn=config";
    session.replace(dn, "nsslapd_pluginConfigArea", "cn=x,dc=y");
    assert.equal(session.show(dn).text("nsslapd-pluginConfigArea"), "cn=x,dc=y");
  });

  test("config/task: an ADD asks for the task of its container; the client changes only ttl and nsTaskCancel", () => {
    const status = {
      status: "done",
      log: "begun\ndone",
      currentItem: 1,
      totalItems: 1,
      created: "20260102030405Z",
      warning: 0,
      exitCode: 0,
    };
    const session = new ConfigSession(newTree({ ...NO_LIVE_VALUES, findTaskStatus: () => status }));
    const dn = "cn=e1,cn=export,cn=tasks,cn=config";
    const { events } = session.add(dn, {
      objectClass: ["top", "extensibleObject"],
      nsInstance: "userRoot",
      nsFilename: "/tmp/x",
    });
    const event = events[0];
    assert.equal(event?.type === "taskRequested" ? event.kind : undefined, "export");
    assert.equal(session.show(dn).text("nsTaskExitCode"), "0");
    assert.equal(session.show(dn).text("nsTaskLog"), "begun\ndone");
    assert.deepEqual(
      session.replace(dn, "nsTaskCancel", "true").events.map(({ type }) => type),
      ["taskChanged"],
    );
    assert.match(
      resultOf(() => session.replace(dn, "nsFilename", "x")),
      /^53 /,
    );
    assert.match(
      resultOf(() => session.replace(dn, "ttl", "x")),
      /^21 /,
    );
    assert.match(
      resultOf(() => session.delete(dn)),
      /^53 /,
    );
    assert.match(
      resultOf(() => session.add("cn=x,cn=nosuch,cn=tasks,cn=config", { objectClass: "top" })),
      /^32 /,
    );
    session.tree = session.tree.withoutTask(dn);
    assert.isFalse(session.tree.has(dn));
  });

  test("config/encryption: ciphers are not empty", () => {
    const session = new ConfigSession();
    assert.match(
      resultOf(() => session.replace("cn=encryption,cn=config", "nsSSL3Ciphers", "")),
      /^21 /,
    );
    assert.equal(
      resultOf(() => session.replace("cn=encryption,cn=config", "nsSSL3Ciphers", "default")),
      "success",
    );
  });

  test("config/secrets: passwords and credentials are listed and replaced one for one", () => {
    const request = {
      type: "modify" as const,
      dn: "cn=config",
      mods: [
        { operation: "replace" as const, type: "nsslapd-RootPW", values: [Buffer.from("secret")] },
        { operation: "replace" as const, type: "nsslapd-port", values: [Buffer.from("390")] },
        {
          operation: "add" as const,
          type: "userPassword",
          values: [Buffer.from("a"), Buffer.from("b")],
        },
        { operation: "delete" as const, type: "userPassword", values: [Buffer.from("c")] },
      ],
    };
    assert.deepEqual(
      listSecrets(request).map(({ kind, value }) => `${kind} ${value.toString()}`),
      ["rootPassword secret", "userPassword a", "userPassword b"],
    );
    const replaced = replaceSecrets(request, [
      Buffer.from("H1"),
      Buffer.from("H2"),
      Buffer.from("H3"),
    ]);
    assert.deepEqual(
      replaced.mods.map((mod) => mod.values.map((value) => value.toString()).join()),
      ["H1", "390", "H2,H3", "c"],
    );
  });
});
