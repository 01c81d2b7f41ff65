// Shapes of the entries that tools parse (admin-compat 1.8, 2).
import { assert } from "chai";
import { ConfigDescriptions, EntrySet } from "../../../src/config/index.ts";
import {
  MADE_RULES,
  backendMonitorAttributes,
  buildMonitorEntries,
  buildRootDse,
  buildSubschemaEntry,
  databaseMonitorAttributes,
  databaseStatisticsAttributes,
  newConnectionCounters,
  newOperationCounters,
} from "../../../src/monitor/index.ts";
import { shippedSchema } from "../../support/config-tree.ts";

const DESCRIPTIONS = new ConfigDescriptions(shippedSchema());
const STARTED = "20260102030405Z";

const entries = new EntrySet(
  buildMonitorEntries(
    {
      version: "389-Directory/2.3.1 B2026.001 (Concord 0.1.0)",
      threads: 3,
      fileDescriptorsMax: 1024,
      startedAt: STARTED,
      now: "20260102040405Z",
      operations: {
        ...newOperationCounters(),
        simpleBinds: 7,
        entriesSent: 9,
        operationsCompleted: 4,
      },
      connections: { ...newConnectionCounters(), open: 1, accepted: 5 },
      connectionList: [
        {
          id: 5,
          openedAt: STARTED,
          operationsStarted: 3,
          operationsCompleted: 2,
          boundDn: "cn=directory manager",
          address: "127.0.0.1",
        },
      ],
      backendNames: ["userRoot"],
      disks: [{ mount: "/", totalBytes: 1000, freeBytes: 250 }],
      own: { writeQueueOperations: 0 },
    },
    DESCRIPTIONS,
  ),
);

const rootDse = buildRootDse(
  {
    productVersion: "0.1.0",
    buildId: "2026.001",
    hostName: "h",
    port: 389,
    startedAt: STARTED,
    suffixes: [{ suffix: "dc=a", backendName: "userRoot" }],
    defaultNamingContext: "",
    controls: ["2.16.840.1.113730.3.4.2"],
    extensions: [],
    features: [],
    saslMechanisms: ["EXTERNAL"],
  },
  DESCRIPTIONS,
);

const subschema = buildSubschemaEntry(
  shippedSchema(),
  { schemaCsn: "6b020b88000000000000", modifiersName: undefined, modifiedAt: STARTED },
  DESCRIPTIONS,
);

suite("monitor", () => {
  test("monitor/rules: those that count before an entry is made are those that it shows", () => {
    const shown = [rootDse, subschema, ...entries.subtree("cn=monitor")]
      .filter((entry) => entry.has("aci"))
      .map((entry) => [entry.normalDn, entry.text("aci")]);
    assert.deepEqual([...MADE_RULES], shown);
  });

  test("monitor/entries: cn=monitor has what the tools ask for", () => {
    const entry = entries.find("cn=monitor");
    assert.equal(
      entry?.text("connection"),
      `5:${STARTED}:3:2:-:cn=directory manager:0:0:0:5:ip=127.0.0.1`,
    );
    assert.equal(entry?.text("currentconnections"), "1");
    assert.equal(entry?.text("opscompleted"), "4");
    assert.equal(
      entry?.text("backendmonitordn"),
      "cn=monitor,cn=userRoot,cn=ldbm database,cn=plugins,cn=config",
    );
    assert.equal(
      entry?.text("numSubordinates"),
      String([...entries.children("cn=monitor")].length),
    );
  });

  test("monitor/entries: counters of operations and disks are below it", () => {
    const snmp = entries.find("cn=snmp,cn=monitor");
    assert.equal(snmp?.text("simpleauthbinds"), "7");
    assert.equal(snmp?.text("entriesreturned"), "9");
    assert.equal(
      entries.find("cn=disk space,cn=monitor")?.text("dsDisk"),
      'partition="/" size="1000" used="750" available="250" use%="75"',
    );
    assert.equal(entries.find("cn=concord,cn=monitor")?.text("writeQueueOperations"), "0");
    assert.lengthOf([...entries.subtree("cn=monitor")], 5);
  });

  test("monitor/database: sizes that tools divide by are never 0", () => {
    const storage = {
      pageBytes: 0,
      pagesUsed: 0,
      mapBytes: 0,
      commits: 0,
      cacheHits: 0,
      cacheTries: 0,
    };
    const value = (attributes: readonly (readonly string[])[], name: string): number =>
      Number(attributes.find(([known]) => known === name)?.[1]);
    assert.isAbove(value(databaseMonitorAttributes(storage), "maxnormalizeddncachesize"), 0);
    assert.isAbove(value(databaseStatisticsAttributes(storage), "nsslapd-db-cache-size-bytes"), 0);
    assert.lengthOf(databaseStatisticsAttributes(storage), 34);
    const backend = backendMonitorAttributes("userRoot", {
      isReadOnly: false,
      entries: 6,
      entryBytes: 0,
      cacheHits: 1,
      cacheTries: 2,
      indexes: ["uid"],
    });
    assert.isAbove(value(backend, "maxentrycachesize"), 0);
    assert.equal(value(backend, "entrycachehitratio"), 50);
    assert.equal(backend.find(([name]) => name === "dbfilename-1")?.[1], "userRoot/uid.db");
  });

  test("monitor/root dse: tools find a version of 389 and the suffixes", () => {
    const entry = rootDse;
    assert.equal(entry.text("vendorVersion"), "389-Directory/2.3.1 B2026.001 (Concord 0.1.0)");
    assert.deepEqual(entry.texts("namingContexts"), ["dc=a"]);
    assert.equal(entry.text("defaultnamingcontext"), "dc=a");
    assert.equal(entry.text("nsBackendSuffix"), "userRoot:dc=a");
    assert.isFalse(entry.has("supportedExtension"));
  });

  test("monitor/subschema: the entry holds the schema and, after a change, its CSN", () => {
    const entry = subschema;
    assert.isAbove(entry.texts("attributeTypes").length, 500);
    assert.isTrue(entry.texts("objectClasses").some((text) => text.includes("'inetOrgPerson'")));
    assert.isAbove(entry.texts("matchingRules").length, 20);
    assert.equal(entry.text("nsSchemaCSN"), "6b020b88000000000000");
  });
});
