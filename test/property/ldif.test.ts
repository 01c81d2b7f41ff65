// Laws of the LDIF text form.
import { assert } from "chai";
import fc from "fast-check";
import {
  encodeLdifRecord,
  LdifError,
  LdifReader,
  type LdifRecord,
  parseLdif,
} from "../../src/ldif/index.ts";

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
  fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
);
const dn = fc.string({ unit: "grapheme" }).map((text) => text.replace(/^[ ]+/, ""));
const description = fc.constantFrom("cn", "sn;lang-de", "userCertificate;binary", "x-1");
const attributes = fc.uniqueArray(
  fc.record({ type: description, values: fc.array(bytes, { minLength: 1, maxLength: 3 }) }),
  { selector: (attribute) => attribute.type },
);
const controls = fc.array(
  fc.record({
    oid: fc.constantFrom("1.2.3", "2.16.840.1.113730.3.4.2"),
    critical: fc.boolean(),
    value: fc.option(bytes, { nil: undefined }),
  }),
  { maxLength: 2 },
);
const mod = fc.record({
  operation: fc.constantFrom("add" as const, "delete" as const, "replace" as const),
  type: description,
  values: fc.array(bytes, { maxLength: 3 }),
});
const line = fc.constant(1);
const record: fc.Arbitrary<LdifRecord> = fc.oneof(
  fc.record({ type: fc.constant("content" as const), line, dn, attributes }),
  fc.record({ type: fc.constant("add" as const), line, dn, controls, attributes }),
  fc.record({ type: fc.constant("delete" as const), line, dn, controls }),
  fc.record({
    type: fc.constant("modify" as const),
    line,
    dn,
    controls,
    mods: fc.array(mod, { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant("modifyDn" as const),
    line,
    dn,
    controls,
    newRdn: dn,
    deleteOldRdn: fc.boolean(),
    newSuperior: fc.option(dn, { nil: undefined }),
  }),
);

suite("property/ldif", () => {
  test("property/ldif: a written record reads back, folded or not", () => {
    fc.assert(
      fc.property(record, fc.boolean(), (wanted, fold) => {
        const written = encodeLdifRecord(wanted, { fold });
        assert.deepEqual(parseLdif(written), [wanted]);
        if (fold)
          for (const row of written.toString("latin1").split("\n")) assert.isAtMost(row.length, 76);
      }),
    );
  });

  test("property/ldif: where the input is cut makes no difference", () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 3 }), fc.nat(2000), (records, at) => {
        const all = Buffer.concat(records.map((one) => encodeLdifRecord(one)));
        const reader = new LdifReader();
        const read = [
          ...reader.feed(all.subarray(0, at)),
          ...reader.feed(all.subarray(at)),
          ...reader.end(),
        ];
        assert.deepEqual(read, [...parseLdif(all)]);
      }),
    );
  });

  test("property/ldif: any text is records or an LdifError", () => {
    const text = fc.string({
      unit: fc.constantFrom(
        "dn",
        ":",
        " ",
        "\n",
        "-",
        "#",
        "a",
        "changetype",
        "modify",
        "add",
        "<",
        "\r",
      ),
    });
    fc.assert(
      fc.property(text, (any) => {
        try {
          parseLdif(Buffer.from(any));
        } catch (error) {
          assert.instanceOf(error, LdifError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
