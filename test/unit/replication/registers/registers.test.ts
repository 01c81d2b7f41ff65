/** Attribute registers: cases that are easy to get wrong (conflict-resolution 13.2, 13.8, replication-protocol 5.5). The laws are
 * in test/property/registers.test.ts. */
import { assert } from "chai";
import type { Mod } from "../../../../src/protocol/index.ts";
import {
  type Csn,
  CSN_ZERO,
  makeCsn,
  withSubsequence,
} from "../../../../src/replication/csn/index.ts";
import { Registers } from "../../../../src/replication/registers/index.ts";
import { describe } from "../../../support/conflict-schema.ts";

const at = (seconds: number): Csn => makeCsn(seconds, 0, 1);
const mod = (operation: Mod["operation"], type: string, ...values: string[]): Mod => ({
  operation,
  type,
  values: values.map((value) => Buffer.from(value)),
});
const shown = (registers: Registers, key: string): string[] =>
  registers.shown(key).map((value) => value.toString());

suite("replication/registers: registers", () => {
  test("registers/registers: mod number i has subsequence i", () => {
    const registers = new Registers(describe);
    registers.applyAdd([{ type: "description", values: [Buffer.from("a")] }], [], at(1));
    const touched = registers.applyMods(
      [
        mod("add", "description", "b"),
        mod("delete", "description", "a"),
        mod("replace", "sn", "Uno"),
        mod("delete", "sn"),
        mod("add", "sn", "Tres"),
      ],
      at(2),
    );
    assert.sameMembers([...touched], ["description", "sn"]);
    const values = registers.find("description")?.values;
    assert.equal(values?.get("b")?.vu, at(2));
    assert.equal(values?.get("a")?.vd, withSubsequence(at(2), 1));
    assert.equal(registers.find("sn")?.ad, withSubsequence(at(2), 3));
    assert.equal(registers.find("sn")?.values.get("tres")?.vu, withSubsequence(at(2), 4));
    assert.equal(registers.largestCsn(), withSubsequence(at(2), 4));
  });

  test("registers/registers: a subsequence that came with the CSN holds for all mods", () => {
    const registers = new Registers(describe);
    const csn = withSubsequence(at(2), 7);
    registers.applyMods([mod("replace", "description", "a"), mod("add", "description", "b")], csn);
    assert.deepEqual(shown(registers, "description"), ["a", "b"]);
    assert.equal(registers.find("description")?.values.get("b")?.vu, csn);
  });

  test("registers/registers: RDN values are added where missing and carry md", () => {
    const registers = new Registers(describe);
    const rdn = [
      { type: "cn", value: Buffer.from("Ann") },
      { type: "sn", value: Buffer.from("Lee") },
    ];
    registers.applyAdd(
      [{ type: "cn", values: [Buffer.from("ann"), Buffer.from("x")] }],
      rdn,
      at(1),
    );
    assert.deepEqual(shown(registers, "cn"), ["ann", "x"]);
    assert.deepEqual(shown(registers, "sn"), ["Lee"]);
    assert.equal(registers.find("cn")?.values.get("ann")?.md, at(1));
    assert.isUndefined(registers.find("cn")?.values.get("x")?.md);
    assert.equal(registers.find("sn")?.values.get("lee")?.md, at(1));
  });

  test("registers/registers: the spelling is that of the latest add, at one CSN the larger", () => {
    const registers = new Registers(describe);
    registers.applyMods([mod("add", "description", "VALUE")], at(3));
    registers.applyMods([mod("add", "description", "value")], at(2));
    assert.deepEqual(shown(registers, "description"), ["VALUE"]);
    registers.applyAdd([{ type: "description", values: [Buffer.from("vALUE")] }], [], at(3));
    assert.deepEqual(shown(registers, "description"), ["vALUE"]);
  });

  test("registers/registers: the delete of a value that is unknown is remembered", () => {
    const registers = new Registers(describe);
    registers.applyMods([mod("delete", "description", "v")], at(2));
    assert.isTrue(registers.isDeleted("description"));
    registers.applyMods([mod("add", "description", "v", "w")], at(1));
    assert.deepEqual(shown(registers, "description"), ["w"]);
  });

  test("registers/registers: attributes that the structure derives have no registers", () => {
    const registers = new Registers(describe);
    const mods = [
      mod("delete", "nsds5ReplConflict"),
      mod("add", "conflictCSN", "x"),
      mod("add", "cn", "a"),
    ];
    assert.deepEqual([...registers.applyMods(mods, at(1))], ["cn"]);
    assert.equal(registers.find("cn")?.values.get("a")?.vu, withSubsequence(at(1), 2));
  });

  test("registers/registers: two values of one mod for a single-valued attribute leave one", () => {
    const registers = new Registers(describe);
    registers.applyMods([mod("add", "displayName", "v", "w")], at(1));
    assert.deepEqual(shown(registers, "displayname"), ["w"]);
    registers.applyMods([mod("delete", "displayName", "w")], at(2));
    registers.purge(at(3));
    assert.deepEqual(shown(registers, "displayname"), []);
  });

  test("registers/registers: a purge takes deleted values whole, and only those", () => {
    const registers = new Registers(describe);
    registers.applyMods([mod("add", "description", "old", "kept", "late")], at(1));
    registers.applyMods([mod("delete", "description", "old"), mod("delete", "sn", "x")], at(2));
    registers.applyMods([mod("delete", "description", "late")], at(9));
    registers.purge(at(5));
    assert.deepEqual([...(registers.find("description")?.values.keys() ?? [])], ["kept", "late"]);
    assert.isUndefined(registers.find("sn"));
    assert.equal(registers.find("description")?.values.get("late")?.vd, at(9));
  });

  test("registers/registers: a value that is added again has no naming CSN, whether it was purged before or not", () => {
    const histories = [false, true].map((isPurged) => {
      const registers = new Registers(describe);
      registers.applyAdd([], [{ type: "cn", value: Buffer.from("Ann") }], at(1));
      registers.applyMods([mod("delete", "cn", "Ann")], at(2));
      assert.equal(registers.find("cn")?.values.get("ann")?.md, at(1));
      if (isPurged) registers.purge(at(3));
      registers.applyMods([mod("add", "cn", "Ann")], at(4));
      return registers.find("cn")?.values.get("ann");
    });
    assert.deepEqual(histories[0], histories[1]);
    assert.deepEqual(histories[0], {
      value: Buffer.from("Ann"),
      vu: at(4),
      vd: undefined,
      md: undefined,
    });
  });

  test("registers/registers: values without CSN are older than every delete", () => {
    const registers = new Registers(describe);
    registers.applyAdd([{ type: "description", values: [Buffer.from("a")] }], [], CSN_ZERO);
    assert.isUndefined(registers.largestCsn());
    registers.applyMods([mod("delete", "description", "a")], at(1));
    assert.deepEqual(shown(registers, "description"), []);
  });
});
