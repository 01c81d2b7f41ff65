// Laws of normal forms: they are stable, ordering keys agree with the order of what they stand for.
import { assert } from "chai";
import fc from "fast-check";
import { DnSyntaxError, formatDn, parseDn } from "../../src/dn/index.ts";
import { loadSchema } from "../../src/schema/index.ts";
import { normalInteger } from "../../src/schema/normal-integer.ts";
import { normalTime } from "../../src/schema/normal-time.ts";
import { textPreparer } from "../../src/schema/prepare-text.ts";

const S = "SYNTAX 1.3.6.1.4.1.1466.115.121.1";
const schema = loadSchema([
  {
    attributeTypes: [
      `( 2.5.4.3 NAME ( 'cn' 'commonName' ) EQUALITY caseIgnoreMatch ${S}.15 )`,
      `( 2.5.4.35 NAME 'userPassword' EQUALITY octetStringMatch ${S}.40 )`,
      `( 2.5.4.31 NAME 'member' EQUALITY distinguishedNameMatch ${S}.12 )`,
    ],
    objectClasses: [],
  },
]);
const sign = (order: number): number => Math.sign(order);
const word = fc.string({
  unit: fc.constantFrom(
    "a",
    "B",
    "ä",
    "Ä",
    "ß",
    " ",
    "  ",
    "\u0301",
    "Σ",
    "\t",
    "-",
    "ﬁ",
    "\u00ad",
  ),
});
/** Without characters that change what stands before them. */
const plainWord = fc.string({
  unit: fc.constantFrom("a", "B", "ä", "Ä", "ß", " ", "  ", "Σ", "\t", "-", "ﬁ"),
});
const anyText = fc.oneof(word, fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));

/** In their simplest form and nearly. */
const LEAVES = [
  ...["cn=a", "cn=a1.b_c-d@e", "cn=A", "CN=a", "commonName=a", "2.5.4.3=a", "OID.2.5.4.3=a", "x=a"],
  ...["cn = A ", "cn=a b", "cn=a  b", "cn= a", "cn=a ", "cn=", "=a", "cn=a=b", "cn=#04", "cn==a"],
  ...[
    "cn=b;x=c",
    "cn=a+sn=b",
    "cn=a\\2cb",
    "cn=\u00e4",
    "cn=\u017f",
    "cn=a\u007fb",
    "cn;x=a",
    "",
    "cn",
  ],
  ...[
    "telephoneNumber=1-2",
    "telephonenumber=1-2",
    "gidnumber=007",
    "gidnumber=7",
    "description=%~",
  ],
  ...["member=cn", "createtimestamp=20200101000000z", "objectclass=PERSON", "dc=a-b"],
];

suite("property/schema", () => {
  test("property/schema: integer keys are in numeric order", () => {
    const integer = fc.oneof(
      fc.bigInt(),
      fc.bigInt(-20n, 20n),
      fc.bigInt({ min: -(10n ** 140n), max: 10n ** 140n }),
    );
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        const keyA = normalInteger(Buffer.from(a.toString()))!;
        const keyB = normalInteger(Buffer.from(b.toString()))!;
        assert.equal(sign(Buffer.compare(keyA, keyB)), a < b ? -1 : a > b ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });

  test("property/schema: time keys are in the order of instants, whatever the zone", () => {
    const instant = fc.integer({ min: -60_000_000_000, max: 250_000_000_000 });
    const zone = fc.integer({ min: -23 * 60, max: 23 * 60 });
    const write = (seconds: number, offsetMinutes: number): string => {
      const local = new Date((seconds + offsetMinutes * 60) * 1000).toISOString();
      const digits = local.slice(0, 19).replace(/\D/g, "");
      const size = Math.abs(offsetMinutes);
      const two = (value: number): string => String(value).padStart(2, "0");
      return `${digits}${offsetMinutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
    };
    fc.assert(
      fc.property(instant, instant, zone, zone, (a, b, zoneA, zoneB) => {
        const keyA = normalTime(Buffer.from(write(a, zoneA)))!;
        const keyB = normalTime(Buffer.from(write(b, zoneB)))!;
        assert.equal(sign(Buffer.compare(keyA, keyB)), sign(a - b));
        assert.deepEqual(normalTime(Buffer.from(write(a, zoneB)))!, keyA);
      }),
    );
  });

  for (const fold of [true, false]) {
    const preparer = textPreparer({ fold, removal: "none" });
    test(`property/schema: a prepared value prepares to itself (fold ${fold})`, () => {
      fc.assert(
        fc.property(anyText, (text) => {
          const once = preparer.prepareValue(Buffer.from(text));
          if (once !== undefined) assert.deepEqual(preparer.prepareValue(once), once);
        }),
        { numRuns: 1000 },
      );
    });

    test(`property/schema: a value contains the parts it was cut into (fold ${fold})`, () => {
      fc.assert(
        fc.property(plainWord, plainWord, plainWord, (a, b, c) => {
          fc.pre(![a, b, c].some((part) => part.trim() === ""));
          const whole = preparer.prepareTarget(Buffer.from(a + b + c))!.toString();
          const initial = preparer.preparePart(Buffer.from(a), "initial")!.toString();
          const any = preparer.preparePart(Buffer.from(b), "any")!.toString();
          const final = preparer.preparePart(Buffer.from(c), "final")!.toString();
          assert.isTrue(whole.startsWith(initial), `${whole}|${initial}`);
          assert.isTrue(whole.endsWith(final), `${whole}|${final}`);
          assert.isTrue(whole.includes(any), `${whole}|${any}`);
        }),
        { numRuns: 1000 },
      );
    });
  }

  const spaced = fc
    .array(fc.constantFrom("a", "B", "e", " ", "  ", "\u0301", "\u0001", "\u00a0", "é"), {
      maxLength: 8,
    })
    .map((letters) => letters.join(""));

  for (const removal of ["none", "spaces", "spacesAndHyphens"] as const) {
    const preparer = textPreparer({ fold: true, removal });
    test(`property/schema: values with a beginning have its prefix (removal ${removal})`, () => {
      let hits = 0;
      fc.assert(
        fc.property(spaced, fc.nat(8), fc.boolean(), (text, length, blank) => {
          const part = preparer.preparePart(
            Buffer.from(text.slice(0, length) + (blank ? " " : "")),
            "initial",
          );
          const target = preparer.prepareTarget(Buffer.from(text));
          if (part === undefined || target === undefined) return;
          if (!target.subarray(0, part.length).equals(part)) return;
          hits += 1;
          const prefix = preparer.valuePrefix(part).toString();
          const value = preparer.prepareValue(Buffer.from(text))!.toString();
          assert.isTrue(value.startsWith(prefix), `${value}|${prefix}`);
        }),
        { numRuns: 2000 },
      );
      assert.isAbove(hits, 1000);
    });
  }

  for (const removal of ["none", "spaces", "spacesAndHyphens"] as const) {
    const preparer = textPreparer({ fold: true, removal });
    test(`property/schema: values compared in place are those of equal forms (removal ${removal})`, () => {
      const letter = fc.constantFrom(
        "a",
        "A",
        "e",
        " ",
        "-",
        "\t",
        "\u0001",
        "\u0301",
        "é",
        "\u00a0",
      );
      const text = fc.array(letter, { maxLength: 6 }).map((letters) => letters.join(""));
      const same = text.map((one) => [one, one.toUpperCase()] as const);
      let told = 0;
      fc.assert(
        fc.property(fc.oneof(same, fc.tuple(text, text)), fc.nat(3), ([a, b], offset) => {
          const form = preparer.prepareValue(Buffer.from(a));
          if (form === undefined) return;
          const value = Buffer.from(b);
          const around = Buffer.concat([Buffer.alloc(offset, "a"), value, Buffer.from("\u0301")]);
          const found = preparer.equalsAt(around, offset, offset + value.length, form);
          if (found === undefined) {
            assert.isTrue(value.some((byte) => byte >= 0x80));
            return;
          }
          told += 1;
          assert.equal(found, preparer.prepareValue(value)?.equals(form) === true);
        }),
        { numRuns: 3000 },
      );
      assert.isAbove(told, 1000);
    });
  }

  test("property/schema: ASCII parts take the same way as other text", () => {
    const preparer = textPreparer({ fold: true, removal: "none" });
    const ascii = fc.string({
      unit: fc.constantFrom("a", "Z", " ", "\t", "\u0001", "-"),
      maxLength: 6,
    });
    const position = fc.constantFrom("initial", "any", "final");
    fc.assert(
      fc.property(ascii, ascii, position, (a, b, where) => {
        const prepare = (text: string): string =>
          preparer.preparePart(Buffer.from(text), where)!.toString();
        assert.equal(prepare(`${a}x${b}`), prepare(`${a}ä${b}`).replace("ä", "x"));
      }),
      { numRuns: 1000 },
    );
  });

  test("property/schema: ASCII takes the same way as other text", () => {
    const preparer = textPreparer({ fold: true, removal: "none" });
    const ascii = fc.string({
      unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(ascii, (text) => {
        const fast = preparer.prepareValue(Buffer.from(text))!.toString();
        const slow = preparer.prepareValue(Buffer.from(`${text} \u00e4`))!.toString();
        assert.equal(fast === " " ? "ä" : `${fast} ä`, slow);
      }),
      { numRuns: 1000 },
    );
  });

  const value = fc.oneof(
    anyText.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  );
  const ava = fc.record({ type: fc.constantFrom("cn", "CommonName", "userPassword", "x"), value });
  const dn = fc.array(fc.array(ava, { minLength: 1, maxLength: 3 }), { maxLength: 3 });

  test("property/schema: a normal DN is a DN with the same normal form", () => {
    fc.assert(
      fc.property(dn, (name) => {
        const normal = schema.normalizeDn(name);
        assert.equal(schema.normalizeDn(parseDn(normal)), normal);
        assert.equal(schema.normalizeDnText(formatDn(name)), normal);
        assert.equal(normal === "" ? 0 : normal.split(",").length, name.length);
        assert.equal(schema.normalizeDn(name.map((rdn) => [...rdn].reverse())), normal);
      }),
      { numRuns: 1000 },
    );
  });

  test("property/schema: what is kept of parents does not change a normal form, nor a fault", () => {
    const parts = [
      "cn=a",
      "CN = B ",
      "x=ß",
      'cn="a,b"',
      "cn=a\\,b",
      "cn=#0401",
      "nodn",
      ",",
      ",",
      ";",
      " ",
      "+",
    ];
    const text = fc.array(fc.constantFrom(...parts), { maxLength: 6 }).map((some) => some.join(""));
    const outcome = (normalize: () => string): string => {
      try {
        return normalize();
      } catch (error) {
        if (!(error instanceof DnSyntaxError)) throw error;
        return `${error.message} at ${error.offset}`;
      }
    };
    fc.assert(
      fc.property(text, (one) => {
        const expected = outcome(() => schema.normalizeDn(parseDn(one)));
        assert.equal(
          outcome(() => schema.normalizeDnText(one)),
          expected,
        );
        for (const parent of [one, `${one},dc=x`]) outcome(() => schema.normalizeDnText(parent));
        for (const leaf of LEAVES) {
          const below = `${leaf},${one}`;
          assert.equal(
            outcome(() => schema.normalizeDnText(below)),
            outcome(() => schema.normalizeDn(parseDn(below))),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  test("property/schema: a DN inside a DN normalizes like the DN outside", () => {
    fc.assert(
      fc.property(dn, (name) => {
        const inner = { type: "member", value: Buffer.from(formatDn(name)) };
        const again = { type: "MEMBER", value: Buffer.from(schema.normalizeDn(name)) };
        assert.equal(schema.normalizeDn([[inner]]), schema.normalizeDn([[again]]));
      }),
    );
  });
});
