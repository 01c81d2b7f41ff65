// The entry cn=config: shown defaults, codes and texts of refused changes, resets (admin-compat 0.3, 1.1).
import { assert } from "chai";
import { ConfigSession, resultOf } from "../../support/config-tree.ts";

const CONFIG = "cn=config";

suite("config/server entry", () => {
  test("config/server: a new server shows every setting with its default", () => {
    const entry = new ConfigSession().show(CONFIG);
    assert.equal(entry.text("nsslapd-port"), "389");
    assert.equal(entry.text("nsslapd-sizelimit"), "2000");
    assert.equal(entry.text("nsslapd-rootdn"), "cn=Directory Manager");
    assert.equal(entry.text("passwordMinLength"), "8");
    assert.equal(entry.text("nsslapd-versionstring"), "389-Directory/2.3.1");
    assert.equal(entry.text("nsslapd-accesslog-maxlogsize"), "100");
    assert.deepEqual(entry.texts("nsslapd-privatenamespaces"), ["cn=schema", "cn=config"]);
    assert.include(entry.texts("nsslapd-requiresrestart"), "cn=config:nsslapd-port");
    assert.isAbove([...entry.attributes()].length, 230);
  });

  test("config/server: names are shown in 389's spelling", () => {
    const names = Array.from(
      new ConfigSession().show(CONFIG).attributes(),
      (a) => a.description.text,
    );
    assert.includeMembers(names, [
      "nsslapd-securePort",
      "nsslapd-SSLclientAuth",
      "passwordMinLength",
    ]);
  });

  test("config/server: a replaced setting is stored, shown and decoded, and its delete brings the default back", () => {
    const session = new ConfigSession();
    const { events } = session.replace(CONFIG, "nsslapd-sizelimit", "3000");
    assert.deepEqual(events, [{ type: "serverChanged", names: ["sizeLimitEntries"] }]);
    assert.equal(session.show(CONFIG).text("nsslapd-sizelimit"), "3000");
    assert.equal(session.tree.snapshot.server.sizeLimitEntries, 3000);
    session.modify(CONFIG, ["delete", "nsslapd-sizelimit"]);
    assert.equal(session.show(CONFIG).text("nsslapd-sizelimit"), "2000");
    assert.equal(session.tree.snapshot.server.sizeLimitEntries, 2000);
  });

  const refusals: readonly (readonly [string, string, string])[] = [
    [
      "nsslapd-sizelimit",
      "abc",
      '53 nsslapd-sizelimit: "abc" is invalid, value must range from -1 to 9223372036854775807',
    ],
    [
      "nsslapd-sizelimit",
      "-5",
      '53 nsslapd-sizelimit: "-5" is invalid, value must range from -1 to 9223372036854775807',
    ],
    [
      "nsslapd-port",
      "70000",
      '53 nsslapd-port: "70000" is invalid, value must range from 0 to 65535',
    ],
    [
      "nsslapd-readonly",
      "maybe",
      '53 nsslapd-readonly: invalid value "maybe". Valid values are "on" or "off".',
    ],
    [
      "nsslapd-nosuchattribute",
      "1",
      "53 Unknown attribute nsslapd-nosuchattribute will be ignored",
    ],
    ["nsslapd-rootdn", "foo", "21 nsslapd-rootdn: value #0 invalid per syntax"],
    ["nsslapd-versionstring", "x", "53 nsslapd-versionstring is read-only"],
    ["nsslapd-defaultnamingcontext", "dc=no", "32 dc=no is not an existing suffix."],
    [
      "nsslapd-privatenamespaces",
      "x",
      "53 Unknown attribute nsslapd-privatenamespaces will be ignored",
    ],
    ["nsslapd-accesslog-list", "x", "success"],
    [
      "nsslapd-allow-anonymous-access",
      "x",
      '53 nsslapd-allow-anonymous-access: invalid value "x". Valid values are "on", "off" or "rootdse".',
    ],
    [
      "passwordMinLength",
      "1000",
      '53 passwordMinLength: password setting "1000" is invalid. It must range from 2 to 512',
    ],
    ["cn", "x", "53 Unknown attribute cn will be ignored"],
    [
      "aci",
      '(targetattr="*")(version 3.0; acl "x"; allow(read) userdn="ldap:///anyone";)',
      "success",
    ],
  ];
  for (const [name, value, result] of refusals) {
    test(`config/server: ${name} = ${value.slice(0, 20)} gives ${result.slice(0, 40)}`, () => {
      assert.equal(
        resultOf(() => new ConfigSession().replace(CONFIG, name, value)),
        result,
      );
    });
  }

  const deletes: readonly (readonly [string, string])[] = [
    ["nsslapd-sizelimit", "success"],
    ["nsslapd-lockdir", "53 Deleting attributes is not allowed"],
    ["passwordStorageScheme", "1 passwordStorageScheme: deleting the value is not allowed"],
    ["nsslapd-nosuch", "53 Unknown attribute nsslapd-nosuch will be ignored"],
  ];
  for (const [name, result] of deletes) {
    test(`config/server: deleting ${name} gives ${result}`, () => {
      assert.equal(
        resultOf(() => new ConfigSession().modify(CONFIG, ["delete", name])),
        result,
      );
    });
  }

  test("config/server: a refused item leaves the whole modification undone", () => {
    const session = new ConfigSession();
    const result = resultOf(() =>
      session.modify(
        CONFIG,
        ["replace", "nsslapd-timelimit", "5"],
        ["replace", "nsslapd-sizelimit", "x"],
      ),
    );
    assert.match(result, /^53 /);
    assert.equal(session.show(CONFIG).text("nsslapd-timelimit"), "3600");
  });

  test("config/server: adding a value to a setting replaces it", () => {
    const session = new ConfigSession();
    session.modify(CONFIG, ["add", "nsslapd-sizelimit", "50"]);
    assert.deepEqual(session.show(CONFIG).texts("nsslapd-sizelimit"), ["50"]);
  });

  test("config/server: deleting a value that is not there is noSuchAttribute", () => {
    const session = new ConfigSession();
    assert.match(
      resultOf(() => session.modify(CONFIG, ["delete", "nsslapd-sizelimit", "77"])),
      /^16 /,
    );
    assert.equal(
      resultOf(() => session.modify(CONFIG, ["delete", "nsslapd-sizelimit", "2000"])),
      "success",
    );
  });

  test("config/server: entries are neither renamed nor deleted when the server needs them", () => {
    const session = new ConfigSession();
    assert.match(
      resultOf(() => session.delete("cn=replication,cn=config")),
      /^53 /,
    );
    assert.match(
      resultOf(() => session.delete(CONFIG)),
      /^66 /,
    );
  });
});
