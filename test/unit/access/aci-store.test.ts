// Which rules there are, and that evaluators follow their changes.
import { assert } from "chai";
import { AccessEvaluator, AciStore } from "../../../src/access/index.ts";
import { loadShippedSchema } from "../schema/shipped-schema.ts";
import { ANYONE, S, callerOf, directory, mayRead, rule, schema, time } from "./access-sample.ts";

suite("access/aci-store", () => {
  const access = (store: AciStore): AccessEvaluator =>
    new AccessEvaluator(store, directory, { caller: callerOf("a"), time });

  test("access/aci-store: rules move with the entry that holds them", () => {
    const store = new AciStore(schema);
    store.set("ou=old,dc=x", [Buffer.from(rule(ANYONE))]);
    store.set("ou=below,ou=old,dc=x", [Buffer.from(rule(ANYONE))]);
    store.set("ou=bold,dc=x", [Buffer.from(rule(ANYONE))]);
    const before = store.generation;
    store.moveSubtree("ou=old,dc=x", "ou=new,o=y");
    assert.isAbove(store.generation, before);
    assert.isUndefined(store.held("ou=old,dc=x"));
    assert.equal(store.held("ou=new,o=y")?.[0]?.holder, "ou=new,o=y");
    assert.equal(store.held("ou=below,ou=new,o=y")?.[0]?.holder, "ou=below,ou=new,o=y");
    assert.isDefined(store.held("ou=bold,dc=x"));
    assert.equal(store.size, 3);
  });

  test("access/aci-store: it knows whose children hold rules, whatever changes", () => {
    const store = new AciStore(schema);
    const values = [Buffer.from(rule(ANYONE))];
    assert.isFalse(store.hasHolderBelow("dc=x"));
    store.set("ou=old,dc=x", values);
    store.set("cn=a,ou=old,dc=x", values);
    assert.isTrue(store.hasHolderBelow("dc=x") && store.hasHolderBelow("ou=old,dc=x"));
    assert.isFalse(store.hasHolderBelow("cn=a,ou=old,dc=x"));
    store.moveSubtree("ou=old,dc=x", "ou=new,o=y");
    assert.isFalse(store.hasHolderBelow("dc=x") || store.hasHolderBelow("ou=old,dc=x"));
    assert.isTrue(store.hasHolderBelow("o=y") && store.hasHolderBelow("ou=new,o=y"));
    store.remove("ou=new,o=y");
    assert.isFalse(store.hasHolderBelow("o=y"));
    store.set("cn=a,ou=new,o=y", []);
    assert.isFalse(store.hasHolderBelow("ou=new,o=y"));
    store.set("", values);
    assert.isFalse(store.hasHolderBelow("dc=x"));
  });

  test("access/aci-store: a change counts for the next evaluator", () => {
    const store = new AciStore(schema);
    assert.isFalse(mayRead(access(store)));
    store.set(S, [Buffer.from(rule(ANYONE))]);
    assert.isTrue(mayRead(access(store)));
    store.set(S, []);
    assert.isFalse(mayRead(access(store)));
    store.set(S, [Buffer.from(rule(ANYONE))]);
    store.remove(S);
    assert.isFalse(mayRead(access(store)));
  });

  test("access/aci-store: what cannot be read is reported and the rest counts", () => {
    const store = new AciStore(schema);
    const unreadable = store.set(S, [Buffer.from("(nonsense"), Buffer.from(rule(ANYONE))]);
    assert.deepEqual(
      unreadable.map(({ holder, text }) => ({ holder, text })),
      [{ holder: S, text: "(nonsense" }],
    );
    assert.isTrue(mayRead(access(store)));
    assert.deepEqual(store.useSchema(loadShippedSchema()), []);
    assert.isTrue(mayRead(access(store)));
  });
});
