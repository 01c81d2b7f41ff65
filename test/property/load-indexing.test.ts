// Two loads of the same entries leave the same rows in all tables, whoever made the index keys: the thread that loads, or one
// beside it, in many short transactions among those of others.
import { assert } from "chai";
import fc from "fast-check";
import type { UniqueId } from "../../src/replication/change/index.ts";
import { LoadIndexing } from "../../src/server/load-indexing.ts";
import type { Directory } from "../../src/server/directory.ts";
import { commitLoad, swapContent } from "../../src/server/open-load.ts";
import type { BytesTable, IdTable } from "../../src/kv/index.ts";
import { type Backend, BulkLoad, verifyBackend, openSnapshot } from "../../src/store/index.ts";
import { openNewInstance } from "../support/offline-instance.ts";

const SUFFIX = "dc=example,dc=com";
const TIMEOUT_MS = 120_000;
const NO_FACTS = { ruv: undefined, generator: undefined };

interface Person {
  readonly kind: "plain" | "stated" | "tombstone" | "child";
  readonly sn: string;
  readonly mails: readonly string[];
  readonly description: string;
}

const person = (...kinds: readonly Person["kind"][]): fc.Arbitrary<Person> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    sn: fc.oneof(fc.constantFrom("Smith", "Miller", "Ångström"), fc.string({ minLength: 1 })),
    mails: fc.array(fc.emailAddress(), { maxLength: 3 }),
    description: fc.string({ minLength: 1, maxLength: 600 }),
  });
/** The second kind of load has entries that the structure rules place. */
const people: fc.Arbitrary<readonly Person[]> = fc.oneof(
  fc.array(person("plain", "plain", "child"), { minLength: 1, maxLength: 40 }),
  fc.array(person("plain", "plain", "plain", "stated", "tombstone", "child"), {
    minLength: 1,
    maxLength: 40,
  }),
);

interface Work {
  readonly people: readonly Person[];
  /** How often all of them come. */
  readonly repeated: number;
  readonly commitEntries: number;
  readonly indexBytesMax: number;
}

const work: fc.Arbitrary<Work> = fc.record({
  people,
  repeated: fc.constantFrom(1, 7, 60),
  commitEntries: fc.constantFrom(1, 13, 700),
  indexBytesMax: fc.constantFrom(5_000, 300_000, 64_000_000),
});

const uniqueId = (number: number): UniqueId =>
  `0badcafe-00000000-00000000-${number.toString(16).padStart(8, "0")}` as UniqueId;

function values(...texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text, "utf8"));
}

function addPerson(load: BulkLoad, { kind, sn, mails, description }: Person, number: number): void {
  const csn = "6955b900000100010000";
  const isTombstone = kind === "tombstone";
  const id = uniqueId(number);
  const parent = kind === "child" && number > 1 ? `cn=p${number - 1},${SUFFIX}` : SUFFIX;
  const dn = isTombstone ? `nsuniqueid=${id},cn=p${number},${SUFFIX}` : `cn=p${number},${parent}`;
  load.addPlain(dn, [
    {
      type: "objectClass",
      values: values("top", "inetOrgPerson", ...(isTombstone ? ["nsTombstone"] : [])),
    },
    { type: "cn", values: values(`p${number}`) },
    { type: kind === "stated" ? `sn;vucsn-${csn}` : "sn", values: values(sn) },
    ...(mails.length > 0 ? [{ type: "mail;lang-en", values: values(...mails) }] : []),
    { type: "description", values: values(description) },
    { type: "nsUniqueId", values: values(id) },
    ...(isTombstone ? [{ type: "nsParentUniqueId", values: values(uniqueId(0)) }] : []),
  ]);
}

/** Loads everything; `threadEntriesMin` says who makes the index keys. Returns all rows. */
async function loadAll(
  directory: Directory,
  backend: Backend,
  { people, repeated, commitEntries, indexBytesMax }: Work,
  threadEntriesMin: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { queue, kv } = directory;
  const load = await queue.runAlone(
    () =>
      new BulkLoad(backend, {
        schemaCheck: false,
        syntaxCheck: false,
        stamp: { actorDn: "cn=importer", time: "20260101000000Z" },
        newUniqueId: () => uniqueId(0),
        newEntryUuid: () => "11111111-2222-4333-8444-555555555555",
        commitEntries,
        indexBytesMax,
        isReplica: true,
      }),
  );
  const step = { msMax: 2, msMin: 0 };
  const indexing = new LoadIndexing(directory, load, { step, threadEntriesMin });
  const open = { load, indexing };
  load.addPlain(SUFFIX, [
    { type: "objectClass", values: values("domain") },
    { type: "dc", values: values("example") },
  ]);
  const beside = kv.idTable("beside");
  let number = 0;
  for (let round = 0; round < repeated; round += 1) {
    for (const one of people) {
      number += 1;
      addPerson(load, one, number);
      if (load.shouldCommit) await commitLoad(directory, backend, open);
    }
    void queue.submit((writes) => writes.table(beside).put(round, Buffer.from("other")));
  }
  await commitLoad(directory, backend, open, { everything: true });
  await swapContent(directory, backend, load, () => ({ facts: NO_FACTS }));
  const rows = new Map<string, readonly string[]>();
  for (const [name, table] of Object.entries(backend.tables) as [string, BytesTable | IdTable][]) {
    const lines: string[] = [];
    for (const { key, value } of (table as BytesTable).range()) {
      const text = typeof key === "number" ? String(key) : Buffer.from(key).toString("hex");
      lines.push(`${text} ${value.toString("hex")}`);
    }
    rows.set(name, lines);
  }
  return rows;
}

suite("property/load-indexing", function () {
  this.timeout(TIMEOUT_MS);

  test("property/load-indexing: loads leave the same rows, whichever thread makes the index keys", async () => {
    const { directory, close } = await openNewInstance(SUFFIX);
    const backend = directory.backends.get("userroot") as Backend;
    const { kv, schema } = directory;
    await fc.assert(
      fc.asyncProperty(work, async (one) => {
        const here = await loadAll(directory, backend, one, Number.POSITIVE_INFINITY);
        const beside = await loadAll(directory, backend, one, 0);
        for (const [name, rows] of here) assert.deepEqual(beside.get(name), rows, name);
        assert.isNotEmpty(here.get("index"));
        const opened = openSnapshot(kv, { name: "userroot", suffix: SUFFIX, schema });
        assert.deepEqual(verifyBackend(opened), []);
      }),
      { numRuns: 15 },
    );
    await close();
  });
});
