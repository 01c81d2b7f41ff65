/** Passwords: how they are stored, changed, upgraded and refused, and accounts that are locked. */
import { createHash } from "node:crypto";
import { assert } from "chai";
import { ConcordServer } from "../support/concord-server.ts";
import { runLdapTool } from "../support/ldap-tools.ts";
import { LdapClient, LdapFailure, resultCodeOf } from "../support/ldap.ts";
import { waitFor } from "../support/wait-for.ts";

const SUFFIX = "dc=secrets,dc=test";
const ANN = `uid=ann,${SUFFIX}`;
const FIRST = "First-Secret-1";
const SECOND = "Second-Secret-2";
const WAIT_MS = 10_000;

const NO_SUCH_ATTRIBUTE = 16;
const CONSTRAINT_VIOLATION = 19;
const INVALID_CREDENTIALS = 49;
const UNWILLING = 53;

/** A value as an old server may have stored it. */
function saltedSha1(password: string): string {
  const salt = Buffer.from("12345678");
  const digest = createHash("sha1").update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([digest, salt]).toString("base64")}`;
}

suite("passwords", function () {
  this.timeout(120_000);
  let server: ConcordServer;
  let root: LdapClient;

  suiteSetup(async () => {
    server = await ConcordServer.create({ suffix: SUFFIX, suffixEntry: true });
    root = await server.connect();
    await root.replace(
      SUFFIX,
      "aci",
      '(targetattr="userPassword")(version 3.0; acl "self"; allow (write) userdn="ldap:///self";)',
    );
    await root.add(ANN, {
      objectClass: ["account", "simpleSecurityObject"],
      uid: "ann",
      userPassword: FIRST,
    });
  });
  suiteTeardown(async () => {
    root?.close();
    await server?.remove();
  });

  const connect = (password: string): Promise<LdapClient> =>
    LdapClient.connect({ port: server.port, bindDn: ANN, password });
  const bindCode = async (password: string): Promise<number> => {
    try {
      (await connect(password)).close();
      return 0;
    } catch (error) {
      if (error instanceof LdapFailure) return error.result.code;
      throw error;
    }
  };
  const stored = async (): Promise<readonly string[]> =>
    (await root.find(ANN, ["userPassword"]))?.texts("userPassword") ?? [];
  const setPassword = (value: string): Promise<unknown> => root.replace(ANN, "userPassword", value);

  test("passwords: a password is stored as a hash of the configured scheme", async () => {
    await setPassword(FIRST);
    assert.match((await stored())[0] ?? "", /^\{PBKDF2-SHA512\}\d+\$/);
    await root.replace("cn=config", "passwordStorageScheme", "SSHA512");
    const ann = await connect(FIRST);
    await ann.replace(ANN, "userPassword", SECOND);
    ann.close();
    assert.match((await stored())[0] ?? "", /^\{SSHA512\}/);
    await root.replace("cn=config", "passwordStorageScheme", "PBKDF2-SHA512");
    assert.equal(await bindCode(SECOND), 0);
    assert.equal(await bindCode(FIRST), INVALID_CREDENTIALS);
  });

  test("passwords: a bind stores an outdated hash anew, and tells nobody", async () => {
    const old = saltedSha1(FIRST);
    await setPassword(old);
    const before = (await root.find(ANN, ["modifyTimestamp"]))?.text("modifyTimestamp");
    assert.equal(await bindCode(SECOND), INVALID_CREDENTIALS);
    assert.deepEqual(await stored(), [old]);
    assert.equal(await bindCode(FIRST), 0);
    await waitFor(
      async () => (await stored())[0]?.startsWith("{PBKDF2-SHA512}"),
      "the hash is upgraded",
      WAIT_MS,
    );
    assert.lengthOf(await stored(), 1);
    assert.equal((await root.find(ANN, ["modifyTimestamp"]))?.text("modifyTimestamp"), before);
    assert.equal(await bindCode(FIRST), 0);
  });

  test("passwords: hashes stay as they are when upgrading is switched off", async () => {
    const old = saltedSha1(FIRST);
    await setPassword(old);
    await root.replace("cn=config", "nsslapd-enable-upgrade-hash", "off");
    assert.equal(await bindCode(FIRST), 0);
    assert.equal(await bindCode(FIRST), 0);
    assert.deepEqual(await stored(), [old]);
    await root.replace("cn=config", "nsslapd-enable-upgrade-hash", "on");
  });

  test("passwords: users may not store hashes of their own making, unless that is allowed", async () => {
    await setPassword(FIRST);
    const ann = await connect(FIRST);
    const hash = saltedSha1(SECOND);
    assert.equal(await resultCodeOf(ann.replace(ANN, "userPassword", hash)), CONSTRAINT_VIOLATION);
    await root.replace("cn=config", "nsslapd-allow-hashed-passwords", "on");
    await ann.replace(ANN, "userPassword", hash);
    await root.replace("cn=config", "nsslapd-allow-hashed-passwords", "off");
    ann.close();
    assert.equal(await bindCode(SECOND), 0);
  });

  test("passwords: a password is changed by deleting the old one, given in clear text", async () => {
    await setPassword(FIRST);
    const ann = await connect(FIRST);
    const change = (old: string): Promise<unknown> =>
      ann.modify(ANN, [
        { op: "delete", type: "userPassword", values: old },
        { op: "add", type: "userPassword", values: SECOND },
      ]);
    assert.equal(await resultCodeOf(change("wrong")), NO_SUCH_ATTRIBUTE);
    await change(FIRST);
    ann.close();
    assert.lengthOf(await stored(), 1);
    assert.equal(await bindCode(SECOND), 0);
  });

  test("passwords: options do not keep a password from being hashed", async () => {
    await root.modify(ANN, [{ op: "add", type: "userPassword;x-other", values: FIRST }]);
    const entry = await root.find(ANN, ["userPassword"]);
    assert.match(entry?.text("userPassword;x-other") ?? "", /^\{PBKDF2-SHA512\}/);
    await root.modify(ANN, [{ op: "delete", type: "userPassword;x-other" }]);
  });

  test("passwords: a compare verifies the hash", async () => {
    await setPassword(FIRST);
    assert.equal((await root.compare(ANN, "userPassword", { value: FIRST })).code, 6);
    assert.equal((await root.compare(ANN, "userPassword", { value: SECOND })).code, 5);
  });

  test("passwords: the password modify operation changes one's own, and makes one up when asked", async () => {
    await setPassword(FIRST);
    const modify = async (
      bindPassword: string,
      ...args: string[]
    ): Promise<[number | null, string]> => {
      const url = `ldap://127.0.0.1:${server.port}`;
      const own = ["-x", "-H", url, "-D", ANN, "-w", bindPassword, ...args];
      const { code, stdout, stderr } = await runLdapTool("ldappasswd", own);
      return [code, `${stdout.toString("utf8")}${stderr}`];
    };
    assert.equal((await modify(FIRST, "-a", FIRST, "-s", SECOND))[0], 0);
    assert.equal(await bindCode(SECOND), 0);
    assert.match(
      (await modify(SECOND, "-a", "wrong", "-s", FIRST))[1],
      /Invalid credentials \(49\)/,
    );
    const [, text] = await modify(SECOND, "-a", SECOND);
    const made = /New password: (\S+)/.exec(text)?.[1] ?? "";
    assert.isAtLeast(made.length, 16);
    assert.equal(await bindCode(made), 0);
  });

  test("passwords: a locked account cannot bind, whatever the password", async () => {
    await setPassword(FIRST);
    await root.replace(ANN, "nsAccountLock", "TRUE");
    for (const password of [FIRST, SECOND]) assert.equal(await bindCode(password), UNWILLING);
    await root.replace(ANN, "nsAccountLock", "false");
    assert.equal(await bindCode(FIRST), 0);
    await root.modify(ANN, [{ op: "delete", type: "nsAccountLock" }]);
    assert.equal(await bindCode(FIRST), 0);
  });

  test("passwords: a name with an empty password is refused, and is nobody where that is allowed", async () => {
    assert.equal(await bindCode(""), UNWILLING);
    await root.replace("cn=config", "nsslapd-allow-unauthenticated-binds", "on");
    const client = await LdapClient.connect({ port: server.port, bindDn: ANN, password: "" });
    assert.equal(await client.whoAmI(), "");
    client.close();
    await root.replace("cn=config", "nsslapd-allow-unauthenticated-binds", "off");
  });

  test("passwords: an entry without a password, and a missing one, look the same", async () => {
    for (const bindDn of [SUFFIX, `uid=nobody,${SUFFIX}`, "dc=elsewhere"]) {
      const code = await resultCodeOf(
        LdapClient.connect({ port: server.port, bindDn, password: FIRST }),
      );
      assert.equal(code, INVALID_CREDENTIALS, bindDn);
    }
  });
});
