import { assert } from "chai";
import { type DescriptionRow, Descriptions } from "../../../src/entry/index.ts";
import { shippedSchema } from "../../support/config-tree.ts";

suite("entry/description", () => {
  const table = (): { rows: DescriptionRow[]; writer: Descriptions; reader: Descriptions } => {
    const rows: DescriptionRow[] = [];
    const schema = shippedSchema();
    return {
      rows,
      writer: new Descriptions(schema, () => rows),
      reader: new Descriptions(schema, () => rows, "reader"),
    };
  };

  test("entry/description: a number that a writer has given means the same to a reader that has met others before", () => {
    const { rows, writer, reader } = table();
    reader.intern("entryDN");
    reader.intern("numSubordinates");
    const mail = writer.intern("mail");
    rows.push(...writer.takeUnsaved());
    assert.equal(reader.get(mail.id).text, "mail");
    assert.equal(reader.intern("entryDN").key, "entrydn");
    assert.notEqual(reader.intern("entryDN").id, mail.id);
  });

  test("entry/description: a reader finds what has been stored since it met it", () => {
    const { rows, writer, reader } = table();
    assert.isUndefined(reader.find("mail;lang-de"));
    const own = reader.intern("mail;lang-de");
    assert.isFalse(reader.occurs(own.type));
    const stored = writer.intern("mail;lang-de");
    rows.push(...writer.takeUnsaved());
    reader.reload();
    assert.equal(reader.find("mail;LANG-DE")?.id, stored.id);
    assert.equal(reader.find("mail;lang-de")?.id, stored.id);
    assert.isTrue(reader.occurs(own.type));
  });
});
