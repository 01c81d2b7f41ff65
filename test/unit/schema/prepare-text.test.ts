// RFC 4518: mapping, normalization, insignificant characters.
import { assert } from "chai";
import fc from "fast-check";
import { textPreparer } from "../../../src/schema/prepare-text.ts";

const ignore = textPreparer({ fold: true, removal: "none" });
const exact = textPreparer({ fold: false, removal: "none" });
const numeric = textPreparer({ fold: false, removal: "spaces" });
const telephone = textPreparer({ fold: true, removal: "spacesAndHyphens" });

const show = (form: Buffer | undefined): string | undefined => form?.toString("utf8");

const equal: readonly (readonly [a: string, b: string])[] = [
  ["Ann Lee", "ann lee"],
  ["  Ann \t  Lee ", "ann lee"],
  ["a\r\nb", "a b"],
  ["a\u0007b", "ab"],
  ["a\u00adb", "ab"],
  ["a\u200bb\ufeff", "ab"],
  ["a\u00a0\u3000b", "a b"],
  ["Straße", "STRASSE"],
  ["ẞ", "ss"],
  ["ΣΊΣΥΦΟΣ", "σίσυφος"],
  ["İ", "i\u0307"],
  ["K", "k"],
  ["ﬁn", "FIN"],
  ["Å", "a\u030a"],
  ["é", "e\u0301"],
  ["ＡＢ", "ab"],
  ["℃", "°c"],
  ["", " "],
  ["   ", " "],
  ["ᾳ", "αι"],
  ["😀 A", "😀 a"],
];
const different: readonly (readonly [a: string, b: string])[] = [
  ["a b", "ab"],
  ["ı", "i"],
  ["ä", "a"],
  [" \u0301", " "],
  ["a \u0301", "a\u0301"],
];

suite("schema/prepare-text", () => {
  for (const [a, b] of equal) {
    test(`schema/prepare-text: ${JSON.stringify(a)} equals ${JSON.stringify(b)} without case`, () => {
      const form = show(ignore.prepareValue(Buffer.from(a)));
      assert.isString(form);
      assert.equal(form, show(ignore.prepareValue(Buffer.from(b))));
    });
  }
  for (const [a, b] of different) {
    test(`schema/prepare-text: ${JSON.stringify(a)} differs from ${JSON.stringify(b)}`, () => {
      assert.notEqual(
        show(ignore.prepareValue(Buffer.from(a))),
        show(ignore.prepareValue(Buffer.from(b))),
      );
    });
  }

  test("schema/prepare-text: a value in normal form is not copied", () => {
    const value = Buffer.from("ann lee");
    assert.strictEqual(ignore.prepareValue(value), value);
    assert.strictEqual(exact.prepareValue(Buffer.from("Ann"))?.toString(), "Ann");
  });

  test("schema/prepare-text: exact preparation keeps case and normalizes the rest", () => {
    assert.equal(show(exact.prepareValue(Buffer.from(" Ａ  ß "))), "A ß");
  });

  test("schema/prepare-text: what is not UTF-8 or prohibited has no form", () => {
    for (const value of ["ff", "c080", "eda080", "efbfbd", "ee8080", "f4908080", "cdb8"]) {
      assert.isUndefined(ignore.prepareValue(Buffer.from(value, "hex")), value);
    }
  });

  test("schema/prepare-text: numeric strings lose blanks, telephone numbers hyphens too", () => {
    assert.equal(show(numeric.prepareValue(Buffer.from(" 12 3-4"))), "123-4");
    assert.equal(show(telephone.prepareValue(Buffer.from("+1 (555) 12-34 X9"))), "+1(555)1234x9");
    assert.equal(show(telephone.prepareValue(Buffer.from("1\u20102\u22123"))), "123");
    assert.equal(show(numeric.prepareValue(Buffer.from("  "))), " ");
  });

  test("schema/prepare-text: the target form has two blanks between words and one at each end", () => {
    assert.equal(show(ignore.prepareTarget(Buffer.from("Foo Bar"))), " foo  bar ");
    assert.equal(show(ignore.prepareTarget(Buffer.from("é  Ü"))), " é  ü ");
    assert.equal(show(ignore.prepareTarget(Buffer.from(" "))), "  ");
  });

  const parts: readonly (readonly ["initial" | "any" | "final", string, string])[] = [
    ["initial", "Foo", " foo"],
    ["initial", "  foo ", " foo "],
    ["initial", "foo  bar", " foo  bar"],
    ["any", "foo", "foo"],
    ["any", "  foo  ", " foo "],
    ["any", " ", " "],
    ["final", "bar ", "bar "],
    ["final", " 01", " 01 "],
    ["final", "", " "],
    ["any", "É", "é"],
    ["any", " \u0301x", " \u0301x"],
  ];
  for (const [position, part, form] of parts) {
    test(`schema/prepare-text: the ${position} part ${JSON.stringify(part)} is ${JSON.stringify(form)}`, () => {
      assert.equal(show(ignore.preparePart(Buffer.from(part), position)), form);
    });
  }

  test("schema/prepare-text: forms of ASCII are those that a form by words has", () => {
    const byte = fc.constantFrom(..." \t\r\u0000\u0007\u007faAbZ-0".split(""));
    const position = fc.constantFrom("initial" as const, "any" as const, "final" as const);
    fc.assert(
      fc.property(fc.string({ unit: byte, maxLength: 12 }), position, (text, where) => {
        const mapped = text.replace(/[\0\x07\x7f]/g, "").replace(/[\t\r]/g, " ");
        const words = mapped.toLowerCase().match(/[^ ]+/g) ?? [];
        const target = words.length === 0 ? "  " : ` ${words.join("  ")} `;
        assert.equal(show(ignore.prepareTarget(Buffer.from(text))), target);
        const leads = where === "initial" || mapped.startsWith(" ") ? " " : "";
        const trails = where === "final" || mapped.endsWith(" ") ? " " : "";
        const part = words.length === 0 ? " " : leads + words.join("  ") + trails;
        assert.equal(show(ignore.preparePart(Buffer.from(text), where)), part);
      }),
    );
  });
});
