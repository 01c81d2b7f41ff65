import { assert } from "chai";
import { type Kv, WriteSet, openMemory } from "../../../src/kv/index.ts";
import { SeenGenerations, raiseGeneration } from "../../../src/store/index.ts";

/** A Kv in memory that says so of itself. */
function sharedKv(sharing: Kv["sharing"]): Kv {
  const memory = openMemory();
  return {
    sharing,
    snapshot: 0,
    bytesTable: (name) => memory.bytesTable(name),
    idTable: (name) => memory.idTable(name),
    dropTable: (name) => memory.dropTable(name),
    tableNames: () => memory.tableNames(),
    renew: () => memory.renew(),
    transact: (run) => memory.transact(run),
    transactSync: (run) => memory.transactSync(run),
    copyTo: (folder) => memory.copyTo(folder),
    close: () => memory.close(),
  };
}

suite("store/generations", () => {
  const raise = (kv: Kv, ...names: Parameters<typeof raiseGeneration>[2][]): void =>
    kv.transactSync(() => {
      const writes = new WriteSet();
      for (const name of names) raiseGeneration(kv, writes, name);
      writes.apply();
    });

  test("store/generations: what has changed is told once, and nothing else", () => {
    const kv = sharedKv("followed");
    const seen = new SeenGenerations(kv);
    assert.isTrue(seen.hasAnyChanged());
    assert.isTrue(seen.hasChanged("schema"));
    assert.isTrue(seen.hasChanged("names/one"));
    assert.isFalse(seen.hasAnyChanged());
    raise(kv, "schema", "schema");
    assert.isTrue(seen.hasAnyChanged());
    assert.isFalse(seen.hasAnyChanged());
    assert.isTrue(seen.hasChanged("schema"));
    assert.isFalse(seen.hasChanged("schema"));
    assert.isFalse(seen.hasChanged("names/one"));
    raise(kv, "names/one");
    assert.isTrue(seen.hasAnyChanged());
    assert.isTrue(seen.hasChanged("names/one"));
  });

  test("store/generations: nothing is written when nobody follows", () => {
    const kv = sharedKv("alone");
    raise(kv, "config");
    assert.deepEqual(kv.tableNames(), []);
  });
});
