// The schema in force and its file under pushes of suppliers. The push is the captured one of a live 389 (message 85).
import { assert } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Millis } from "../../../src/base/index.ts";
import { LdapError, type Mod, decodeRequest } from "../../../src/protocol/index.ts";
import { NO_SCHEMA_POLICY, formatAttributeType } from "../../../src/schema/index.ts";
import { type SchemaKeeper, openSchemaKeeper } from "../../../src/server/schema-keeper.ts";
import { readCaptured } from "../../support/captured-messages.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const NOW = 1_700_000_000_000 as Millis;
const BY = { dn: "cn=supplier", now: NOW, policy: NO_SCHEMA_POLICY };
const NOTE = "( 1.1.1 NAME 'note' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )";
const PUSHED_CSN = "6b020b88000000000000";

function capturedMods(): readonly Mod[] {
  const { request } = decodeRequest(readCaptured("85-schema-push-modify-request"));
  if (request.type !== "modify") throw new Error("message 85 is a modify");
  return request.mods;
}

const add = (type: string, ...texts: string[]): Mod => ({
  operation: "add",
  type,
  values: texts.map((text) => Buffer.from(text)),
});

function newKeeper(): { keeper: SchemaKeeper; file: string } {
  const file = join(makeTemporaryFolder(), "99user.ldif");
  return { keeper: openSchemaKeeper(file), file };
}

function assertRefused(run: () => unknown, code: number): void {
  try {
    run();
  } catch (error) {
    assert.instanceOf(error, LdapError);
    assert.equal((error as LdapError).code, code);
    return;
  }
  assert.fail("it was taken");
}

suite("server/schema-keeper", () => {
  test("server/schema-keeper: a push is stored with the supplier's CSN and survives a restart", () => {
    const { keeper, file } = newKeeper();
    assert.deepEqual(keeper.receive(capturedMods(), BY), { isAccepted: true, isChanged: true });
    assert.equal(keeper.stamp.schemaCsn, PUSHED_CSN);
    const again = openSchemaKeeper(file);
    assert.equal(again.stamp.schemaCsn, PUSHED_CSN);
    assert.equal(again.stamp.modifiersName, "cn=supplier");
    assert.deepEqual(
      again.schema.attributeTypes().map(formatAttributeType).sort(),
      keeper.schema.attributeTypes().map(formatAttributeType).sort(),
    );
    assert.isDefined(again.schema.findObjectClass("nsDSWindowsReplicationAgreement"));
  }).timeout(10_000);

  test("server/schema-keeper: definitions of 389 keep their origin, and what ships is not stored", () => {
    const { keeper, file } = newKeeper();
    keeper.receive(capturedMods(), BY);
    const text = readFileSync(file, "utf8").replaceAll("\n ", "");
    assert.match(text, /NAME 'nsslapd-instancedir'.*X-ORIGIN 'Netscape Directory Server'/);
    assert.notMatch(text, /NAME 'person'/);
  }).timeout(10_000);

  test("server/schema-keeper: a push that says less is refused, and what it says more is learned", () => {
    const { keeper } = newKeeper();
    keeper.change([add("attributeTypes", NOTE)], { dn: "cn=root", now: NOW, replace: false });
    const before = keeper.stamp.schemaCsn ?? "";
    assert.deepEqual(keeper.receive(capturedMods(), BY), { isAccepted: false, isChanged: true });
    assert.isDefined(keeper.schema.findAttributeType("note"));
    assert.isDefined(keeper.schema.findAttributeType("nsslapd-instancedir"));
    assert.isAbove(
      Number(`0x${keeper.stamp.schemaCsn?.slice(0, 12)}`),
      Number(`0x${before.slice(0, 12)}`),
    );
    assert.deepEqual(keeper.receive(capturedMods(), BY), { isAccepted: false, isChanged: false });
  }).timeout(10_000);

  test("server/schema-keeper: the policy decides over single definitions", () => {
    const { keeper } = newKeeper();
    keeper.change([add("attributeTypes", NOTE)], { dn: "cn=root", now: NOW, replace: false });
    const rejecting = { ...BY, policy: { ...NO_SCHEMA_POLICY, rejectedTypes: ["note"] } };
    assert.deepEqual(keeper.receive(capturedMods(), rejecting), {
      isAccepted: false,
      isChanged: false,
    });
    assert.isUndefined(keeper.schema.findAttributeType("nsslapd-instancedir"));
    const accepting = { ...BY, policy: { ...NO_SCHEMA_POLICY, acceptedTypes: ["note"] } };
    assert.isTrue(keeper.receive(capturedMods(), accepting).isAccepted);
    assert.isUndefined(keeper.schema.findAttributeType("note"));
  }).timeout(10_000);

  test("server/schema-keeper: only a replace of definitions is a push", () => {
    const { keeper } = newKeeper();
    assertRefused(() => keeper.receive([add("attributeTypes", NOTE)], BY), 53);
    assertRefused(
      () => keeper.receive([{ operation: "replace", type: "aci", values: [] }], BY),
      53,
    );
  });

  test("server/schema-keeper: learning nothing new changes nothing", () => {
    const { keeper } = newKeeper();
    const texts = { attributeTypes: [NOTE], objectClasses: [] };
    assert.isTrue(keeper.learn(texts, BY));
    const { stamp } = keeper;
    assert.isFalse(keeper.learn(texts, BY));
    assert.strictEqual(keeper.stamp, stamp);
  });

  test("server/schema-keeper: two changes within one second have two CSNs", () => {
    const { keeper } = newKeeper();
    const by = { dn: "cn=root", now: NOW, replace: false };
    keeper.change([add("attributeTypes", NOTE)], by);
    const first = keeper.stamp.schemaCsn ?? "";
    keeper.change([{ ...add("attributeTypes", NOTE), operation: "delete" }], by);
    assert.isTrue((keeper.stamp.schemaCsn ?? "") > first);
    assert.match(keeper.stamp.schemaCsn ?? "", /^[0-9a-f]{8}000100000000$/);
  });
});
