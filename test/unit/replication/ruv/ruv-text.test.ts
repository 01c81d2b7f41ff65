import { assert } from "chai";
import { type ReplicaId, parseCsn } from "../../../../src/replication/csn/index.ts";
import {
  RUV_ELEMENTS_MAX,
  decodeRuv,
  encodeRuv,
  formatLastModified,
  formatRuv,
  parseRuv,
  parseRuvElement,
} from "../../../../src/replication/ruv/index.ts";

const VALUES = [
  "{replicageneration} 6b0208d2000000010000",
  "{replica 1 ldap://localhost:14101} 6b0208f0000000010000 6b0208f3000400010000",
  "{replica 2 ldap://[::1]:14102}",
];

suite("replication/ruv-text", () => {
  test("replication/ruv-text: a RUV as 389 sends it is parsed and formatted alike", () => {
    const ruv = parseRuv(VALUES);
    assert.ok(ruv !== undefined);
    assert.deepEqual(ruv, {
      generation: "6b0208d2000000010000",
      elements: [
        {
          replicaId: 1 as ReplicaId,
          purl: "ldap://localhost:14101",
          minCsn: parseCsn("6b0208f0000000010000"),
          maxCsn: parseCsn("6b0208f3000400010000"),
          lastModifiedSeconds: 0,
        },
        {
          replicaId: 2 as ReplicaId,
          purl: "ldap://[::1]:14102",
          minCsn: undefined,
          maxCsn: undefined,
          lastModifiedSeconds: 0,
        },
      ],
    });
    assert.deepEqual(formatRuv(ruv), VALUES);
  });

  const accepted: [name: string, value: string][] = [
    ["upper case", "{REPLICA 3 ldap://h:1} 6B0208F0000000030000 6B0208F3000400030000"],
    ["no purl but CSNs", "{replica 3} 6b0208f0000000030000 6b0208f3000400030000"],
    ["a third field", "{replica 3 ldap://h:1} 6b0208f0000000030000 6b0208f3000400030000 6b0208f3"],
  ];
  for (const [name, value] of accepted) {
    test(`replication/ruv-text: ${name} is accepted`, () => {
      assert.equal(parseRuvElement(value)?.maxCsn, "6b0208f3000400030000");
    });
  }

  const dropped: [name: string, value: string][] = [
    ["neither purl nor CSNs", "{replica 3}"],
    ["replica ID 0", "{replica 0 ldap://h:1}"],
    ["replica ID 65,536", "{replica 65536 ldap://h:1}"],
    ["one CSN", "{replica 3 ldap://h:1} 6b0208f0000000030000"],
    ["a short CSN", "{replica 3 ldap://h:1} 6b0208f000000003000 6b0208f3000400030000"],
    ["min above max", "{replica 3 ldap://h:1} 6b0208f3000400030000 6b0208f0000000030000"],
    ["four fields", "{replica 3 u} 6b0208f0000000030000 6b0208f3000400030000 0 0"],
    ["no brace", "{replica 3 ldap://h:1"],
    ["other text", "hello"],
  ];
  for (const [name, value] of dropped) {
    test(`replication/ruv-text: an element with ${name} is dropped`, () => {
      assert.isUndefined(parseRuvElement(value));
      assert.deepEqual(parseRuv(["{replicageneration} g", value])?.elements, []);
    });
  }

  test("replication/ruv-text: without a generation there is no RUV, a second one is ignored", () => {
    assert.isUndefined(parseRuv(VALUES.slice(1)));
    assert.equal(parseRuv(["{replicageneration} a", "{replicageneration} b"])?.generation, "a");
  });

  test("replication/ruv-text: the first of two elements with one replica ID counts", () => {
    const ruv = parseRuv([VALUES[0] ?? "", "{replica 1 ldap://a}", "{replica 1 ldap://b}"]);
    assert.deepEqual(
      ruv?.elements.map((element) => element.purl),
      ["ldap://a"],
    );
  });

  test("replication/ruv-text: elements over the limit are dropped", () => {
    const values = ["{replicageneration} g"];
    for (let n = 1; n <= RUV_ELEMENTS_MAX + 5; n += 1) values.push(`{replica ${n} ldap://h:1}`);
    assert.equal(parseRuv(values)?.elements.length, RUV_ELEMENTS_MAX);
  });

  test("replication/ruv-text: elements without purl are kept for peers and omitted in nsds50ruv", () => {
    const value = "{replica 3} 6b0208f0000000030000 6b0208f3000400030000";
    const ruv = parseRuv([...VALUES, value]);
    assert.ok(ruv !== undefined);
    assert.deepEqual(formatRuv(ruv), [...VALUES, value]);
    assert.deepEqual(formatRuv(ruv, { withoutPurl: "omit" }), VALUES);
  });

  test("replication/ruv-text: the stored form keeps the times of modification", () => {
    const parsed = parseRuv([...VALUES, "{replica 3} 6b0208f0000000030000 6b0208f3000400030000"]);
    assert.ok(parsed !== undefined);
    const elements = parsed.elements.map((element) =>
      element.maxCsn === undefined ? element : { ...element, lastModifiedSeconds: 0x6b0208f3 },
    );
    const ruv = { ...parsed, elements };
    assert.deepEqual(decodeRuv(encodeRuv(ruv)), ruv);
    assert.deepEqual(formatLastModified(ruv), [
      "{replica 1 ldap://localhost:14101} 6b0208f3",
      "{replica 2 ldap://[::1]:14102} 00000000",
    ]);
  });
});
