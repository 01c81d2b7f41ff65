// Laws of the DN text form.
import { assert } from "chai";
import fc from "fast-check";
import { type Dn, DnSyntaxError, formatDn, parseDn } from "../../src/dn/index.ts";

const type = fc.constantFrom("cn", "OU", "x-1", "2.5.4.3");
const value = fc.oneof(
  fc.string({ unit: "grapheme" }).map((text) => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom(" ", "#", ",", "+", "\\", '"', "a", "=", "\0") })
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const dn: fc.Arbitrary<Dn> = fc.array(
  fc.array(fc.record({ type, value }), { minLength: 1, maxLength: 3 }),
  { maxLength: 4 },
);

suite("property/dn", () => {
  test("property/dn: a formatted DN parses to itself", () => {
    fc.assert(fc.property(dn, (wanted) => assert.deepEqual(parseDn(formatDn(wanted)), wanted)));
  });

  test("property/dn: any text is a DN or a DnSyntaxError", () => {
    const text = fc.string({
      unit: fc.constantFrom("c", "n", "=", ",", "+", " ", "\\", "#", '"', "0", "4", ".", "ä", ";"),
    });
    fc.assert(
      fc.property(text, (any) => {
        try {
          const parsed = parseDn(any);
          assert.deepEqual(parseDn(formatDn(parsed)), parsed);
        } catch (error) {
          assert.instanceOf(error, DnSyntaxError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
