// Records as records of LDIF. That they are those of LdifWriter is tested by test/property/export.test.ts.
import { assert } from "chai";
import { type EntryId, encodeRecord } from "../../../src/entry/index.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import { RecordLines } from "../../../src/store/record-lines.ts";
import { describe } from "../../support/conflict-schema.ts";

const UNIQUE_ID = "00000001-00000000-00000000-00000001" as UniqueId;
const NAMES = ["cn", "sn", "description"];
const DESCRIPTIONS = NAMES.map((name) => describe(name));
const PARENT = Buffer.from(",dc=x");

function recordOf(...values: readonly string[]): Buffer {
  const attributes = DESCRIPTIONS.map((description) => ({
    description,
    values: values.map((value) => Buffer.from(value)),
  }));
  const head = { flags: 0, parentId: 1 as EntryId, uniqueId: UNIQUE_ID, rdn: "cn=a" };
  return encodeRecord({ ...head, attributes });
}

function newLines(): RecordLines {
  return new RecordLines(true, (id) => {
    const index = DESCRIPTIONS.findIndex((description) => description.id === id);
    return Buffer.from(index === 1 ? "" : `${NAMES[index]}: `);
  });
}

suite("store/record-lines", () => {
  test("store/record-lines: what has no head is left out", () => {
    const lines = newLines();
    lines.writeText("# one\n");
    lines.writeRecord(recordOf("a", "b"), PARENT);
    const wanted = "# one\ndn: cn=a,dc=x\ncn: a\ncn: b\ndescription: a\ndescription: b\n\n";
    assert.equal(lines.length, wanted.length);
    assert.equal(lines.lend().toString(), wanted);
    assert.equal(lines.length, 0);
  });

  test("store/record-lines: what was handed out makes room for more, and an empty value has no blank", () => {
    const lines = newLines();
    for (let round = 0; round < 3; round += 1) {
      lines.writeRecord(recordOf(""), PARENT);
      assert.equal(lines.lend().toString(), "dn: cn=a,dc=x\ncn:\ndescription:\n\n");
    }
  });

  test("store/record-lines: of a damaged record nothing is written that does not lie in it", () => {
    const record = recordOf("value");
    const before = recordOf(...Array.from({ length: 50 }, (_, number) => `secret ${number}`));
    let errors = 0;
    for (let at = 22; at < record.length; at += 1) {
      for (const byte of [0x00, 0x20, 0x7f, 0x84, 0xff]) {
        for (const count of [1, 4]) {
          const damaged = Buffer.from(record);
          damaged.fill(byte, at, Math.min(at + count, record.length));
          const lines = newLines();
          lines.writeRecord(before, PARENT);
          assert.include(lines.lend().toString(), "secret");
          try {
            lines.writeRecord(damaged, PARENT);
          } catch {
            errors += 1;
          }
          assert.notInclude(lines.lend().toString("latin1"), "secret");
        }
      }
    }
    assert.isAbove(errors, 0);
  });
});
