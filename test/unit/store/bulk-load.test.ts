// Bulk loading: what an import adds, refuses and keeps, and that what it leaves behaves like entries that were added one by one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { decodeReplicationEntry, decodeRequest } from "../../../src/protocol/index.ts";
import type { AttributeValues, Mod } from "../../../src/protocol/index.ts";
import {
  type Change,
  type UniqueId,
  parseUniqueId,
} from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { formatRuv } from "../../../src/replication/ruv/index.ts";
import { BaseImport } from "../../../src/replication/urp/index.ts";
import { readCaptured } from "../../support/captured-messages.ts";
import { StoreBackend } from "../../support/store-backend.ts";
import { projectRoot } from "../../support/trace-file.ts";

const SUFFIX = "dc=example,dc=com";
const BASE = `version: 1

dn: dc=example,dc=com
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
nsUniqueId: aaaaaaaa-00000000-00000000-00000001

dn: cn=Ann+sn=Lee,ou=people,dc=example,dc=com
objectClass: person
description: one
description: two
description: ONE
entryid: 77
nsUniqueId: aaaaaaaa-00000000-00000000-00000002
`;

const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const find = (store: StoreBackend, dn: string): Map<string, string[]> | undefined => {
  const { reader } = store.backend;
  const id = reader.idOfDn(store.schema.normalizeDnText(dn));
  if (id === undefined) return undefined;
  return new Map(
    [...reader.getEntry(id).stored()].map(({ description, values }) => [
      description.key,
      values.map((value) => value.toString("utf8")),
    ]),
  );
};

suite("store/bulk-load", function () {
  this.timeout(30_000);

  test("store/bulk-load: missing superiors of classes, RDN values and operational attributes are added", () => {
    const store = new StoreBackend(SUFFIX);
    assert.deepEqual(store.importLdif(BASE).refusals, []);
    const ann = find(store, "sn=lee+cn=ann,ou=people,dc=example,dc=com");
    assert.deepEqual(ann?.get("objectclass"), ["person", "top"]);
    assert.deepEqual(ann?.get("cn"), ["Ann"]);
    assert.deepEqual(ann?.get("sn"), ["Lee"]);
    assert.deepEqual(ann?.get("description"), ["one", "two"]);
    assert.deepEqual(ann?.get("creatorsname"), ["cn=importer"]);
    assert.deepEqual(ann?.get("nsuniqueid"), ["aaaaaaaa-00000000-00000000-00000002"]);
    assert.deepEqual(ann?.get("entryuuid"), ["11111111-2222-4333-8444-555555555555"]);
    assert.isUndefined(ann?.get("entryid"));
    const suffix = find(store, SUFFIX);
    assert.match(suffix?.get("nsuniqueid")?.[0] ?? "", /^0badcafe-/);
    assert.deepEqual(store.verify(), []);
  });

  const bad: readonly (readonly [kind: string, record: string])[] = [
    ["orphan", "dn: cn=x,ou=nowhere,dc=example,dc=com\nobjectClass: person\ncn: x\nsn: x\n"],
    ["duplicate", "dn: OU=People,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people\n"],
    ["duplicate", "dn: dc=example, dc=com\nobjectClass: domain\ndc: example\n"],
    [
      "duplicate",
      "dn: ou=x,dc=example,dc=com\nobjectClass: organizationalUnit\nou: x\nnsUniqueId: aaaaaaaa-00000000-00000000-00000001\n",
    ],
    ["schema", "dn: cn=x,dc=example,dc=com\nobjectClass: person\ncn: x\n"],
    ["schema", "dn: cn=x,dc=example,dc=com\nobjectClass: nosuchclass\ncn: x\n"],
    ["syntax", "dn: cn=x,dc=example,dc=com\nobjectClass: person\ncn: x\nsn: x\nseeAlso: none\n"],
    ["malformed", "dn: nothing,dc=example,dc=com\nobjectClass: person\ncn: x\nsn: x\n"],
    ["malformed", "dn: ou=x,dc=example,dc=com\nobjectClass: organizationalUnit\nnsUniqueId: 1\n"],
    ["outside", "dn: ou=x,dc=example,dc=org\nobjectClass: organizationalUnit\nou: x\n"],
  ];
  for (const [kind, record] of bad) {
    test(`store/bulk-load: ${kind} is told for ${record.split("\n", 1)[0]} and leaves no trace`, () => {
      const store = new StoreBackend(SUFFIX);
      const { refusals } = store.importLdif(`${BASE}\n${record}`);
      assert.deepEqual(
        refusals.map((refusal) => refusal.kind),
        [kind],
      );
      const clean = new StoreBackend(SUFFIX);
      clean.importLdif(BASE);
      assert.deepEqual(store.digest(), clean.digest());
      assert.deepEqual(store.verify(), []);
    });
  }

  test("store/bulk-load: an aborted load leaves the old content", () => {
    const store = new StoreBackend(SUFFIX);
    store.importLdif(BASE);
    const before = store.digest();
    const load = store.load({ commitEntries: 1 });
    load.addPlain(SUFFIX, [{ type: "objectClass", values: bytes("domain") }]);
    store.kv.transactSync(() => load.commit());
    load.abort();
    store.backend.reload();
    assert.deepEqual(store.digest(), before);
    assert.deepEqual(store.verify(), []);
    store.importLdif(BASE);
    assert.deepEqual(store.verify(), []);
  });

  test("store/bulk-load: a second load of a backend is refused until the first has ended", () => {
    const store = new StoreBackend(SUFFIX);
    const load = store.load();
    assert.throws(() => store.load(), /being replaced already/);
    load.abort();
    assert.deepEqual(store.importLdif(BASE).refusals, []);
    assert.deepEqual(store.importLdif(BASE).refusals, []);
  });

  test("store/bulk-load: entries are found across commits and index runs of any size", () => {
    let text = BASE;
    const dns: string[] = [];
    for (let i = 0; i < 100; i += 1) {
      dns.push(`cn=e${i},${dns[Math.floor(i / 5) - 1] ?? "ou=people,dc=example,dc=com"}`);
      text += `\ndn: ${dns[i]}\nobjectClass: person\ncn: e${i}\nsn: s${i % 7}\n`;
      text += `nsUniqueId: bbbbbbbb-00000000-00000000-${i.toString(16).padStart(8, "0")}\n`;
    }
    const digests = [1, 7, 1000].map((commitEntries) => {
      const store = new StoreBackend(SUFFIX);
      assert.deepEqual(
        store.importLdif(text, { commitEntries, indexBytesMax: 100 * commitEntries }).refusals,
        [],
      );
      assert.deepEqual(store.verify(), []);
      return store.digest().digest;
    });
    assert.equal(new Set(digests).size, 1);
  });

  test("store/bulk-load: what was imported behaves under operations like what was added", () => {
    const imported = new StoreBackend(SUFFIX);
    imported.importLdif(
      BASE.replace(
        "dc: example\n",
        "dc: example\nnsUniqueId: aaaaaaaa-00000000-00000000-00000000\n",
      ),
    );
    const added = new StoreBackend(SUFFIX);
    let sequence = 0;
    const csn = (): Csn => {
      sequence += 1;
      return `00000010${sequence.toString(16).padStart(4, "0")}00010000` as Csn;
    };
    const ids = new Map<string, UniqueId>();
    for (const { dn, attributes } of entriesOf(imported)) {
      const uniqueId = attributes
        .find(({ type }) => type === "nsUniqueId")
        ?.values[0]?.toString() as UniqueId;
      ids.set(dn, uniqueId);
      const parentUniqueId = ids.get(dn.slice(dn.indexOf(",") + 1));
      added.apply({ type: "add", csn: csn(), uniqueId, dn, attributes, parentUniqueId });
    }
    assert.equal(
      added.digest({ withoutState: true }).digest,
      imported.digest({ withoutState: true }).digest,
    );
    for (const change of operations(ids, csn)) {
      imported.apply(change);
      added.apply(change);
      assert.deepEqual(imported.verify(), []);
      assert.deepEqual(added.verify(), []);
      assert.deepEqual(imported.digest(), added.digest());
    }
  });

  test("store/bulk-load: replica LDIF of 389 is taken whole, with update vector, tombstone and CSNs", () => {
    const text = readFileSync(join(projectRoot(), "test/data/store/389-replica.ldif"), "utf8");
    const store = new StoreBackend(SUFFIX).replicate();
    const { refusals, ruv } = store.importLdif(text);
    assert.deepEqual(refusals, []);
    assert.deepEqual(ruv && formatRuv(ruv), [
      "{replicageneration} 6b023852000000010000",
      "{replica 1 ldap://localhost:37357} 6b023852000100010000 6b023852000700010000",
    ]);
    assert.deepEqual(store.dns(), [
      "cn=g,ou=people,dc=example,dc=com",
      "dc=example,dc=com",
      "nsuniqueid=51b4df1a-e60c11f1-a8acdb67-fb6ae459,uid=b,ou=people,dc=example,dc=com",
      "ou=people,dc=example,dc=com",
      "uid=a2,ou=people,dc=example,dc=com",
    ]);
    assert.deepEqual(store.verify(), []);
    const lines = stateLines(store.export({ withState: true, wrapLines: false }));
    const records = unwrap(text).split("\n\n");
    for (const record of records.filter((one) => !/^dn: cenotaphID/m.test(one))) {
      for (const line of stateLines(record)) {
        if (/^(dsEntryDN|nsruvReplica|# entry|nstombstonecsn)/i.test(line)) continue;
        assert.include(lines, line);
      }
    }
  });

  for (const commitEntries of [1, 2, 5, 100]) {
    test(`store/bulk-load: a total initialization of 389 is taken whole, ${commitEntries} a commit`, () => {
      const store = new StoreBackend(SUFFIX).replicate();
      const load = store.load({ commitEntries });
      for (let i = 0; i < 12; i++) {
        const { request } = decodeRequest(
          readCaptured(`30-total2-entry-${String(i).padStart(2, "0")}`),
        );
        if (request.type !== "extended") throw new Error("an entry is an extended request");
        assert.isUndefined(load.addWithState(decodeReplicationEntry(request.value)));
        if (load.shouldCommit) store.commit(load);
      }
      store.swap(load, { ruv: undefined, generator: undefined });
      assert.deepEqual(store.dns(), [
        "cn=repl keep alive 1,dc=example,dc=com",
        "cn=repl keep alive 2,dc=example,dc=com",
        "dc=example,dc=com",
        "nsuniqueid=215f4701-e5f011f1-998384b6-a1ba8aa1,uid=u3b,ou=other,dc=example,dc=com",
        "nsuniqueid=fd9c019c-e5ef11f1-998384b6-a1ba8aa1,uid=u2,ou=people,dc=example,dc=com",
        "ou=other,dc=example,dc=com",
        "ou=people,dc=example,dc=com",
        "uid=raw1,ou=people,dc=example,dc=com",
        "uid=u1,ou=people,dc=example,dc=com",
        "uid=u4,ou=people,dc=example,dc=com",
      ]);
      const { reader } = store.backend;
      assert.equal(reader.suffixId && reader.childCount(reader.suffixId), 4);
      assert.deepEqual(store.verify(), []);
    });
  }

  test("store/bulk-load: the short way stores what the structure rules store", () => {
    const entries = Array.from({ length: 12 }, (_, i) => {
      const { request } = decodeRequest(
        readCaptured(`30-total2-entry-${String(i).padStart(2, "0")}`),
      );
      if (request.type !== "extended") throw new Error("an entry is an extended request");
      return decodeReplicationEntry(request.value);
    });
    const short = new StoreBackend(SUFFIX).replicate();
    const load = short.load();
    for (const entry of entries) load.addWithState(entry);
    short.swap(load, { ruv: undefined, generator: undefined });
    const long = new StoreBackend(SUFFIX).replicate();
    long.backend.suffixUniqueId = parseUniqueId(entries[0]?.uniqueId ?? "");
    long.write((writes) => {
      const txn = long.backend.begin(writes);
      const base = new BaseImport(txn.structure, txn.rules);
      for (const entry of entries) {
        const imported = base.addEntry(entry);
        if (imported !== undefined) txn.importEntry(imported);
      }
    });
    assert.deepEqual(short.verify(), []);
    assert.deepEqual(long.verify(), []);
    assert.equal(short.digest().digest, long.digest().digest);
    const content = (text: string): string =>
      text.replace(/\n\ndn: nsuniqueid=ffffffff-.*?\n\n/s, "\n\n");
    assert.equal(
      content(short.export({ withState: true })),
      content(long.export({ withState: true })),
    );
  });

  test("store/export: plain LDIF imports to the same content", () => {
    const store = new StoreBackend(SUFFIX);
    store.importLdif(BASE);
    const copy = new StoreBackend(SUFFIX);
    assert.deepEqual(copy.importLdif(store.export({ withState: false })).refusals, []);
    assert.deepEqual(copy.digest(), store.digest());
    assert.equal(copy.export({ withState: false }), store.export({ withState: false }));
  });
});

function* operations(ids: ReadonlyMap<string, UniqueId>, csn: () => Csn): Generator<Change> {
  const id = (dn: string): UniqueId => ids.get(dn) as UniqueId;
  const people = `ou=people,${SUFFIX}`;
  const ann = `cn=Ann+sn=Lee,${people}`;
  const mod = (operation: Mod["operation"], type: string, ...values: string[]): Mod => ({
    operation,
    type,
    values: bytes(...values),
  });
  const rename = {
    deleteOldRdn: true,
    newSuperior: undefined,
    newSuperiorUniqueId: undefined,
    mods: [],
  };
  yield {
    type: "modify",
    csn: csn(),
    uniqueId: id(ann),
    dn: ann,
    mods: [mod("add", "description", "three")],
  };
  yield {
    type: "modify",
    csn: csn(),
    uniqueId: id(ann),
    dn: ann,
    mods: [mod("delete", "description", "one")],
  };
  yield {
    type: "modify",
    csn: csn(),
    uniqueId: id(ann),
    dn: ann,
    mods: [mod("replace", "description")],
  };
  yield { type: "modifyDn", csn: csn(), uniqueId: id(ann), dn: ann, newRdn: "cn=Bob", ...rename };
  yield {
    type: "modifyDn",
    csn: csn(),
    uniqueId: id(people),
    dn: people,
    newRdn: "ou=staff",
    ...rename,
  };
  yield {
    type: "add",
    csn: csn(),
    uniqueId: "cccccccc-00000000-00000000-00000001" as UniqueId,
    dn: `cn=new,ou=staff,${SUFFIX}`,
    attributes: [
      { type: "objectClass", values: bytes("person", "top") },
      { type: "sn", values: bytes("new") },
    ],
    parentUniqueId: id(people),
  };
  yield { type: "delete", csn: csn(), uniqueId: id(ann), dn: `cn=Bob,ou=staff,${SUFFIX}` };
}

function* entriesOf(store: StoreBackend): Generator<{ dn: string; attributes: AttributeValues[] }> {
  const { reader } = store.backend;
  for (const id of reader.idsFrom(1, 100)) {
    const entry = reader.getEntry(id);
    const attributes = [...entry.stored()].map(({ description, values }) => ({
      type: description.text,
      values,
    }));
    yield { dn: entry.dn, attributes };
  }
}

const unwrap = (text: string): string => text.replaceAll("\n ", "");

/** The lines with their options in one order. */
const stateLines = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", value = ""] = line.split(/: ?(.*)/s);
      const [type, ...options] = name.split(";");
      return `${[type, ...options.sort()].join(";")}: ${value}`;
    });
