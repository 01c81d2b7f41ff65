/** The schema that is in memory from the start serves as the files do. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";
import { keepShippedSchema, loadSchemaFiles } from "../../../src/server/schema-files.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const OWN_TYPE =
  "( 1.3.6.1.4.1.99999.1 NAME 'ownType' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 X-ORIGIN 'user defined' )";
/** In the place of the one that comes with the product. */
const OTHER_CLASS =
  "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST sn MAY ( cn $ ownType ) X-ORIGIN 'user defined' )";

suite("server/schema-files", () => {
  test("server/schema-files: definitions are the same from memory as from the files, with and without a file of the user", () => {
    const user = join(makeTemporaryFolder(), "99user.ldif");
    const read = (): unknown[] =>
      [join(user, "none"), user].map((file) => {
        const { schema, stamp } = loadSchemaFiles(file);
        return { texts: schema.definitions, stamp };
      });
    writeFileSync(
      user,
      `# changed 6955b900000100010000 at 20260101000000Z by cn=x\ndn: cn=schema\nattributeTypes: ${OWN_TYPE}\nobjectClasses: ${OTHER_CLASS}\n`,
    );
    const fromFiles = read();
    const kept = keepShippedSchema();
    assert.deepEqual(read(), fromFiles);
    assert.strictEqual(loadSchemaFiles(join(user, "none")).schema, kept);
    const { schema } = loadSchemaFiles(user);
    assert.deepEqual(
      schema.findObjectClass("person")?.must.map(({ name }) => name),
      ["sn", "objectClass"],
    );
    assert.isTrue(schema.attributeType("ownType").defined);
  });

  test("server/schema-files: a file that cannot be read is named", () => {
    const user = join(makeTemporaryFolder(), "99user.ldif");
    writeFileSync(user, "no colon\n");
    assert.throws(() => loadSchemaFiles(user), `Schema file ${user}: `);
  });
});
