// Which bytes of others are a node: those that our encoder writes for what our decoder reads in them.
import { assert } from "chai";
import fc from "fast-check";
import type { UniqueId } from "../../../../src/replication/change/index.ts";
import type { Csn } from "../../../../src/replication/csn/index.ts";
import {
  type StructureNode,
  decodeNode,
  encodeNode,
  readNode,
} from "../../../../src/replication/urp/index.ts";
import { readRdn } from "../../../../src/replication/urp/names.ts";

const CASES = 5000;
const FIRST_TEXT_BYTE = 28;

const csn = fc
  .tuple(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 9 }))
  .map(([time, replica]) => {
    const hex = time.toString(16).padStart(8, "0");
    return `${hex}0000${replica.toString(16).padStart(4, "0")}0000` as Csn;
  });
const uniqueId = fc
  .integer({ min: 1, max: 0xffff })
  .map((n) => `${n.toString(16).padStart(8, "0")}-00000000-00000000-00000000` as UniqueId);
const rdn = fc.oneof(
  fc.constantFrom("cn=ann", "cn=Änne", "cn=a+sn=b", "cn=", "none", ""),
  fc.integer({ min: 90, max: 140 }).map((length) => `cn=${"x".repeat(length)}`),
);
const node: fc.Arbitrary<StructureNode> = fc
  .record({
    life: fc.constantFrom("live", "live", "dead", "placeholder"),
    parent: uniqueId,
    rdn,
    naming: csn,
    how: fc.constantFrom("ADD", "MODRDN"),
    conflict: fc.boolean(),
    death: csn,
    hasEffect: fc.boolean(),
  })
  .map(({ death, hasEffect, ...rest }) => ({
    ...rest,
    death: rest.life === "dead" ? death : undefined,
    effects: hasEffect
      ? [{ csn: rest.naming, kind: "vd", type: "cn", value: Buffer.from("x") }]
      : [],
  })) as fc.Arbitrary<StructureNode>;
const change = fc.oneof(
  fc.constant((bytes: Buffer) => bytes),
  fc.tuple(fc.nat(200), fc.nat(255)).map(([at, byte]) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    changed[at % bytes.length] = byte;
    return changed;
  }),
  fc.nat(200).map((length) => (bytes: Buffer) => bytes.subarray(0, length)),
  fc.nat(255).map((byte) => (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(byte)])),
);

/** Whether the bytes say what they say in the way of our encoder. */
function isCanonical(bytes: Buffer): boolean {
  try {
    return encodeNode(decodeNode(bytes)).equals(bytes);
  } catch {
    return false;
  }
}

suite("replication/urp/read-node", () => {
  test("replication/urp/read-node: bytes are a node when our encoder writes them, and have a name", () => {
    let read = 0;
    fc.assert(
      fc.property(node, change, (made, changed) => {
        const bytes = changed(encodeNode(made));
        const found = readNode(bytes);
        if (found === undefined) {
          assert.isTrue(!isCanonical(bytes) || !hasName(bytes), bytes.toString("hex"));
          return;
        }
        read += 1;
        assert.isTrue(isCanonical(bytes), bytes.toString("hex"));
        assert.deepEqual(found, decodeNode(bytes));
      }),
      { numRuns: CASES, seed: 1 },
    );
    assert.isAbove(read, CASES / 4);
  });

  test("replication/urp/read-node: a byte that no text has is no node", () => {
    const made = { life: "live", naming: "00000001000000010000", how: "ADD", conflict: false };
    const parent = "00000001-00000000-00000000-00000000";
    const whole = { ...made, parent, rdn: "cn=ann", death: undefined, effects: [] };
    const bytes = encodeNode(whole as unknown as StructureNode);
    assert.isDefined(readNode(bytes));
    bytes[FIRST_TEXT_BYTE + 3] = 0xff;
    assert.isUndefined(readNode(bytes));
  });
});

function hasName(bytes: Buffer): boolean {
  return readRdn(decodeNode(bytes).rdn).length > 0;
}
