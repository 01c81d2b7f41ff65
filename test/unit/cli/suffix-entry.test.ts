/** The entry at the top of a suffix. */
import { assert } from "chai";
import { suite, test } from "mocha";
import { CommandFailure } from "../../../src/cli/failure.ts";
import { suffixEntry } from "../../../src/cli/suffix-entry.ts";

const CASES: readonly (readonly [suffix: string, objectClass: string])[] = [
  ["dc=example,dc=com", "domain"],
  ["o=Example", "organization"],
  ["OU=people,dc=example,dc=com", "organizationalUnit"],
  ["c=DE", "country"],
  ["l=Berlin,c=DE", "locality"],
  ["cn=things", "nsContainer"],
];

suite("cli/suffix-entry", () => {
  for (const [suffix, objectClass] of CASES) {
    test(`cli/suffix-entry: ${suffix} is of the class ${objectClass} and carries access rules`, () => {
      const { attributes } = suffixEntry(suffix);
      const texts = (type: string): readonly string[] =>
        attributes.find((one) => one.type === type)?.values.map((v) => v.toString()) ?? [];
      assert.deepEqual(texts("objectClass"), ["top", objectClass]);
      assert.lengthOf(texts("aci"), 2);
    });
  }

  for (const suffix of ["uid=x,dc=example,dc=com", "dc=a+o=b", ""]) {
    test(`cli/suffix-entry: none can be made for ${JSON.stringify(suffix)}`, () => {
      assert.throws(() => suffixEntry(suffix), CommandFailure);
    });
  }
});
