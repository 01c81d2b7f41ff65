/** The configuration and the schema of a running server: what takes effect when, and what survives. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { ConcordServer } from "../support/concord-server.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import { LdapClient, LdapFailure, resultCodeOf } from "../support/ldap.ts";
import { waitFor } from "../support/wait-for.ts";

const SUFFIX = "dc=settings,dc=test";
const BACKENDS = "cn=ldbm database,cn=plugins,cn=config";
const USER_ROOT = `cn=userroot,${BACKENDS}`;
const WAIT_MS = 20_000;
const MANY = 40;
const TYPE =
  "( 1.3.6.1.4.1.99999.7.1 NAME 'badgeNumber' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )";
const CLASS = "( 1.3.6.1.4.1.99999.7.2 NAME 'badgeHolder' SUP top AUXILIARY MAY badgeNumber )";
const ANYONE_READS =
  '(targetattr="*")(version 3.0; acl "read"; allow (read, search) userdn="ldap:///anyone";)';

const SIZE_LIMIT_EXCEEDED = 4;
const REFERRAL = 10;
const ADMIN_LIMIT_EXCEEDED = 11;
const CONFIDENTIALITY_REQUIRED = 13;
const OBJECT_CLASS_VIOLATION = 65;
const INVALID_SYNTAX = 21;
const NO_SUCH_OBJECT = 32;
const INAPPROPRIATE_AUTHENTICATION = 48;
const UNWILLING = 53;

suite("configuration", function () {
  this.timeout(180_000);
  let server: ConcordServer;
  let root: LdapClient;

  suiteSetup(async () => {
    server = await ConcordServer.create({ suffix: SUFFIX, suffixEntry: true });
    root = await server.connect();
    await root.replace(SUFFIX, "aci", ANYONE_READS);
    for (let i = 0; i < MANY; i += 1) {
      await root.add(`uid=u${i},${SUFFIX}`, {
        objectClass: ["account", "extensibleObject"],
        uid: `u${i}`,
        roomNumber: `room ${i}`,
      });
    }
  });
  suiteTeardown(async () => {
    root?.close();
    await server?.remove();
  });

  const set = (name: string, value: string): Promise<unknown> =>
    root.replace("cn=config", name, value);
  const get = async (name: string, dn = "cn=config"): Promise<string | undefined> =>
    (await root.find(dn, [name]))?.text(name);
  const again = async (end: "stop" | "kill"): Promise<void> => {
    root.close();
    await server[end]();
    await server.start();
    root = await server.connect();
  };
  const asAnonymous = async <T>(step: (client: LdapClient) => Promise<T>): Promise<T> => {
    const client = await LdapClient.connect({ port: server.port });
    try {
      return await step(client);
    } finally {
      client.close();
    }
  };
  const addBackend = async (name: string, suffix: string, parent?: string): Promise<void> => {
    await root.add(`cn=${name},${BACKENDS}`, {
      objectClass: ["top", "extensibleObject", "nsBackendInstance"],
      cn: name,
      "nsslapd-suffix": suffix,
    });
    await root.add(`cn="${suffix}",cn=mapping tree,cn=config`, {
      objectClass: ["top", "extensibleObject", "nsMappingTree"],
      cn: suffix,
      "nsslapd-state": "backend",
      "nsslapd-backend": name,
      ...(parent === undefined ? {} : { "nsslapd-parent-suffix": parent }),
    });
  };
  const removeBackend = async (name: string, suffix: string): Promise<void> => {
    await root.delete(`cn="${suffix}",cn=mapping tree,cn=config`);
    const { entries } = await root.search(`cn=${name},${BACKENDS}`, { attributes: ["1.1"] });
    const dns = entries.map(({ dn }) => dn).sort((a, b) => b.length - a.length);
    for (const dn of dns) await root.delete(dn);
  };

  test("configuration: an acknowledged change survives an orderly stop and a kill", async () => {
    await set("nsslapd-sizelimit", "1234");
    await again("kill");
    assert.equal(await get("nsslapd-sizelimit"), "1234");
    await set("nsslapd-idletimeout", "77");
    await again("stop");
    assert.equal(await get("nsslapd-idletimeout"), "77");
    for (const name of ["nsslapd-sizelimit", "nsslapd-idletimeout"]) {
      await root.modify("cn=config", [{ op: "delete", type: name }]);
    }
    assert.equal(await get("nsslapd-sizelimit"), "2000");
  });

  test("configuration: unknown settings and bad values change nothing", async () => {
    assert.equal(await resultCodeOf(set("nsslapd-nosuch", "1")), UNWILLING);
    assert.equal(await resultCodeOf(set("nsslapd-sizelimit", "many")), UNWILLING);
    assert.equal(await resultCodeOf(set("nsslapd-rootdn", "no dn")), INVALID_SYNTAX);
    const both = root.modify("cn=config", [
      { op: "replace", type: "nsslapd-timelimit", values: "5" },
      { op: "replace", type: "nsslapd-sizelimit", values: "many" },
    ]);
    assert.equal(await resultCodeOf(both), UNWILLING);
    assert.equal(await get("nsslapd-timelimit"), "3600");
    assert.equal(await get("nsslapd-sizelimit"), "2000");
  });

  test("configuration: limits hold for others than the root DN from the next request on", async () => {
    await set("nsslapd-sizelimit", "5");
    const codeOf = (filter: string): Promise<number> =>
      asAnonymous((client) => resultCodeOf(client.search(SUFFIX, { filter })));
    assert.equal(await codeOf("(uid=*)"), SIZE_LIMIT_EXCEEDED);
    assert.lengthOf((await root.search(SUFFIX, { filter: "(uid=*)" })).entries, MANY);
    await set("nsslapd-sizelimit", "-1");
    assert.equal(await codeOf("(uid=*)"), 0);
    const database = `cn=config,${BACKENDS}`;
    await root.replace(database, "nsslapd-lookthroughlimit", "10");
    assert.equal(await codeOf("(roomNumber=room 3)"), ADMIN_LIMIT_EXCEEDED);
    await root.modify(database, [{ op: "delete", type: "nsslapd-lookthroughlimit" }]);
    await root.modify("cn=config", [{ op: "delete", type: "nsslapd-sizelimit" }]);
  });

  test("configuration: a read-only backend, or server, takes no changes", async () => {
    const change = (): Promise<number> =>
      resultCodeOf(root.replace(SUFFIX, "description", "changed"));
    await root.replace(USER_ROOT, "nsslapd-readonly", "on");
    assert.equal(await change(), UNWILLING);
    await root.replace(USER_ROOT, "nsslapd-readonly", "off");
    assert.equal(await change(), 0);
    await set("nsslapd-readonly", "on");
    assert.equal(await change(), UNWILLING);
    await set("nsslapd-readonly", "off");
    assert.equal(await change(), 0);
  });

  test("configuration: anonymous access is all, the root DSE, or none", async () => {
    const codesOf = (): Promise<number[]> =>
      asAnonymous(async (client) => [
        await resultCodeOf(client.search(SUFFIX, { scope: "base" })),
        await resultCodeOf(client.search("", { scope: "base" })),
      ]);
    assert.deepEqual(await codesOf(), [0, 0]);
    await set("nsslapd-allow-anonymous-access", "rootdse");
    assert.deepEqual(await codesOf(), [INAPPROPRIATE_AUTHENTICATION, 0]);
    await set("nsslapd-allow-anonymous-access", "off");
    assert.deepEqual(await codesOf(), [INAPPROPRIATE_AUTHENTICATION, INAPPROPRIATE_AUTHENTICATION]);
    await set("nsslapd-allow-anonymous-access", "on");
  });

  test("configuration: a minimum strength keeps unprotected connections out, not the UNIX socket", async () => {
    await set("nsslapd-minssf", "56");
    assert.equal(await resultCodeOf(server.connect()), CONFIDENTIALITY_REQUIRED);
    const local = await LdapClient.connect({
      socketPath: server.ldapiPath,
      bindDn: ROOT_DN,
      password: ROOT_PASSWORD,
    });
    await local.replace("cn=config", "nsslapd-minssf-exclude-rootdse", "on");
    assert.equal(await asAnonymous((one) => resultCodeOf(one.search("", { scope: "base" }))), 0);
    await local.replace("cn=config", "nsslapd-minssf", "0");
    local.close();
    assert.isDefined(await root.find(SUFFIX));
  });

  test("configuration: in referral mode everything but the server's own entries is elsewhere", async () => {
    const url = "ldap://elsewhere.test/";
    await set("nsslapd-referralmode", url);
    try {
      await root.search(SUFFIX);
      assert.fail("it was answered");
    } catch (error) {
      if (!(error instanceof LdapFailure)) throw error;
      assert.equal(error.result.code, REFERRAL);
      assert.deepEqual(error.result.referrals, [url]);
    }
    await root.modify("cn=config", [{ op: "delete", type: "nsslapd-referralmode" }]);
    assert.isDefined(await root.find(SUFFIX));
  });

  test("configuration: filters of unknown types find nothing, or are refused when so configured", async () => {
    const filter = "(|(noSuchType=x)(uid=u1))";
    assert.lengthOf((await root.search(SUFFIX, { filter })).entries, 1);
    await set("nsslapd-verify-filter-schema", "reject-invalid");
    assert.equal(await resultCodeOf(root.search(SUFFIX, { filter })), UNWILLING);
    await set("nsslapd-verify-filter-schema", "process-safe");
  });

  test("configuration: an index answers searches once it has been built, online", async () => {
    const filter = "(roomNumber=room 7)";
    const index = `cn=roomNumber,cn=index,${USER_ROOT}`;
    const find = async (): Promise<number | string> => {
      try {
        return (await root.search(SUFFIX, { filter })).entries.length;
      } catch (error) {
        if (error instanceof LdapFailure) return `result ${error.result.code}`;
        throw error;
      }
    };
    await root.replace(USER_ROOT, "nsslapd-require-index", "on");
    assert.equal(await find(), `result ${UNWILLING}`);
    await root.add(index, {
      objectClass: ["top", "nsIndex"],
      cn: "roomNumber",
      nsSystemIndex: "false",
      nsIndexType: "eq",
    });
    assert.equal(await find(), `result ${UNWILLING}`, "it has not been built");
    await runTask("index", "index rooms", {
      nsInstance: "userroot",
      nsIndexAttribute: "roomNumber",
    });
    assert.equal(await find(), 1);
    await root.replace(`uid=u8,${SUFFIX}`, "roomNumber", "room 7");
    assert.equal(await find(), 2);
    await again("kill");
    assert.equal(await find(), 2);
    await root.delete(index);
    assert.equal(await find(), `result ${UNWILLING}`);
    await root.replace(USER_ROOT, "nsslapd-require-index", "off");
    assert.equal(await find(), 2);
    await root.replace(`uid=u8,${SUFFIX}`, "roomNumber", "room 8");
  });

  /** Adds the entry of a task and waits for its end. */
  async function runTask(
    kind: string,
    cn: string,
    attributes: Readonly<Record<string, string>>,
  ): Promise<void> {
    const dn = `cn=${cn},cn=${kind},cn=tasks,cn=config`;
    await root.add(dn, { objectClass: ["top", "extensibleObject"], cn, ...attributes });
    const code = await waitFor(() => get("nsTaskExitCode", dn), `task ${cn} ends`, WAIT_MS);
    assert.equal(code, "0", await get("nsTaskLog", dn));
    assert.isNotEmpty(await get("nsTaskStatus", dn));
  }

  test("configuration: a task is refused for what is wrong with it, and its entry is the server's", async () => {
    const add = (kind: string, more: Readonly<Record<string, string>>): Promise<number> =>
      resultCodeOf(
        root.add(`cn=bad,cn=${kind},cn=tasks,cn=config`, {
          objectClass: ["top", "extensibleObject"],
          cn: "bad",
          ...more,
        }),
      );
    assert.equal(await add("index", { nsInstance: "nosuch" }), NO_SUCH_OBJECT);
    assert.equal(await add("no such kind", {}), NO_SUCH_OBJECT);
    await runTask("index", "mine", { nsInstance: "userroot", nsIndexAttribute: "uid" });
    const dn = "cn=mine,cn=index,cn=tasks,cn=config";
    assert.equal(await resultCodeOf(root.delete(dn)), UNWILLING);
    assert.equal(await resultCodeOf(root.replace(dn, "nsTaskStatus", "x")), UNWILLING);
    await root.replace(dn, "ttl", "7");
  });

  test("configuration: a task finds the values that do not fit their syntax", async () => {
    const dn = `uid=u5,${SUFFIX}`;
    await set("nsslapd-syntaxcheck", "off");
    await root.replace(dn, "seeAlso", "no dn");
    await set("nsslapd-syntaxcheck", "on");
    await runTask("syntax validate", "look", { basedn: SUFFIX });
    const log = await get("nsTaskLog", "cn=look,cn=syntax validate,cn=tasks,cn=config");
    assert.include(log, `Entry "${dn}" violates attribute syntax: seeAlso`);
    assert.include(log, "1 invalid entries");
    await root.modify(dn, [{ op: "delete", type: "seeAlso" }]);
    await runTask("syntax validate", "again", { basedn: SUFFIX });
    const second = await get("nsTaskLog", "cn=again,cn=syntax validate,cn=tasks,cn=config");
    assert.include(second, "0 invalid entries");
  });

  test("configuration: a backend that was deleted and made again is empty", async () => {
    const suffix = "dc=again,dc=test";
    for (const round of [1, 2, 3]) {
      await addBackend("again", suffix);
      assert.isUndefined(await root.find(suffix), `round ${round}`);
      await root.add(suffix, { objectClass: "domain", dc: "again" });
      await root.add(`cn=one,${suffix}`, { objectClass: "device", cn: "one" });
      assert.lengthOf((await root.search(suffix, { filter: "(cn=one)" })).entries, 1);
      const own = (await root.find("", ["namingContexts"]))?.texts("namingContexts");
      assert.include(own ?? [], suffix);
      await removeBackend("again", suffix);
      assert.equal(await resultCodeOf(root.search(suffix)), NO_SUCH_OBJECT);
    }
  });

  test("configuration: a search from above finds what a backend further down holds", async () => {
    const inner = `ou=inner,${SUFFIX}`;
    await addBackend("inner", inner, SUFFIX);
    await root.add(inner, { objectClass: "organizationalUnit", ou: "inner" });
    await root.add(`uid=deep,${inner}`, { objectClass: "account", uid: "deep" });
    const found = async (base: string, scope: "one" | "sub", filter: string): Promise<string[]> =>
      (await root.search(base, { scope, filter, attributes: ["1.1"] })).entries.map(({ dn }) => dn);
    assert.deepEqual(await found(SUFFIX, "sub", "(uid=deep)"), [`uid=deep,${inner}`]);
    assert.deepEqual(await found(SUFFIX, "one", "(ou=inner)"), [inner]);
    assert.deepEqual(await found("", "sub", "(uid=deep)"), [`uid=deep,${inner}`]);
    assert.deepEqual(await found("", "one", "(objectClass=*)"), [SUFFIX]);
    const anonymous = await asAnonymous((client) =>
      client.search(SUFFIX, { filter: "(uid=deep)" }),
    );
    assert.lengthOf(anonymous.entries, 1);
    await removeBackend("inner", inner);
    assert.isEmpty(await found(SUFFIX, "sub", "(uid=deep)"));
  });

  test("configuration: a changed schema holds at once, and after a restart", async () => {
    const entry = `uid=u1,${SUFFIX}`;
    const change = [
      { op: "add", type: "objectClasses", values: CLASS },
      { op: "add", type: "attributeTypes", values: TYPE },
    ] as const;
    await root.modify("cn=schema", change);
    await root.modify(entry, [
      { op: "add", type: "objectClass", values: "badgeHolder" },
      { op: "add", type: "badgeNumber", values: "17" },
    ]);
    assert.lengthOf((await root.search(SUFFIX, { filter: "(badgeNumber=17)" })).entries, 1);
    const stamp = (await root.find("cn=schema", ["nsSchemaCSN"]))?.text("nsSchemaCSN");
    assert.match(stamp ?? "", /^[0-9a-f]{20}$/);
    await again("kill");
    const schema = await root.find("cn=schema", ["attributeTypes", "objectClasses", "nsSchemaCSN"]);
    assert.equal(schema?.text("nsSchemaCSN"), stamp);
    assert.isTrue(schema?.texts("attributeTypes").some((text) => text.includes("'badgeNumber'")));
    assert.equal((await root.find(entry))?.text("badgeNumber"), "17");
    const second = root.modify(entry, [{ op: "add", type: "badgeNumber", values: "18" }]);
    assert.equal(await resultCodeOf(second), OBJECT_CLASS_VIOLATION);
    const remove = (type: string, value: string): Promise<number> =>
      resultCodeOf(root.modify("cn=schema", [{ op: "delete", type, values: value }]));
    assert.equal(await remove("attributeTypes", TYPE), UNWILLING, "a class uses it");
    await root.modify(entry, [
      { op: "delete", type: "badgeNumber" },
      { op: "delete", type: "objectClass", values: "badgeHolder" },
    ]);
    assert.equal(await remove("objectClasses", CLASS), 0);
    assert.equal(await remove("attributeTypes", TYPE), 0);
  });

  test("configuration: the audit log has what was changed, and who did it", async () => {
    const file = join(server.folder, "log/audit");
    await set("nsslapd-auditlog-logging-enabled", "on");
    await root.replace(`uid=u2,${SUFFIX}`, "description", "audited");
    await root.replace(`uid=u2,${SUFFIX}`, "userPassword", "Secret-pw-1");
    await set("nsslapd-auditlog-logging-enabled", "off");
    const text = await waitFor(
      () => {
        const read = readFileSync(file, "utf8");
        return read.includes("userPassword") && read;
      },
      "the log is written",
      WAIT_MS,
    );
    assert.include(
      text,
      `dn: uid=u2,${SUFFIX}\nresult: 0\nchangetype: modify\nreplace: description`,
    );
    assert.include(text, "modifiersName: cn=directory manager");
    assert.notInclude(text, "Secret-pw-1");
  });

  test("configuration: the access log goes where it is told to go", async () => {
    const file = join(server.folder, "log/elsewhere");
    assert.equal(await resultCodeOf(set("nsslapd-accesslog", "/no/such/folder/log")), UNWILLING);
    await set("nsslapd-accesslog-logbuffering", "off");
    await set("nsslapd-accesslog", file);
    await root.search(SUFFIX, { filter: "(uid=u3)" });
    await waitFor(
      () => readFileSync(file, "utf8").includes('filter="(uid=u3)"'),
      "the search is logged",
      WAIT_MS,
    );
    await set("nsslapd-accesslog-logging-enabled", "off");
    await root.search(SUFFIX, { filter: "(uid=u4)" });
    for (const name of ["", "-logging-enabled", "-logbuffering"]) {
      await root.modify("cn=config", [{ op: "delete", type: `nsslapd-accesslog${name}` }]);
    }
    assert.notInclude(readFileSync(file, "utf8"), "(uid=u4)");
  });
});
