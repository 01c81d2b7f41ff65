/** Where passwords come from. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";
import { CommandFailure } from "../../../src/cli/failure.ts";
import { findPassword, makePassword } from "../../../src/cli/passwords.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const ENVIRONMENT = { CONCORD_ROOT_PASSWORD: "from-environment" };

suite("cli/passwords", () => {
  const file = join(makeTemporaryFolder(), "password");
  writeFileSync(file, " with blanks \r\n");

  test("cli/passwords: a file comes before an option, an option before the environment", () => {
    const options = { rootPasswordFile: file, rootPassword: "from-option" };
    assert.equal(findPassword(options, ENVIRONMENT), " with blanks ");
    assert.equal(findPassword({ rootPassword: "from-option" }, ENVIRONMENT), "from-option");
    assert.equal(findPassword({}, ENVIRONMENT), "from-environment");
    assert.isUndefined(findPassword({}, {}));
  });

  test("cli/passwords: an empty one and a missing file are failures", () => {
    assert.throws(() => findPassword({ rootPassword: "" }, {}), CommandFailure, /empty/);
    assert.throws(() => findPassword({}, { CONCORD_ROOT_PASSWORD: "" }), CommandFailure);
    assert.throws(
      () => findPassword({ rootPasswordFile: "/nonexistent/file" }, {}),
      CommandFailure,
      /cannot read the password file/,
    );
  });

  test("cli/passwords: made ones are long, easy to type and different", () => {
    const made = new Set(Array.from({ length: 100 }, makePassword));
    assert.equal(made.size, 100);
    for (const password of made) assert.match(password, /^[a-hj-km-np-zA-HJ-NP-Z2-9]{20}$/);
  });
});
