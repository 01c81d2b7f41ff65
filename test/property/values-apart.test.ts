// Groups whose members go out of their record into pieces and come back. Three backends do the same: one in which they stay where
// they are, one in which everything is put back into the records before each step, so that nothing of what pieces say is ever
// believed, and a model that knows lists of values alone. Records, states, indexes and digests are the same at any time.
import { assert } from "chai";
import fc from "fast-check";
import { Descriptions, type EntryId, type StoredEntry } from "../../src/entry/index.ts";
import { WriteSet } from "../../src/kv/index.ts";
import type { Mod } from "../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import { makeCsn } from "../../src/replication/csn/index.ts";
import { coversCsn } from "../../src/replication/ruv/index.ts";
import { Registers } from "../../src/replication/registers/index.ts";
import {
  type BackendReader,
  purgeNameSlice,
  purgeStructureSlice,
  purgeValueSlice,
  readDescriptions,
} from "../../src/store/index.ts";
import { StoreBackend } from "../support/store-backend.ts";
import { initialize } from "../support/total-load.ts";

const SUFFIX = "dc=test";
const SUFFIX_ID = "00000001-00000000-00000000-00000001" as UniqueId;
const FIRST_MEMBERS = 90;
const NUMBERS = 130;
/** Ninety of them fill a record, half of them do not. */
const LONG_NAME = "x".repeat(720);

const bytes = (...list: string[]): Buffer[] => list.map((text) => Buffer.from(text));
const memberDn = (number: number): string => `uid=user${number},ou=${LONG_NAME},dc=test`;
/** The same name in another spelling, which is longer. */
const respelled = (number: number): string => `UID=User${number},  OU=${LONG_NAME}, DC=test`;

const value = fc
  .record({ number: fc.nat(NUMBERS), other: fc.boolean() })
  .map(({ number, other }) => Buffer.from(other ? respelled(number) : memberDn(number)));
/** Members that stand side by side. */
const block = fc
  .record({ from: fc.nat(NUMBERS), count: fc.nat(45) })
  .map(({ from, count }) =>
    Array.from({ length: count }, (_, index) => Buffer.from(memberDn(from + index))),
  );
const mod: fc.Arbitrary<Mod> = fc.record({
  operation: fc.constantFrom("add", "add", "delete", "delete", "replace"),
  type: fc.constantFrom("member", "member", "member", "member", "member;x-old", "description"),
  values: fc.oneof(fc.array(value, { minLength: 1, maxLength: 3 }), block),
});
const mods = fc.array(mod, { minLength: 1, maxLength: 2 });
const replica = fc.integer({ min: 1, max: 3 });
const lag = fc.integer({ min: 0, max: 5 });

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("modify" as const),
      /** Of one transaction; those that are discarded leave nothing. */
      operations: fc.array(fc.record({ mods, replica, lag, discarded: fc.boolean() }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rename" as const), number: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), replica, lag }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "forget" as const,
        "reload" as const,
        "purge" as const,
        "settle" as const,
        "import" as const,
        "initialize" as const,
        "schema" as const,
      ),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

const groupId = (number: number): UniqueId =>
  `00000002-00000000-00000000-${String(number).padStart(8, "0")}` as UniqueId;

/** A backend with a group that is added again under another unique ID when it has been deleted. */
class Groups {
  readonly #isReplica: boolean;
  readonly #isFlat: boolean;
  store: StoreBackend;
  model: Registers;
  #group = 0;
  #name = "cn=all";
  #seconds = 100;
  #count = 1;
  /** Whether values have been apart. */
  wasApart = false;

  constructor(isReplica: boolean, isFlat: boolean) {
    this.#isReplica = isReplica;
    this.#isFlat = isFlat;
    this.store = this.#open();
    this.model = new Registers((text) => this.store.backend.descriptions.intern(text));
    this.store.apply({
      type: "add",
      csn: makeCsn(1, 0, 1),
      uniqueId: SUFFIX_ID,
      dn: SUFFIX,
      attributes: [{ type: "objectClass", values: bytes("domain") }],
      parentUniqueId: undefined,
    });
    this.#addGroup();
  }

  #open(): StoreBackend {
    const store = new StoreBackend(SUFFIX);
    if (this.#isReplica) store.replicate();
    store.write((writes) => {
      const { backend, schema } = store;
      const kinds = new Set(["presence", "equality"] as const);
      backend.putIndexes(
        writes,
        backend.indexes.with(schema.attributeType("member"), kinds, "ready"),
      );
      // Operations that are discarded use up numbers of descriptions.
      for (const text of ["objectClass", "cn", "member", "member;x-old", "description"]) {
        backend.descriptions.intern(text);
      }
    });
    return store;
  }

  get #dn(): string {
    return `${this.#name},${SUFFIX}`;
  }

  #addGroup(): void {
    this.#group += 1;
    this.#seconds += 10;
    const members = Array.from({ length: FIRST_MEMBERS }, (_, number) => memberDn(number));
    const attributes = [
      { type: "objectClass", values: bytes("top", "groupOfNames", "extensibleObject") },
      { type: "cn", values: bytes(this.#name.slice(3)) },
      { type: "member", values: bytes(...members) },
    ];
    const csn = makeCsn(this.#seconds, 0, 1);
    const uniqueId = groupId(this.#group);
    const parentUniqueId = SUFFIX_ID;
    this.store.apply({ type: "add", csn, uniqueId, dn: this.#dn, parentUniqueId, attributes });
    this.model = new Registers((text) => this.store.backend.descriptions.intern(text));
    this.model.applyAdd(attributes, [], csn);
  }

  take(one: Step): void {
    if (this.#isFlat) this.#flatten();
    const { backend } = this.store;
    this.#seconds += 10;
    const csn = makeCsn(this.#seconds, 0, 1);
    const [uniqueId, dn] = [groupId(this.#group), this.#dn];
    switch (one.kind) {
      case "modify":
        this.#modify(one);
        break;
      case "rename": {
        const newRdn = `cn=all${one.number}`;
        const superior = { newSuperior: undefined, newSuperiorUniqueId: undefined };
        const rename = { newRdn, deleteOldRdn: true, ...superior, mods: [] };
        this.store.apply({ type: "modifyDn", csn, uniqueId, dn, ...rename });
        this.#name = newRdn;
        break;
      }
      case "delete":
        this.store.apply({ type: "delete", csn, uniqueId, dn });
        // What comes late changes the tombstone.
        if (this.#isReplica) this.#modify({ operations: [LATE] });
        this.#addGroup();
        break;
      case "forget":
        backend.largeRecords.clear();
        break;
      case "reload":
        backend.reload();
        break;
      case "purge":
        if (this.#isReplica) this.#purge();
        break;
      case "settle":
        this.store.settle();
        break;
      case "import": {
        const withState = this.#isReplica;
        const loaded = this.store.importLdif(this.store.export({ withState }));
        assert.deepEqual(loaded.refusals, []);
        break;
      }
      case "initialize":
        if (this.#isReplica) this.#initialize();
        break;
      case "schema": {
        const read = (): ReturnType<typeof readDescriptions> => readDescriptions(this.store.kv);
        backend.useDescriptions(new Descriptions(this.store.schema, read));
        break;
      }
    }
    this.store.kv.renew();
  }

  #modify({ operations }: Pick<Step & { kind: "modify" }, "operations">): void {
    const { store } = this;
    const uniqueId = groupId(this.#group);
    const changes: Change[] = operations.map((operation, index) => ({
      type: "modify",
      csn: makeCsn(this.#seconds - 10 * operation.lag, this.#count + index, operation.replica),
      uniqueId,
      dn: this.#dn,
      mods: operation.mods,
    }));
    this.#count += changes.length;
    store.kv.transactSync(() => {
      const all = new WriteSet();
      changes.forEach((change, index) => {
        const { ruv } = store.backend.newest;
        if (ruv !== undefined && coversCsn(ruv, change.csn)) return;
        const writes = all.child();
        store.backend.begin(writes).apply(change, "replicated");
        if (operations[index]?.discarded === true) return writes.discard();
        store.backend.logChange(writes, change, 1_000_000);
        writes.apply();
        if (change.type === "modify") this.model.applyMods(change.mods, change.csn);
      });
      store.backend.saveDescriptions(all);
      all.apply();
    });
    store.backend.committed = store.backend.newest;
    store.kv.renew();
  }

  #purge(): void {
    const { store } = this;
    const { backend } = store;
    const purgeCsn = makeCsn(this.#seconds - 60, 0, 0);
    store.write((writes) => {
      backend.putPurgeCsn(writes, purgeCsn);
      purgeStructureSlice(backend, backend.begin(writes));
    });
    store.write((writes) => void purgeValueSlice(backend, backend.begin(writes), undefined));
    store.write((writes) => void purgeNameSlice(backend.begin(writes), undefined));
    this.model.purge(purgeCsn);
  }

  /** Goes on with a copy. */
  #initialize(): void {
    const copy = this.#open();
    assert.deepEqual(initialize(this.store, copy).refusals, []);
    this.store = copy;
  }

  /** Puts all values back into their records, as a version without pieces has them. */
  #flatten(): void {
    const { backend, kv } = this.store;
    const { tables } = backend;
    const whole = wholeEntries(backend.reader);
    kv.transactSync(() => {
      for (const { id, record } of whole) tables.entry.put(id, record);
      tables.piece.clear();
    });
    backend.largeRecords.clear();
    kv.renew();
  }

  /** All that must be the same; entries as if nothing lay apart. */
  rows(): readonly string[] {
    const { reader, tables } = this.store.backend;
    this.wasApart ||= tables.piece.count() > 0;
    return [
      ...wholeEntries(reader).map(({ id, record }) => `${id} ${record.toString("latin1")}`),
      ...[...tables.state.range()].map((row) => row.value.toString("latin1")),
      ...[...tables.index.range()].map((row) => row.value.toString("latin1")),
    ];
  }

  members(): readonly string[] {
    const { reader } = this.store.backend;
    const id = reader.idOfUniqueId(groupId(this.#group)) as EntryId;
    const shown = reader.getEntry(id).stored();
    return texts(shown.find(({ description }) => description.key === "member")?.values ?? []);
  }
}

const LATE = {
  mods: [{ operation: "add", type: "member", values: bytes(memberDn(1000)) } satisfies Mod],
  replica: 2,
  lag: 2,
  discarded: false,
};

const texts = (values: readonly Buffer[]): string[] => values.map((each) => each.toString());

const wholeEntries = (reader: BackendReader): readonly StoredEntry[] =>
  reader.idsFrom(1, 1000).map((id) => reader.getEntry(id).whole());

suite("property/values-apart", () => {
  test("store/backend-writer: values that lie apart are as if they lay in their records", () => {
    let countApart = 0;
    const steps = fc.array(step, { minLength: 2, maxLength: 16 });
    fc.assert(
      fc.property(steps, fc.boolean(), (list, isReplica) => {
        const [apart, flat] = [new Groups(isReplica, false), new Groups(isReplica, true)];
        for (const one of list) {
          apart.take(one);
          flat.take(one);
          assert.deepEqual(apart.rows(), flat.rows());
          if (isReplica) {
            assert.sameMembers([...apart.members()], texts(apart.model.shown("member")));
          }
        }
        for (const { store } of [apart, flat]) {
          store.settle();
          assert.deepEqual(store.verify(), []);
        }
        assert.equal(apart.store.digest().digest, flat.store.digest().digest);
        const options = { withState: isReplica };
        assert.equal(apart.store.export(options), flat.store.export(options));
        if (apart.wasApart) countApart += 1;
      }),
      { numRuns: 60 },
    );
    assert.isAbove(countApart, 20);
  }).timeout(120_000);
});
