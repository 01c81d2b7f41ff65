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

function sample(store = new StoreBackend(SUFFIX).replicate()): StoreBackend {
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
    assert.deepEqual(store.verify(), []);
    store.settle();
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
    assert.deepEqual([...store.backend.tables.stale.keys()], [1]);
    assert.deepEqual(store.verify(), []);
    store.settle();
    assert.deepEqual(store.verify(), []);
    assert.equal(DigestLeaves.read(store.backend.tables.digest).entries, 1);
  });

  test("store/digest: an entry that changes is marked once, and what comes and goes leaves no mark", () => {
    const store = sample();
    const { stale, state } = store.backend.tables;
    assert.deepEqual([...stale.keys()], [1, 2]);
    assert.deepEqual(store.verify(), []);
    store.apply({ type: "delete", csn: csn(2), uniqueId: ANN, dn: DN });
    assert.deepEqual([...stale.keys()], [1]);
    store.settle();
    assert.deepEqual([...stale.keys()], []);
    assert.deepEqual(store.verify(), []);
    store.kv.transactSync(() => stale.put(2, Buffer.alloc(0)));
    assert.deepEqual(
      store.verify().map(({ kind }) => kind),
      ["digest"],
    );
    const other = sample();
    other.kv.transactSync(() => other.backend.tables.stale.delete(2));
    assert.deepEqual(
      other.verify().map(({ kind }) => kind),
      ["digest"],
    );
    assert.isDefined(state.get(2), "a tombstone keeps its state");
  });

  test("store/digest: an entry that is deleted after it was counted leaves the sums with its mark", () => {
    const store = sample(new StoreBackend(SUFFIX));
    store.settle();
    store.apply({ type: "delete", csn: csn(3), uniqueId: ANN, dn: DN });
    assert.deepEqual(store.verify(), []);
    assert.equal(DigestLeaves.read(store.backend.tables.digest).entries, 2);
    store.settle();
    assert.isFalse(store.backend.tables.state.has(2));
    assert.equal(DigestLeaves.read(store.backend.tables.digest).entries, 1);
    assert.equal(
      DigestLeaves.read(store.backend.tables.digest).root().toString("hex"),
      store.digest().digest,
    );
    assert.deepEqual(store.verify(), []);
  });

  test("store/digest: settling goes on where a slice has ended", () => {
    const store = sample();
    for (let n = 10; n < 50; n += 1) {
      store.apply({
        type: "add",
        csn: `000001${n}000000010000` as Csn,
        uniqueId: `aaaaaaaa-00000000-00000000-000000${n}` as UniqueId,
        dn: `cn=e${n},${SUFFIX}`,
        attributes: [{ type: "objectClass", values: bytes("device", "top") }],
        parentUniqueId: ROOT,
      });
    }
    let slices = 0;
    for (let from: number | undefined = 0; from !== undefined; slices += 1) {
      from = store.settle({ from, isOver: true });
      assert.deepEqual(store.verify(), []);
    }
    assert.equal(slices, 3);
    const kept = DigestLeaves.read(store.backend.tables.digest);
    assert.equal(kept.root().toString("hex"), store.digest().digest);
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
