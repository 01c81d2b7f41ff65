/**
 * Access control as clients meet it: what anonymous and ordinary users see and may change, and which rules hold from when.
 * One server, one suffix; each test writes the rules of the suffix anew.
 */
import { assert } from "chai";
import { ConcordServer } from "../support/concord-server.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import { LdapClient, LdapFailure, resultCodeOf } from "../support/ldap.ts";

const SUFFIX = "dc=access,dc=test";
const ANN = `uid=ann,ou=people,${SUFFIX}`;
const BOB = `uid=bob,ou=people,${SUFFIX}`;
const STAFF = `cn=staff,ou=groups,${SUFFIX}`;
const PASSWORD = "Secret-pw-1";
const ANYONE_READS =
  '(targetattr="*")(version 3.0; acl "read"; allow (read, search, compare) userdn="ldap:///anyone";)';

const NO_SUCH_OBJECT = 32;
const INVALID_SYNTAX = 21;
const INSUFFICIENT = 50;
const UNDEFINED_TYPE = 65;

suite("access", function () {
  this.timeout(120_000);
  let server: ConcordServer;
  let root: LdapClient;
  let ann: LdapClient;
  let anonymous: LdapClient;

  suiteSetup(async () => {
    server = await ConcordServer.create({ suffix: SUFFIX, suffixEntry: true });
    root = await server.connect();
    for (const ou of ["people", "groups"]) {
      await root.add(`ou=${ou},${SUFFIX}`, { objectClass: "organizationalUnit", ou });
    }
    for (const uid of ["ann", "bob"]) {
      await root.add(`uid=${uid},ou=people,${SUFFIX}`, {
        objectClass: ["account", "simpleSecurityObject"],
        uid,
        userPassword: PASSWORD,
        description: "before",
      });
    }
    await root.add(STAFF, { objectClass: "groupOfNames", cn: "staff", member: ANN });
    ann = await LdapClient.connect({ port: server.port, bindDn: ANN, password: PASSWORD });
    anonymous = await LdapClient.connect({ port: server.port });
  });
  suiteTeardown(async () => {
    for (const client of [root, ann, anonymous]) client?.close();
    await server?.remove();
  });

  const rules = (...texts: string[]): Promise<unknown> => root.replace(SUFFIX, "aci", texts);
  const names = async (client: LdapClient, filter: string): Promise<string[]> =>
    (await client.search(SUFFIX, { filter, attributes: ["1.1"] })).entries.map(({ dn }) => dn);
  const describe = (client: LdapClient, dn: string, text = "after"): Promise<unknown> =>
    client.replace(dn, "description", text);
  const refusalOf = async (request: Promise<unknown>): Promise<LdapFailure["result"]> => {
    try {
      await request;
    } catch (error) {
      if (error instanceof LdapFailure) return error.result;
      throw error;
    }
    throw new Error("it was allowed");
  };

  test("access: without rules nobody but the root DN sees or changes anything", async () => {
    await rules();
    assert.isNotEmpty(await names(root, "(objectClass=*)"));
    assert.isEmpty(await names(anonymous, "(objectClass=*)"));
    assert.isEmpty(await names(ann, "(objectClass=*)"));
    const { code, message } = await refusalOf(describe(ann, ANN));
    assert.equal(code, INSUFFICIENT);
    assert.equal(
      message,
      `Insufficient 'write' privilege to the 'description' attribute of entry '${ANN}'.`,
    );
    const added = `uid=new,ou=people,${SUFFIX}`;
    const refusal = await refusalOf(ann.add(added, { objectClass: "account", uid: "new" }));
    assert.equal(refusal.message, `Insufficient 'add' privilege to add the entry '${added}'.`);
    assert.equal(await resultCodeOf(ann.delete(BOB)), INSUFFICIENT);
    assert.equal(await resultCodeOf(ann.rename(BOB, "uid=rob")), INSUFFICIENT);
    assert.equal(await resultCodeOf(ann.compare(BOB, "uid", { value: "bob" })), INSUFFICIENT);
  });

  test("access: a hidden entry and a missing one give the same answers", async () => {
    await rules();
    const missing = `uid=nobody,ou=people,${SUFFIX}`;
    const answers = async (dn: string): Promise<unknown[]> => [
      (await ann.search(dn, { scope: "base" })).entries.length,
      await refusalOf(describe(ann, dn)),
      await refusalOf(ann.delete(dn)),
      await refusalOf(ann.rename(dn, "uid=x")),
      await refusalOf(ann.compare(dn, "uid", { value: "x" })),
    ];
    const text = (values: unknown[]): string =>
      JSON.stringify(values).replaceAll(/uid=(bob|nobody)/g, "uid=?");
    assert.equal(text(await answers(BOB)), text(await answers(missing)));
  });

  test("access: who may read is told that an entry is missing, and what is above it", async () => {
    await rules(ANYONE_READS);
    const refusal = await refusalOf(anonymous.search(`uid=nobody,ou=people,${SUFFIX}`));
    assert.equal(refusal.code, NO_SUCH_OBJECT);
    assert.equal(refusal.matchedDn, `ou=people,${SUFFIX}`);
    assert.sameMembers(await names(anonymous, "(uid=*)"), [ANN, BOB]);
  });

  test("access: a filter on an attribute that may not be searched finds nothing, negated or not", async () => {
    await rules(
      '(targetattr!="description")(version 3.0; acl "r"; allow (read, search) userdn="ldap:///anyone";)',
    );
    assert.isEmpty(await names(anonymous, "(description=before)"));
    assert.isEmpty(await names(anonymous, "(!(description=other))"));
    assert.deepEqual(await names(anonymous, "(|(uid=ann)(description=before))"), [ANN]);
    const found = await anonymous.find(ANN, ["uid", "description"]);
    assert.deepEqual([...(found?.attributes.keys() ?? [])], ["uid"]);
  });

  test("access: users change what a rule about themselves allows, on their own entry alone", async () => {
    await rules(
      ANYONE_READS,
      '(targetattr="description || userPassword")(version 3.0; acl "self"; allow (write) userdn="ldap:///self";)',
    );
    await describe(ann, ANN);
    await ann.replace(ANN, "userPassword", PASSWORD);
    assert.equal(await resultCodeOf(describe(ann, BOB)), INSUFFICIENT);
    assert.equal(await resultCodeOf(ann.replace(ANN, "seeAlso", BOB)), INSUFFICIENT);
    assert.equal(await resultCodeOf(ann.replace(SUFFIX, "aci", ANYONE_READS)), INSUFFICIENT);
  });

  test("access: a rule about a group follows its members at once", async () => {
    await rules(
      ANYONE_READS,
      `(targetattr="*")(version 3.0; acl "staff"; allow (write, add, delete) groupdn="ldap:///${STAFF}";)`,
    );
    await describe(ann, BOB);
    await ann.add(`uid=tmp,ou=people,${SUFFIX}`, { objectClass: "account", uid: "tmp" });
    await ann.delete(`uid=tmp,ou=people,${SUFFIX}`);
    await root.replace(STAFF, "member", BOB);
    assert.equal(await resultCodeOf(describe(ann, BOB)), INSUFFICIENT);
    await root.replace(STAFF, "member", ANN);
    await describe(ann, BOB);
  });

  test("access: with selfwrite users add and remove themselves and nobody else", async () => {
    await rules(
      ANYONE_READS,
      '(targetattr="member")(version 3.0; acl "join"; allow (selfwrite) userdn="ldap:///all";)',
    );
    await ann.modify(STAFF, [{ op: "delete", type: "member", values: ANN }]);
    await ann.modify(STAFF, [{ op: "add", type: "member", values: ANN }]);
    const other = ann.modify(STAFF, [{ op: "add", type: "member", values: BOB }]);
    assert.equal(await resultCodeOf(other), INSUFFICIENT);
  });

  test("access: a deny wins over every allow, wherever it stands", async () => {
    await rules(ANYONE_READS);
    await root.replace(
      `ou=people,${SUFFIX}`,
      "aci",
      '(targetattr="description")(version 3.0; acl "no"; deny (read) userdn="ldap:///anyone";)',
    );
    assert.isUndefined((await anonymous.find(ANN))?.text("description"));
    assert.isDefined((await root.find(ANN))?.text("description"));
    await root.replace(`ou=people,${SUFFIX}`, "aci", []);
    assert.isDefined((await anonymous.find(ANN))?.text("description"));
  });

  test("access: rules below a renamed entry hold for its new name", async () => {
    await rules(ANYONE_READS);
    const top = `ou=top,${SUFFIX}`;
    await root.add(top, { objectClass: "organizationalUnit", ou: "top" });
    await root.add(`ou=hidden,${top}`, {
      objectClass: "organizationalUnit",
      ou: "hidden",
      aci: '(targetattr="*")(version 3.0; acl "no"; deny (all) userdn="ldap:///anyone";)',
    });
    assert.isEmpty(await names(anonymous, "(ou=hidden)"));
    await root.rename(top, "ou=other");
    assert.isEmpty(await names(anonymous, "(ou=hidden)"));
    await root.delete(`ou=hidden,ou=other,${SUFFIX}`);
    await root.delete(`ou=other,${SUFFIX}`);
  });

  test("access: what a connection is shown follows rules, entries, groups, names and schema at once", async () => {
    const reads = (target: string, who = 'userdn="ldap:///anyone"'): string =>
      `${target}(version 3.0; acl "r"; allow (read, search) ${who};)`;
    const shown = async (client: LdapClient, uid: string): Promise<string> => {
      const { entries } = await client.search(SUFFIX, { filter: `(uid=${uid})` });
      return entries
        .map(
          ({ dn, attributes }) => `${dn.split(",")[1]} ${[...attributes.keys()].sort().join(" ")}`,
        )
        .join();
    };
    const both = '(targetattr="uid || description")';
    await rules(reads(both));
    assert.equal(await shown(anonymous, "ann"), "ou=people description uid");
    await rules(reads('(targetattr="uid")'));
    assert.equal(await shown(anonymous, "ann"), "ou=people uid");
    await rules(reads('(targetattr="uid")'), reads(both, `groupdn="ldap:///${STAFF}"`));
    assert.equal(await shown(ann, "bob"), "ou=people description uid");
    await root.replace(STAFF, "member", BOB);
    assert.equal(await shown(ann, "bob"), "ou=people uid");
    await root.replace(STAFF, "member", ANN);
    assert.equal(await shown(ann, "bob"), "ou=people description uid");

    await rules(reads('(targetattr="uid")'), reads(`${both}(targetfilter="(description=open)")`));
    assert.equal(await shown(anonymous, "ann"), "ou=people uid");
    await root.replace(ANN, "description", "open");
    assert.equal(await shown(anonymous, "ann"), "ou=people description uid");
    assert.equal(await shown(anonymous, "bob"), "ou=people uid");
    await root.replace(ANN, "description", "before");
    assert.equal(await shown(anonymous, "ann"), "ou=people uid");

    await rules(reads(both));
    assert.equal(await shown(anonymous, "bob"), "ou=people description uid");
    const deny = reads('(targetattr="description")').replace("allow", "deny");
    await root.replace(BOB, "aci", deny);
    assert.equal(await shown(anonymous, "bob"), "ou=people uid");
    assert.equal(await shown(anonymous, "ann"), "ou=people description uid");
    await root.replace(BOB, "aci", []);
    assert.equal(await shown(anonymous, "bob"), "ou=people description uid");

    await root.rename(`ou=people,${SUFFIX}`, "ou=staff");
    assert.equal(await shown(anonymous, "ann"), "ou=staff description uid");
    await root.rename(`ou=staff,${SUFFIX}`, "ou=people");
    assert.equal(await shown(anonymous, "ann"), "ou=people description uid");

    await rules(reads('(targetattr="uid || x-*")'));
    assert.equal(await resultCodeOf(root.replace(ANN, "x-note", "n")), UNDEFINED_TYPE);
    const type = "( 1.3.6.1.4.1.99999.7.1 NAME 'x-note' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )";
    await root.modify("cn=schema", [{ op: "add", type: "attributeTypes", values: type }]);
    const class_ = "( 1.3.6.1.4.1.99999.7.2 NAME 'x-noted' AUXILIARY MAY x-note )";
    await root.modify("cn=schema", [{ op: "add", type: "objectClasses", values: class_ }]);
    await root.modify(ANN, [
      { op: "add", type: "objectClass", values: "x-noted" },
      { op: "add", type: "x-note", values: "n" },
    ]);
    assert.equal(await shown(anonymous, "ann"), "ou=people uid x-note");
    await rules(reads(both));
    assert.equal(await shown(anonymous, "ann"), "ou=people description uid");
  });

  test("access: a rule that cannot be read or points elsewhere is refused", async () => {
    const bad = [
      "garbage",
      '(targetattr="*")(version 2.0; acl "x"; allow (read) userdn="ldap:///anyone";)',
      '(targetattr="noSuchType")(version 3.0; acl "x"; allow (read) userdn="ldap:///anyone";)',
      '(target="ldap:///dc=elsewhere")(version 3.0; acl "x"; allow (read) userdn="ldap:///anyone";)',
      '(targetattr="*")(version 3.0; acl "x"; allow (fly) userdn="ldap:///anyone";)',
    ];
    for (const text of bad) {
      assert.equal(await resultCodeOf(root.replace(SUFFIX, "aci", text)), INVALID_SYNTAX, text);
      assert.equal(await resultCodeOf(root.replace("cn=config", "aci", text)), INVALID_SYNTAX);
    }
  });

  test("access: anonymous users see root DSE, schema and counters, and nothing of the configuration", async () => {
    const rootDse = await anonymous.find("", ["*", "+"]);
    assert.include(rootDse?.texts("namingContexts") ?? [], SUFFIX);
    assert.equal(rootDse?.text("vendorName") !== undefined, true);
    assert.match(rootDse?.text("vendorVersion") ?? "", /^389-Directory\/\d/);
    assert.isNotEmpty(rootDse?.values("supportedControl"));
    assert.isEmpty(rootDse?.values("aci"));
    const monitor = await anonymous.find("cn=monitor", ["*", "connection", "aci"]);
    assert.isDefined(monitor?.text("currentConnections"));
    assert.isUndefined(monitor?.text("connection"));
    assert.isUndefined(monitor?.text("aci"));
    assert.isDefined((await root.find("cn=monitor", ["connection"]))?.text("connection"));
    const schema = await anonymous.find("cn=schema", ["attributeTypes", "aci"]);
    assert.isAbove(schema?.values("attributeTypes").length ?? 0, 300);
    assert.isUndefined(schema?.text("aci"));
    for (const client of [anonymous, ann]) {
      // What requests may be used is told to all who have bound; 389 does so, too.
      const { entries } = await client.search("cn=config", { attributes: ["1.1"] });
      assert.isEmpty(entries.filter(({ dn }) => !dn.endsWith(",cn=features,cn=config")));
      assert.isUndefined(await client.find("cn=config"));
      assert.equal(
        await resultCodeOf(client.replace("cn=config", "nsslapd-sizelimit", "1")),
        INSUFFICIENT,
      );
    }
  });

  test("access: rules on entries of cn=config let others administer parts of it", async () => {
    const container = "cn=replication,cn=config";
    await root.replace(
      container,
      "aci",
      `(targetattr="*")(version 3.0; acl "admin"; allow (all) userdn="ldap:///${ANN}";)`,
    );
    const manager = `cn=made by ann,${container}`;
    await ann.add(manager, { objectClass: ["top", "person"], cn: "made by ann", sn: "x" });
    assert.equal((await ann.find(manager))?.text("sn"), "x");
    await ann.replace(manager, "sn", "y");
    await ann.delete(manager);
    await root.replace(container, "aci", []);
    assert.equal(
      await resultCodeOf(ann.add(manager, { objectClass: "person", cn: "x", sn: "x" })),
      INSUFFICIENT,
    );
    assert.isEmpty((await ann.search(container)).entries);
  });

  test("access: the rules of a removed backend do not hold for the next one with its suffix", async () => {
    const suffix = "dc=second,dc=test";
    const backend = "cn=second,cn=ldbm database,cn=plugins,cn=config";
    const mapping = `cn="${suffix}",cn=mapping tree,cn=config`;
    for (const aci of [ANYONE_READS, undefined]) {
      await root.add(backend, {
        objectClass: ["top", "extensibleObject", "nsBackendInstance"],
        cn: "second",
        "nsslapd-suffix": suffix,
      });
      await root.add(mapping, {
        objectClass: ["top", "extensibleObject", "nsMappingTree"],
        cn: suffix,
        "nsslapd-state": "backend",
        "nsslapd-backend": "second",
      });
      await root.add(suffix, { objectClass: "domain", dc: "second", ...(aci && { aci }) });
      const { entries } = await anonymous.search(suffix);
      assert.lengthOf(entries, aci === undefined ? 0 : 1);
      await root.delete(mapping);
      const parts = (await root.search(backend, { attributes: ["1.1"] })).entries
        .map(({ dn }) => dn)
        .sort((a, b) => b.length - a.length);
      for (const dn of parts) await root.delete(dn);
    }
  });

  test("access: the root DN and its password can be changed, and take effect at once", async () => {
    await root.replace("cn=config", "nsslapd-rootdn", "cn=boss");
    await root.replace("cn=config", "nsslapd-rootpw", "Other-Secret-1");
    const connect = (bindDn: string, password: string): Promise<LdapClient> =>
      LdapClient.connect({ port: server.port, bindDn, password });
    assert.equal(await resultCodeOf(connect(ROOT_DN, ROOT_PASSWORD)), 49);
    const boss = await connect("cn=boss", "Other-Secret-1");
    assert.match(
      (await boss.find("cn=config"))?.text("nsslapd-rootpw") ?? "",
      /^\{PBKDF2-SHA512\}/,
    );
    await boss.replace("cn=config", "nsslapd-rootdn", ROOT_DN);
    boss.close();
    const again = await connect(ROOT_DN, "Other-Secret-1");
    await again.replace("cn=config", "nsslapd-rootpw", ROOT_PASSWORD);
    again.close();
  });
});
