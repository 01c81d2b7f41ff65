// A suffix that is no replica any more: its update vector stays as long as nothing is written.
import { assert } from "chai";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import { readRuv } from "../../../src/replication/changelog/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "dc=example,dc=com";
const UNIQUE_ID = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
const ADD: Change = {
  type: "add",
  csn: "00000010000000010000" as Csn,
  uniqueId: UNIQUE_ID,
  dn: SUFFIX,
  attributes: [{ type: "objectClass", values: [Buffer.from("top"), Buffer.from("domain")] }],
  parentUniqueId: undefined,
};

suite("store/backend", () => {
  test("store/backend: a change that replication does not know of takes the update vector away", () => {
    const store = new StoreBackend(SUFFIX).replicate();
    store.apply(ADD);
    const { backend } = store;
    assert.isDefined(readRuv(backend.tables.meta));
    backend.keepsState = false;
    assert.isDefined(backend.newest.ruv);
    store.apply({
      type: "modify",
      csn: "00000011000000010000" as Csn,
      uniqueId: UNIQUE_ID,
      dn: SUFFIX,
      mods: [{ operation: "replace", type: "description", values: [Buffer.from("unseen")] }],
    });
    assert.isUndefined(backend.newest.ruv);
    assert.isUndefined(readRuv(backend.tables.meta));
  });
});
