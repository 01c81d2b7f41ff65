/** Sample entries: the same every time, parents first, of the number asked for, varied. */
import { assert } from "chai";
import { suite, test } from "mocha";
import { encodeLdifRecord } from "../../../src/ldif/index.ts";
import type { LdifContentRecord } from "../../../src/ldif/index.ts";
import { GROUP_MEMBERS_MAX, sampleEntries } from "../../../src/cli/sample-data.ts";

const SUFFIX = "dc=example,dc=org";

const textsOf = (record: LdifContentRecord, type: string): readonly string[] =>
  record.attributes
    .filter((attribute) => attribute.type === type)
    .flatMap(({ values }) => values.map((value) => value.toString("utf8")));

suite("cli/sample-data", () => {
  const records = [...sampleEntries(SUFFIX, 500)];
  const users = records.filter(({ dn }) => dn.startsWith("uid="));

  test("cli/sample-data: as many users as asked for, each with a name of its own", () => {
    assert.lengthOf(users, 500);
    assert.equal(new Set(records.map(({ dn }) => dn)).size, records.length);
    assert.equal(new Set(users.map((user) => textsOf(user, "mail")[0])).size, 500);
  });

  test("cli/sample-data: the same every time", () => {
    const again = [...sampleEntries(SUFFIX, 500)];
    assert.deepEqual(
      again.map((record) => encodeLdifRecord(record).toString("latin1")),
      records.map((record) => encodeLdifRecord(record).toString("latin1")),
    );
  });

  test("cli/sample-data: parents come before their children, members before their groups", () => {
    const seen = new Set<string>();
    for (const record of records) {
      const parent = record.dn.slice(record.dn.indexOf(",") + 1);
      assert.isTrue(record.dn === SUFFIX || seen.has(parent), record.dn);
      for (const type of ["member", "uniqueMember", "manager", "owner"]) {
        for (const dn of textsOf(record, type)) assert.isTrue(seen.has(dn), `${record.dn}: ${dn}`);
      }
      seen.add(record.dn);
    }
  });

  test("cli/sample-data: names go beyond ASCII, user names do not", () => {
    assert.isTrue(users.some((user) => /[^\0-\x7f]/.test(textsOf(user, "cn")[0] ?? "")));
    for (const user of users) assert.match(textsOf(user, "uid")[0] ?? "", /^[a-z]+\.[a-z]+\d*$/);
    assert.isAbove(new Set(users.map((user) => textsOf(user, "title")[0])).size, 10);
    assert.isTrue(users.some((user) => textsOf(user, "jpegPhoto").length === 1));
  });

  test("cli/sample-data: users and groups have the classes by which dsidm finds them", () => {
    for (const user of users) {
      const classes = textsOf(user, "objectClass");
      assert.includeMembers([...classes], ["nsPerson", "nsAccount", "nsOrgPerson", "posixAccount"]);
    }
    const groups = records.filter(({ dn }) => dn.startsWith("cn="));
    for (const group of groups) {
      const [, kind] = textsOf(group, "objectClass");
      assert.include(["groupOfNames", "groupOfUniqueNames"], kind); // group and uniquegroup
    }
  });

  test("cli/sample-data: groups stay bounded", () => {
    let largest = 0;
    for (const record of sampleEntries(SUFFIX, 25_000)) {
      if (record.dn.startsWith("cn="))
        largest = Math.max(largest, textsOf(record, "member").length);
    }
    assert.equal(largest, GROUP_MEMBERS_MAX);
  });

  test("cli/sample-data: nobody has a password", () => {
    for (const user of users) assert.isEmpty(textsOf(user, "userPassword"));
  });
});
