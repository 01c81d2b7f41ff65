// What the digest sees and what it does not.
import { assert } from "chai";
import type { Mod } from "../../../src/protocol/index.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { DigestLeaves, rebuildDigest } from "../../../src/store/index.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "dc=example,dc=com";
const ROOT = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
const ANN = "aaaaaaaa-00000000-00000000-00000001" as UniqueId;
const DN = `cn=ann,${SUFFIX}`;
const csn = (n: number): Csn => `0000001${n}000000010000` as Csn;
const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

function sample(): StoreBackend {
  const store = new StoreBackend(SUFFIX).replicate();
  store.apply({
    type: "add",
    csn: csn(0),
    uniqueId: ROOT,
    dn: SUFFIX,
    attributes: [{ type: "objectClass", values: bytes("domain", "top") }],
    parentUniqueId: undefined,
  });
  store.apply({
    type: "add",
    csn: csn(1),
    uniqueId: ANN,
    dn: DN,
    attributes: [
      { type: "objectClass", values: bytes("person", "top") },
      { type: "sn", values: bytes("lee") },
    ],
    parentUniqueId: ROOT,
  });
  return store;
}

function modified(
  n: number,
  ...mods: readonly (readonly [Mod["operation"], string, ...string[]])[]
): StoreBackend {
  const store = sample();
  store.apply({
    type: "modify",
    csn: csn(n),
    uniqueId: ANN,
    dn: DN,
    mods: mods.map(([operation, type, ...values]) => ({
      operation,
      type,
      values: bytes(...values),
    })),
  });
  return store;
}

suite("store/digest", () => {
  const plain = sample().digest();

  test("store/digest: values, their CSNs and names count", () => {
    const first = modified(2, ["add", "description", "a"]).digest();
    assert.notEqual(first.digest, plain.digest);
    assert.notEqual(modified(2, ["add", "description", "b"]).digest().digest, first.digest);
    assert.notEqual(modified(3, ["add", "description", "a"]).digest().digest, first.digest);
    const renamed = sample();
    renamed.apply({
      type: "modifyDn",
      csn: csn(2),
      uniqueId: ANN,
      dn: DN,
      newRdn: "cn=bob",
      deleteOldRdn: true,
      newSuperior: undefined,
      newSuperiorUniqueId: undefined,
      mods: [],
    });
    assert.notEqual(renamed.digest().digest, plain.digest);
  });

  test("store/digest: what is gone does not count", () => {
    assert.equal(modified(2, ["delete", "description", "a"]).digest().digest, plain.digest);
    const deleted = sample();
    deleted.apply({ type: "delete", csn: csn(2), uniqueId: ANN, dn: DN });
    assert.equal(deleted.digest().entries, 1);
    const other = new StoreBackend(SUFFIX).replicate();
    other.apply({
      type: "add",
      csn: csn(0),
      uniqueId: ROOT,
      dn: SUFFIX,
      attributes: [{ type: "objectClass", values: bytes("domain", "top") }],
      parentUniqueId: undefined,
    });
    assert.equal(deleted.digest().digest, other.digest().digest);
  });

  test("store/digest: excluded attributes make a fractional replica equal, renumbered modifications included", () => {
    const exclude = ["telephoneNumber"];
    const supplier = modified(2, ["replace", "telephoneNumber", "+1"], ["add", "description", "a"]);
    const consumer = modified(2, ["add", "description", "a"]);
    assert.notEqual(supplier.digest().digest, consumer.digest().digest);
    assert.equal(supplier.digest({ exclude }).digest, consumer.digest({ exclude }).digest);
    assert.equal(
      supplier.digest({ exclude: ["TELEPHONENUMBER"] }).digest,
      consumer.digest({ exclude }).digest,
    );
    const other = modified(3, ["add", "description", "a"]);
    assert.notEqual(supplier.digest({ exclude }).digest, other.digest({ exclude }).digest);
  });

  test("store/digest: the tree is that of the entries, also of data that had none", () => {
    const store = modified(2, ["add", "description", "a"]);
    const { digest } = store.digest();
    const kept = DigestLeaves.read(store.backend.tables.digest);
    assert.equal(kept.root().toString("hex"), digest);
    assert.equal(kept.entries, 2);
    store.kv.transactSync(() => store.backend.tables.digest.clear());
    store.backend.reload();
    assert.isFalse(store.backend.keepsDigest);
    store.apply({ type: "delete", csn: csn(3), uniqueId: ANN, dn: DN });
    rebuildDigest(store.backend);
    store.backend.reload();
    assert.isTrue(store.backend.keepsDigest);
    assert.deepEqual(store.verify(), []);
    assert.equal(DigestLeaves.read(store.backend.tables.digest).entries, 1);
  });

  test("store/digest: without state a copy by plain LDIF is equal", () => {
    const store = modified(2, ["add", "description", "a"]);
    const copy = new StoreBackend(SUFFIX);
    copy.importLdif(store.export({ withState: false }), { stamp: undefined });
    const options = { withoutState: true, exclude: ["entryUUID"] };
    assert.equal(copy.digest(options).digest, store.digest(options).digest);
    assert.notEqual(copy.digest().digest, store.digest().digest);
  });
});
