// Content and change records, folding, base64, comments, and what is no LDIF. Every text is read whole and byte by byte.
import { assert } from "chai";
import {
  LdifError,
  type LdifInvalidRecord,
  LdifReader,
  type LdifReaderOptions,
  type LdifRecord,
  parseLdif,
} from "../../../src/ldif/index.ts";

type Read = readonly (LdifRecord | LdifInvalidRecord)[];

function readByteByByte(bytes: Buffer, options: LdifReaderOptions): Read {
  const reader = new LdifReader(options);
  const records: (LdifRecord | LdifInvalidRecord)[] = [];
  for (const byte of bytes) records.push(...reader.feed(Buffer.of(byte)));
  return [...records, ...reader.end()];
}

function read(text: string | Buffer, options: LdifReaderOptions = {}): Read {
  const bytes = Buffer.from(text);
  const reader = new LdifReader(options);
  const whole = [...reader.feed(bytes), ...reader.end()];
  assert.deepEqual(readByteByByte(bytes, options), whole);
  return whole;
}

/** The only record, without its line number. */
function readOne(text: string | Buffer, options: LdifReaderOptions = {}): object {
  const records = read(text, options);
  assert.lengthOf(records, 1);
  const { line: _line, ...rest } = records[0]!;
  return rest;
}

const values = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

suite("ldif/ldif-reader", () => {
  test("ldif/ldif-reader: records are separated by empty lines and know their line", () => {
    const records = read("version: 1\n\ndn: cn=a\ncn: a\n\n\ndn: cn=b\r\ncn: b\r\n\r\n");
    assert.deepEqual(records, [
      { type: "content", line: 3, dn: "cn=a", attributes: [{ type: "cn", values: values("a") }] },
      { type: "content", line: 7, dn: "cn=b", attributes: [{ type: "cn", values: values("b") }] },
    ]);
  });

  test("ldif/ldif-reader: no input and comments alone are no records", () => {
    for (const text of [
      "",
      "\n\n",
      "# hello\n",
      "version: 1\n",
      "version: 1\n\n# x\n folded\n\n",
    ]) {
      assert.deepEqual(read(text), []);
    }
  });

  test("ldif/ldif-reader: values of one description stand together whatever their case", () => {
    assert.deepEqual(readOne("dn: x=y\ncn: a\nsn: b\nCN: c\ncn;lang-de: d\n"), {
      type: "content",
      dn: "x=y",
      attributes: [
        { type: "cn", values: values("a", "c") },
        { type: "sn", values: values("b") },
        { type: "cn;lang-de", values: values("d") },
      ],
    });
  });

  test("ldif/ldif-reader: lines are unfolded, also comments, names and base64", () => {
    const text =
      "# comment\n goes: on\ndn: cn=a,\n dc=b\ndescr\n iption: one \n two\njpegPhoto:: AAE\n C\n";
    assert.deepEqual(readOne(text), {
      type: "content",
      dn: "cn=a,dc=b",
      attributes: [
        { type: "description", values: values("one two") },
        { type: "jpegPhoto", values: [Buffer.of(0, 1, 2)] },
      ],
    });
  });

  test("ldif/ldif-reader: a fold within a UTF-8 character is undone", () => {
    const bytes = Buffer.concat([Buffer.from("dn: cn=\xc3\n \xa4\ncn: \xc3\n \xa4\n", "latin1")]);
    assert.deepEqual(readOne(bytes), {
      type: "content",
      dn: "cn=ä",
      attributes: [{ type: "cn", values: values("ä") }],
    });
  });

  test("ldif/ldif-reader: leading blanks are skipped, trailing ones kept, empty values read", () => {
    assert.deepEqual(readOne("dn:   cn=a\nsn:x\ncn:\ncn:   b  \ncn:: \n"), {
      type: "content",
      dn: "cn=a",
      attributes: [
        { type: "sn", values: values("x") },
        { type: "cn", values: values("", "b  ", "") },
      ],
    });
  });

  test("ldif/ldif-reader: a base64 DN is text", () => {
    assert.deepEqual(readOne("dn:: Y249w6Q=\ncn: a\n"), {
      type: "content",
      dn: "cn=ä",
      attributes: [{ type: "cn", values: values("a") }],
    });
  });

  test("ldif/ldif-reader: a URL is read by the reader that is handed in", () => {
    const readUrl = (url: string): Buffer => Buffer.from(`<${url}>`);
    assert.deepEqual(readOne("dn: cn=a\njpegPhoto:< file:///x\n", { readUrl }), {
      type: "content",
      dn: "cn=a",
      attributes: [{ type: "jpegPhoto", values: values("<file:///x>") }],
    });
  });

  test("ldif/ldif-reader: an add with controls", () => {
    const text = [
      "dn: cn=a",
      "control: 1.2.3 true",
      "control: 1.2.4 false: hi",
      "control: 1.2.5:: AAE=",
      "control: 1.2.6 true:",
      "changetype: add",
      "cn: a",
      "",
    ].join("\n");
    assert.deepEqual(readOne(text), {
      type: "add",
      dn: "cn=a",
      controls: [
        { oid: "1.2.3", critical: true, value: undefined },
        { oid: "1.2.4", critical: false, value: Buffer.from("hi") },
        { oid: "1.2.5", critical: false, value: Buffer.of(0, 1) },
        { oid: "1.2.6", critical: true, value: Buffer.alloc(0) },
      ],
      attributes: [{ type: "cn", values: values("a") }],
    });
  });

  test("ldif/ldif-reader: a delete", () => {
    assert.deepEqual(readOne("dn: cn=a\nchangetype: delete\n"), {
      type: "delete",
      dn: "cn=a",
      controls: [],
    });
  });

  test("ldif/ldif-reader: a modify; the last separator may be missing", () => {
    const text = [
      "dn: cn=a",
      "changeType: Modify",
      "add: mail",
      "mail: x",
      "MAIL: y",
      "-",
      "delete: sn",
      "-",
      "replace: cn",
      "cn: a",
      "-",
      "increment: uidNumber",
      "uidNumber: 1",
      "",
    ].join("\n");
    assert.deepEqual(readOne(text), {
      type: "modify",
      dn: "cn=a",
      controls: [],
      mods: [
        { operation: "add", type: "mail", values: values("x", "y") },
        { operation: "delete", type: "sn", values: [] },
        { operation: "replace", type: "cn", values: values("a") },
        { operation: "increment", type: "uidNumber", values: values("1") },
      ],
    });
  });

  test("ldif/ldif-reader: modrdn and moddn", () => {
    assert.deepEqual(readOne("dn: cn=a\nchangetype: modrdn\nnewrdn: cn=b\ndeleteoldrdn: 1\n"), {
      type: "modifyDn",
      dn: "cn=a",
      controls: [],
      newRdn: "cn=b",
      deleteOldRdn: true,
      newSuperior: undefined,
    });
    const text = "dn: cn=a\nchangetype: moddn\nnewrdn: cn=b\ndeleteoldrdn: 0\nnewsuperior: ou=c\n";
    assert.include(readOne(text), { deleteOldRdn: false, newSuperior: "ou=c" });
  });

  const invalid: readonly (readonly [text: string, line: number, message: string])[] = [
    ["cn: a\n", 1, "must start with dn:"],
    ["dn: cn=a\nnocolon\n", 2, "no attribute name and colon"],
    ["dn: cn=a\n: x\n", 2, "no attribute name"],
    ["dn: cn=a\nc n: x\n", 2, "wrong character"],
    ["dn: cn=a\ncn:: ab\n", 2, "wrong length"],
    ["dn: cn=a\ncn:: a!bc\n", 2, "wrong character"],
    ["dn: cn=a\ncn:< file:///x\n", 2, "URLs are not read"],
    ["dn:: /w==\ncn: a\n", 1, "not UTF-8"],
    ["version: 2\ndn: cn=a\ncn: a\n", 1, "version is not 1"],
    ["dn: cn=a\nchangetype: frob\n", 2, "Unknown changetype"],
    ["dn: cn=a\nchangetype: delete\ncn: a\n", 3, "more lines"],
    ["dn: cn=a\nchangetype: modify\nfrob: cn\n", 3, "Unknown modification"],
    ["dn: cn=a\nchangetype: modify\nadd: cn\nsn: x\n-\n", 4, "Value of sn"],
    ["dn: cn=a\nchangetype: modrdn\nnewrdn: cn=b\n", 3, "ends too early"],
    ["dn: cn=a\nchangetype: modrdn\nnewrdn: cn=b\ndeleteoldrdn: 2\n", 4, "0 or 1"],
    ["dn: cn=a\ncontrol: \nchangetype: delete\n", 2, "Control is not"],
    ["dn: cn=a\ncontrol: 1.2 maybe\nchangetype: delete\n", 2, "Control is not"],
    [" x\ndn: cn=a\ncn: a\n", 1, "continues nothing"],
  ];
  for (const [text, line, message] of invalid) {
    test(`ldif/ldif-reader: ${JSON.stringify(text)} is invalid at line ${line}`, () => {
      const [bad, good] = read(`${text}\ndn: cn=z\ncn: z\n`);
      assert.equal(bad!.type, "invalid");
      const { error } = bad as LdifInvalidRecord;
      assert.equal(error.line, line);
      assert.include(error.message, message);
      assert.include(good!, { type: "content", dn: "cn=z" });
    });
  }

  test("ldif/ldif-reader: an invalid record names its DN", () => {
    assert.include(read("dn: cn=a\nbad\n")[0]!, { type: "invalid", dn: "cn=a", line: 1 });
  });

  test("ldif/ldif-reader: parseLdif throws the first error", () => {
    assert.throws(() => parseLdif(Buffer.from("dn: cn=a\nbad\n")), LdifError, "no attribute name");
  });
});
