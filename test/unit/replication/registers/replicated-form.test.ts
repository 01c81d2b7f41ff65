/** 389's form of an entry's state: nscpEntryWSI lines, replica LDIF, entries of a total initialization (conflict-resolution 3,
 * replication-protocol 4.1). */
import { assert } from "chai";
import {
  type ReplicationEntry,
  decodeReplicationEntry,
  decodeRequest,
} from "../../../../src/protocol/index.ts";
import type { Csn } from "../../../../src/replication/csn/index.ts";
import {
  StateCollector,
  formatEntryState,
  fromReplicatedAttributes,
  parseStateDescription,
  toReplicatedAttributes,
} from "../../../../src/replication/registers/index.ts";
import { readCaptured } from "../../../support/captured-messages.ts";
import { describe } from "../../../support/conflict-schema.ts";

/** Seen on a 389 server after cn=zz with second value v1 was renamed to cn=v1. */
const SAMPLE = [
  "dn: cn=v1,dc=example,dc=com",
  "modifyTimestamp;adcsn-6b020e97000100030001;vucsn-6b020e97000100030001: 20261121213519Z",
  "modifiersName;adcsn-6b020e97000100030000;vucsn-6b020e97000100030000: cn=directory manager",
  "objectClass;vucsn-6b020e97000000030000: top",
  "cn;vucsn-6b020e97000000030000;mdcsn-6b020e97000100030000: v1",
  "cn;vucsn-6b020e97000000030000;mdcsn-6b020e97000000030000;vdcsn-6b020e97000100030000;deleted: zz",
  "nsUniqueId: 5b7e1801-e5f311f1-948a8c60-693cdd55",
];

function collect(lines: readonly string[]): ReturnType<StateCollector["finish"]> {
  const collector = new StateCollector();
  for (const line of lines.slice(1)) {
    const at = line.indexOf(": ");
    const name = line.slice(0, at);
    const value = Buffer.from(line.slice(at + 2));
    if (name.toLowerCase() !== "nsuniqueid") collector.addLine(name, value);
  }
  return collector.finish();
}

const throughRegisters = (lines: readonly string[]): string[] =>
  formatEntryState({
    uniqueId: "5b7e1801-e5f311f1-948a8c60-693cdd55",
    dn: lines[0]?.slice(4) ?? "",
    attributes: toReplicatedAttributes(fromReplicatedAttributes(collect(lines), describe)),
  });

suite("replication/registers: 389's form", () => {
  test("registers/replicated-form: state lines pass through registers unchanged", () => {
    assert.sameMembers(throughRegisters(SAMPLE), SAMPLE);
  });

  test("registers/replicated-form: a value that left the name keeps its naming CSN when its add is forgotten", () => {
    const lines = [
      "dn: displayName=b,dc=example,dc=com",
      "displayName;vucsn-6b020e97000200030000;mdcsn-6b020e97000200030000: b",
      "displayName;mdcsn-6b020e97000100030000;vdcsn-6b020e97000200030000;deleted: a",
      "nsUniqueId: 5b7e1801-e5f311f1-948a8c60-693cdd55",
    ];
    assert.sameMembers(throughRegisters(lines), lines);
  });

  test("registers/replicated-form: a deleted attribute is one empty deleted value", () => {
    const line =
      "displayName;adcsn-6b020e97000100030001;vdcsn-6b020e97000100030001;deletedattribute;deleted: ";
    assert.include(throughRegisters(["dn: cn=a", line]), line);
    const registers = fromReplicatedAttributes(collect(["dn: cn=a", line]), describe);
    const state = registers.find("displayname");
    assert.equal(state?.ad, "6b020e97000100030001" as Csn);
    assert.equal(state?.size, 0);
  });

  test("registers/replicated-form: state options may stand in any order", () => {
    const expected = {
      type: "cn;lang-en",
      deletionCsn: "6b020e97000100030002",
      csns: [
        { kind: "distinguished", csn: "6b020e97000100030001" },
        { kind: "updated", csn: "6b020e97000100030000" },
      ],
      deletedAttribute: true,
      deleted: true,
    };
    const text =
      "cn;deleted;mdcsn-6b020e97000100030001;deletedattribute;lang-en;VUCSN-6B020E97000100030000;adcsn-6b020e97000100030002;x1csn-6b020e97000100030000";
    assert.deepEqual(parseStateDescription(text) as unknown, expected);
  });

  test("registers/replicated-form: values that LDIF cannot hold are written in base64", () => {
    const attributes = [
      {
        type: "cn",
        deletionCsn: undefined,
        deleted: false,
        values: ["é", " a", "a ", ":", ""].map((text) => ({
          value: Buffer.from(text),
          deleted: false,
          csns: [],
        })),
      },
    ];
    const lines = formatEntryState({ uniqueId: "u", dn: "cn=é", attributes });
    assert.deepEqual(lines, [
      "dn:: Y249w6k=",
      "cn:: w6k=",
      "cn:: IGE=",
      "cn:: YSA=",
      "cn:: Og==",
      "cn: ",
      "nsUniqueId: u",
    ]);
  });

  test("registers/replicated-form: what 389 shows survives, whatever its CSNs say", () => {
    const lines = [
      "dn: cn=a",
      "description;adcsn-00000009000000010000;vucsn-00000005000000010000: kept",
      "description: bare",
      "displayName;vucsn-00000004000000010000: shown",
      "displayName;vucsn-00000006000000010000;vdcsn-00000007000000010000;deleted: pending",
    ];
    const registers = fromReplicatedAttributes(collect(lines), describe);
    const shown = (key: string): string[] => registers.shown(key).map((value) => value.toString());
    assert.sameMembers(shown("description"), ["kept", "bare"]);
    assert.deepEqual(shown("displayname"), ["shown"]);
  });

  test("registers/replicated-form: an entry of a live 389 server passes through unchanged", () => {
    const entry = capturedEntry("25-total-entry-user-deleted-value-and-deleted-attribute");
    const registers = fromReplicatedAttributes(entry.attributes, describe);
    const stateless = new Set(["entryid", "parentid", "entrydn", "dsentrydn", "numsubordinates"]);
    const wanted = entry.attributes.filter(({ type }) => !stateless.has(type.toLowerCase()));
    const byType = <T extends { type: string }>(list: readonly T[]): T[] =>
      [...list].sort((a, b) => (a.type < b.type ? -1 : 1));
    assert.deepEqual(byType(toReplicatedAttributes(registers)), byType(wanted));
  });
});

/** The entry in a captured total update request: the value of the extended operation. */
function capturedEntry(name: string): ReplicationEntry {
  const { request } = decodeRequest(readCaptured(name));
  assert(request.type === "extended");
  return decodeReplicationEntry(request.value);
}
