// Local operations that the structure rules would ignore are refused, so that no client is told of a success without an effect
// (conflict-resolution 13.1).
import { assert } from "chai";
import type { Millis } from "../../../src/base/index.ts";
import {
  FULL_ACCESS,
  type WriteContext,
  addEntry,
  deleteEntry,
  modifyDn,
  modifyEntry,
  runWrite,
} from "../../../src/operation/index.ts";
import { LdapError, ResultCode } from "../../../src/protocol/index.ts";
import { WriteSet } from "../../../src/kv/index.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { HISTORY_SUFFIX, HISTORY_SUFFIX_ID, newHistoryStore } from "../../support/history-store.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const NOW = 1_700_000_000_000 as Millis;
const uid = (number: number): UniqueId => `0000000${number}-00000000-00000000-00000000` as UniqueId;
const csn = (time: number): Csn => `0000000${time}000000010000` as Csn;
const texts = (...values: string[]): Buffer[] => values.map((value) => Buffer.from(value));

let drawn = 0;
/** Unlike every time. */
function unlikeBefore(count: number): Buffer {
  drawn += 1;
  const out = Buffer.alloc(count);
  out.writeUIntBE(drawn, Math.max(0, count - 4), Math.min(4, count));
  return out;
}

/** The result code. */
function run(store: StoreBackend, operation: (context: WriteContext) => void): number {
  let code: number = ResultCode.success;
  store.write((outer) => {
    const writes = new WriteSet();
    try {
      runWrite(
        store.backend,
        writes,
        {
          access: () => FULL_ACCESS,
          actor: { dn: "cn=root", isRoot: true },
          settings: { schemaCheck: false, syntaxCheck: false, lastMod: false },
          skew: { ignoreTimeSkew: false },
          now: NOW,
          random: { bytes: unlikeBefore },
        },
        operation,
        () => {},
      );
      for (const callback of writes.apply()) outer.afterCommit(callback);
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      writes.discard();
      ({ code } = error);
    }
  });
  return code;
}

const remove = (store: StoreBackend, dn: string): number =>
  run(store, (context) => deleteEntry(context, { type: "delete", dn }));
const addBelow = (store: StoreBackend, dn: string): number =>
  run(store, (context) =>
    addEntry(context, {
      type: "add",
      dn: `cn=new,${dn}`,
      attributes: [{ type: "objectClass", values: texts("top", "device") }],
    }),
  );

/** Glue ou=p with a child, whose plain name another entry has taken: it stands under its conflict name. */
function withDisguisedGlue(): StoreBackend {
  const store = newHistoryStore();
  const add = (time: number, number: number, dn: string, parentUniqueId: UniqueId): void =>
    store.apply({
      type: "add",
      csn: csn(time),
      uniqueId: uid(number),
      dn,
      attributes: [{ type: "objectClass", values: texts("top", "organizationalUnit") }],
      parentUniqueId,
    });
  add(2, 1, `ou=p,${HISTORY_SUFFIX}`, HISTORY_SUFFIX_ID);
  add(3, 2, `ou=c,ou=p,${HISTORY_SUFFIX}`, uid(1));
  store.apply({ type: "delete", csn: csn(4), uniqueId: uid(1), dn: `ou=p,${HISTORY_SUFFIX}` });
  add(5, 3, `ou=p,${HISTORY_SUFFIX}`, HISTORY_SUFFIX_ID);
  return store;
}

suite("operation/refusals", () => {
  const glue = `nsuniqueid=${uid(1)}+ou=p,${HISTORY_SUFFIX}`;

  test("operation/delete: the suffix entry of a replica stays, that of a suffix without replica may go", () => {
    assert.equal(remove(newHistoryStore(), HISTORY_SUFFIX), ResultCode.unwillingToPerform);
    const plain = new StoreBackend(HISTORY_SUFFIX);
    const added = run(plain, (context) =>
      addEntry(context, {
        type: "add",
        dn: HISTORY_SUFFIX,
        attributes: [{ type: "objectClass", values: texts("top", "organizationalUnit") }],
      }),
    );
    assert.equal(added, ResultCode.success);
    assert.equal(remove(plain, HISTORY_SUFFIX), ResultCode.success);
  });

  test("operation/add: nothing comes below glue whose plain name another entry has", () => {
    const store = withDisguisedGlue();
    assert.include(store.dns(), glue);
    assert.equal(addBelow(store, glue), ResultCode.unwillingToPerform);
    assert.equal(addBelow(store, `ou=c,${glue}`), ResultCode.success);
    assert.equal(addBelow(store, `ou=p,${HISTORY_SUFFIX}`), ResultCode.success);
  });

  test("operation/modify-dn: glue is not renamed, operation/modify: its classes are not replaced", () => {
    const store = withDisguisedGlue();
    const renamed = run(store, (context) =>
      modifyDn(context, {
        type: "modifyDn",
        dn: glue,
        newRdn: "ou=q",
        deleteOldRdn: true,
        newSuperior: undefined,
      }),
    );
    assert.equal(renamed, ResultCode.unwillingToPerform);
    const modify = (operation: "replace" | "delete", ...values: string[]): number =>
      run(store, (context) =>
        modifyEntry(context, {
          type: "modify",
          dn: glue,
          mods: [{ operation, type: "objectClass", values: texts(...values) }],
        }),
      );
    assert.equal(modify("replace", "top", "organizationalUnit"), ResultCode.unwillingToPerform);
    assert.equal(modify("delete"), ResultCode.unwillingToPerform);
    assert.equal(modify("delete", "glue"), ResultCode.success);
    assert.deepEqual(store.verify(), []);
  });
});
