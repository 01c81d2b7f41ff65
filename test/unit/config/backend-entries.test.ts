// Backends, mapping tree and indexes: what the server completes, what it refuses, and what the events say (admin-compat 1.2
// to 1.4).
import { assert } from "chai";
import { ConfigSession, resultOf } from "../../support/config-tree.ts";

const LDBM = "cn=ldbm database,cn=plugins,cn=config";
const BACKEND = `cn=userRoot,${LDBM}`;
const SUFFIX = "dc=example,dc=com";
const MAPPING = "cn=dc\\3Dexample\\2Cdc\\3Dcom,cn=mapping tree,cn=config";
const INDEX = { objectClass: ["top", "nsIndex"], nsSystemIndex: "False" };

const withBackend = (): ConfigSession => {
  const session = new ConfigSession();
  session.addBackend("userRoot", SUFFIX);
  return session;
};

suite("config/backend entries", () => {
  test("config/backend: an ADD of name and suffix makes the children and tells of a new backend", () => {
    const session = new ConfigSession();
    const { events } = session.add(BACKEND, {
      objectClass: ["top", "extensibleObject", "nsBackendInstance"],
      cn: "userRoot",
      "nsslapd-suffix": "dc=example, dc=com",
    });
    const added = events.find((event) => event.type === "backendAdded");
    assert.equal(added?.backend.name, "userRoot");
    assert.equal(added?.backend.normalSuffix, SUFFIX);
    const children = Array.from(session.tree.children(BACKEND.toLowerCase()), (entry) =>
      entry.text("cn"),
    );
    assert.sameMembers(children, [
      "monitor",
      "index",
      "encrypted attributes",
      "encrypted attribute keys",
    ]);
    const names = added?.backend.indexes.map((index) => index.attribute.toLowerCase()) ?? [];
    assert.lengthOf(names, 31);
    assert.includeMembers(names, [
      "entryrdn",
      "objectclass",
      "nsuniqueid",
      "uid",
      "nsds5replconflict",
      "aci",
    ]);
  });

  test("config/backend: the shown entry has 389's defaults", () => {
    const entry = withBackend().show(BACKEND);
    assert.equal(entry.text("nsslapd-suffix"), SUFFIX);
    assert.equal(entry.text("nsslapd-readonly"), "off");
    assert.equal(entry.text("nsslapd-require-index"), "off");
    assert.equal(entry.text("nsslapd-cachesize"), "-1");
    assert.equal(entry.text("nsslapd-directory"), "/srv/c/db/userRoot");
    assert.equal(entry.text("creatorsName"), "cn=directory manager");
  });

  test("config/suffix: all spellings of the name lead to one entry, shown with hex escapes and both cn values", () => {
    const session = withBackend();
    for (const dn of [
      MAPPING,
      'cn="dc=example,dc=com",cn=mapping tree,cn=config',
      "cn=dc\\=example\\,dc\\=com , CN=Mapping Tree , cn=config",
      'cn="DC = Example , dc=com",cn=mapping tree,cn=config',
      "cn=DC\\3dexample\\2cdc\\3dcom,cn=mapping tree,cn=config",
    ]) {
      assert.equal(session.show(dn).dn, MAPPING);
      assert.equal(
        resultOf(() => session.replace(dn, "nsslapd-state", "backend")),
        "success",
      );
    }
    assert.deepEqual(session.show(MAPPING).texts("cn"), [SUFFIX, "dc\\=example\\,dc\\=com"]);
  });

  test("config/suffix: the first suffix is the default naming context until its entry is deleted", () => {
    const session = withBackend();
    assert.equal(session.show("cn=config").text("nsslapd-defaultnamingcontext"), SUFFIX);
    session.replace("cn=config", "nsslapd-defaultnamingcontext", SUFFIX);
    session.delete(MAPPING);
    assert.equal(session.show("cn=config").text("nsslapd-defaultnamingcontext"), "");
  });

  test("config/suffix: states are words of 389, under either name of the attribute", () => {
    const session = withBackend();
    assert.match(
      resultOf(() => session.replace(MAPPING, "nsslapd-state", "bogus")),
      /^21 /,
    );
    assert.match(
      resultOf(() => session.replace(MAPPING, "nsslapd-state", "referral")),
      /^53 /,
    );
    session.replace(MAPPING, "nsslapd-nsstate", "disabled");
    assert.equal(session.tree.snapshot.suffixes[0]?.state, "disabled");
  });

  test("config/suffix: a parent suffix must be above", () => {
    const session = withBackend();
    session.addBackend("people", `ou=people,${SUFFIX}`);
    const dn = `cn="ou=people,${SUFFIX}",cn=mapping tree,cn=config`;
    assert.match(
      resultOf(() => session.replace(dn, "nsslapd-parent-suffix", "dc=other")),
      /^53 /,
    );
    assert.equal(
      resultOf(() => session.replace(dn, "nsslapd-parent-suffix", SUFFIX)),
      "success",
    );
  });

  test("config/backend: name and suffix belong to one backend", () => {
    const session = withBackend();
    const backend = { objectClass: ["top", "extensibleObject", "nsBackendInstance"] };
    assert.match(
      resultOf(() =>
        session.add(`cn=USERROOT,${LDBM}`, {
          ...backend,
          cn: "USERROOT",
          "nsslapd-suffix": "dc=b",
        }),
      ),
      /^68 /,
    );
    assert.match(
      resultOf(() =>
        session.add(`cn=b,${LDBM}`, { ...backend, cn: "b", "nsslapd-suffix": SUFFIX }),
      ),
      /^53 /,
    );
    assert.match(
      resultOf(() => session.add(`cn=b,${LDBM}`, { ...backend, cn: "b" })),
      /^65 /,
    );
    assert.match(
      resultOf(() =>
        session.add(`cn=b,${LDBM}`, { ...backend, cn: "b", "nsslapd-suffix": "bad dn" }),
      ),
      /^21 /,
    );
    assert.match(
      resultOf(() => session.add(`cn=../b,${LDBM}`, { ...backend, "nsslapd-suffix": "dc=b" })),
      /^53 /,
    );
  });

  const backendMods: readonly (readonly [string, string, string])[] = [
    ["nsslapd-suffix", "dc=x", "53 Can't change the root suffix of a backend"],
    ["nsslapd-readonly", "on", "success"],
    [
      "nsslapd-cachememsize",
      "zz",
      "53 Error: value zz for attr nsslapd-cachememsize is not a number",
    ],
    ["nsslapd-anything", "x", "success"],
  ];
  for (const [name, value, result] of backendMods) {
    test(`config/backend: ${name} = ${value} gives ${result}`, () => {
      assert.equal(
        resultOf(() => withBackend().replace(BACKEND, name, value)),
        result,
      );
    });
  }

  test("config/backend: cache sizes are refused while the server sizes them", () => {
    const result = resultOf(() =>
      withBackend().replace(BACKEND, "nsslapd-cachememsize", "1000000"),
    );
    assert.match(
      result,
      /^53 Error: "nsslapd-cachememsize" can not be updated while "nsslapd-cache-autosize" is set/,
    );
  });

  test("config/backend: referrals set on the backend go to the mapping tree entry", () => {
    const session = withBackend();
    session.modify(BACKEND, ["add", "nsslapd-referral", "ldap://other/"]);
    assert.deepEqual(session.tree.snapshot.suffixes[0]?.referrals, ["ldap://other/"]);
  });

  test("config/backend: it is deleted leaf by leaf once its suffix has no mapping", () => {
    const session = withBackend();
    assert.match(
      resultOf(() => session.delete(`cn=monitor,${BACKEND}`)),
      /^53 /,
    );
    assert.match(
      resultOf(() => session.delete(`cn=objectclass,cn=index,${BACKEND}`)),
      /^53 /,
    );
    assert.equal(
      resultOf(() => session.delete(`cn=uid,cn=index,${BACKEND}`)),
      "success",
    );
    session.delete(MAPPING);
    assert.match(
      resultOf(() => session.delete(BACKEND)),
      /^66 /,
    );
    const names = Array.from(session.tree.subtree(BACKEND.toLowerCase()), (entry) => entry.dn);
    names.sort((a, b) => b.length - a.length);
    const last = names.map((dn) => session.delete(dn)).at(-1);
    assert.deepEqual(
      last?.events.map((event) => event.type),
      ["backendRemoved"],
    );
    assert.lengthOf(session.tree.snapshot.backends, 0);
  });

  test("config/index: an index is added, changed and removed with an event each", () => {
    const session = withBackend();
    const dn = `cn=roomNumber,cn=index,${BACKEND}`;
    const added = session.add(dn, { ...INDEX, cn: "roomNumber", nsIndexType: ["eq", "pres"] });
    assert.deepEqual(
      added.events.map((event) => event.type),
      ["indexAdded"],
    );
    const changed = session.modify(
      dn,
      ["add", "nsIndexType", "sub"],
      ["add", "nsMatchingRule", "nsSubStrBegin=2"],
    );
    const event = changed.events[0];
    assert.equal(event?.type, "indexChanged");
    if (event?.type === "indexChanged") {
      assert.deepEqual(event.index.kinds, ["equality", "presence", "substring"]);
      assert.deepEqual(event.index.substringLengths, { initial: 2, any: 3, final: 3 });
    }
    assert.deepEqual(
      session.delete(dn).events.map(({ type }) => type),
      ["indexRemoved"],
    );
  });

  const badIndexes: readonly (readonly [string, Record<string, string | string[]>, RegExp])[] = [
    ["no type", { ...INDEX }, /^65 Error: missing index type$/],
    ["an unknown type", { ...INDEX, nsIndexType: "bogus" }, /^53 unknown index type "bogus"/],
    [
      "no nsSystemIndex",
      { objectClass: ["top", "nsIndex"], nsIndexType: "eq" },
      /^65 missing attribute "nsSystemIndex"/,
    ],
  ];
  for (const [what, attributes, result] of badIndexes) {
    test(`config/index: an index with ${what} is refused`, () => {
      const session = withBackend();
      assert.match(
        resultOf(() => session.add(`cn=foo,cn=index,${BACKEND}`, attributes)),
        result,
      );
    });
  }

  test("config/default indexes: a new backend gets what the administrator has added there", () => {
    const session = new ConfigSession();
    session.add(`cn=employeeNumber,cn=default indexes,cn=config,${LDBM}`, {
      ...INDEX,
      cn: "employeeNumber",
      nsIndexType: "eq",
    });
    session.addBackend("userRoot", SUFFIX);
    assert.isTrue(session.tree.has(`cn=employeenumber,cn=index,${BACKEND.toLowerCase()}`));
  });

  test("config/database: settings that need a restart are told from those of the moment", () => {
    const session = new ConfigSession();
    const dn = `cn=config,${LDBM}`;
    assert.equal(session.show(dn).text("nsslapd-backend-implement"), "bdb");
    session.replace(dn, "nsslapd-lookthroughlimit", "6000");
    assert.equal(session.tree.snapshot.database.lookThroughEntriesMax, 6000);
    assert.equal(
      resultOf(() => session.replace(dn, "nsslapd-idl-switch", "old")),
      "53 nsslapd-idl-switch can't be modified while the server is running.",
    );
  });
});
