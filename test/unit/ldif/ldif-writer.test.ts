// Bytes of records: base64, folding, change records.
import { assert } from "chai";
import { encodeLdifRecord, LdifWriter } from "../../../src/ldif/index.ts";

function write(name: string, value: string | Buffer, fold = true): string {
  const writer = new LdifWriter({ fold });
  writer.writeValue(name, Buffer.from(value));
  return writer.take().toString("latin1");
}

suite("ldif/ldif-writer", () => {
  const cases: readonly (readonly [value: string, line: string])[] = [
    ["", "cn:\n"],
    ["a b", "cn: a b\n"],
    ["a: <b", "cn: a: <b\n"],
    [" a", "cn:: IGE=\n"],
    [":a", "cn:: OmE=\n"],
    ["<a", "cn:: PGE=\n"],
    ["a ", "cn:: YSA=\n"],
    ["a\nb", "cn:: YQpi\n"],
    ["a\rb", "cn:: YQ1i\n"],
    ["a\0b", "cn:: YQBi\n"],
    ["ä", "cn:: w6Q=\n"],
  ];
  for (const [value, line] of cases) {
    test(`ldif/ldif-writer: ${JSON.stringify(value)} is written ${JSON.stringify(line)}`, () => {
      assert.equal(write("cn", value), line);
    });
  }

  test("ldif/ldif-writer: 76 columns stay, more are folded with a blank each", () => {
    assert.equal(write("cn", "x".repeat(72)), `cn: ${"x".repeat(72)}\n`);
    assert.equal(write("cn", "x".repeat(73)), `cn: ${"x".repeat(72)}\n x\n`);
    assert.equal(write("cn", "x".repeat(147)), `cn: ${"x".repeat(72)}\n ${"x".repeat(75)}\n`);
    const three = `cn: ${"x".repeat(72)}\n ${"y".repeat(75)}\n z\n`;
    assert.equal(write("cn", `${"x".repeat(72)}${"y".repeat(75)}z`), three);
  });

  test("ldif/ldif-writer: without folding a value is one line", () => {
    assert.equal(write("cn", "x".repeat(10_000), false), `cn: ${"x".repeat(10_000)}\n`);
  });

  test("ldif/ldif-writer: lines that are given stay as they are", () => {
    const writer = new LdifWriter();
    writer.writeText("version: 1\n\n");
    writer.writeText("# entry-id: 1\n");
    assert.equal(writer.length, 26);
    assert.equal(writer.take().toString(), "version: 1\n\n# entry-id: 1\n");
    assert.equal(writer.length, 0);
  });

  test("ldif/ldif-writer: a modify ends each modification with a hyphen", () => {
    const bytes = encodeLdifRecord({
      type: "modify",
      line: 0,
      dn: "cn=ä",
      controls: [{ oid: "1.2", critical: true, value: Buffer.of(0) }],
      mods: [
        { operation: "replace", type: "sn", values: [Buffer.from("x")] },
        { operation: "delete", type: "mail", values: [] },
      ],
    });
    assert.equal(
      bytes.toString(),
      "dn:: Y249w6Q=\ncontrol: 1.2 true:: AA==\nchangetype: modify\nreplace: sn\nsn: x\n-\ndelete: mail\n-\n\n",
    );
  });
});
