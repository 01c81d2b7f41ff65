import { assert } from "chai";
import fc from "fast-check";
import { isAtOrBelow, isBelow } from "../../../src/dn/index.ts";

suite("dn/is-below", () => {
  test("dn/is-below: a DN is below those that it ends with behind a comma", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "=", ","), maxLength: 6 });
    fc.assert(
      fc.property(text, text, fc.boolean(), (start, ancestor, ends) => {
        const dn = ends ? start + ancestor : start;
        assert.equal(isBelow(dn, ancestor), dn.endsWith(`,${ancestor}`));
        assert.equal(isAtOrBelow(dn, ancestor), dn === ancestor || dn.endsWith(`,${ancestor}`));
      }),
      { numRuns: 2000 },
    );
  });
});
