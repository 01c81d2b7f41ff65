// The schema of an instance: the files that come with the product, and what was added over LDAP (schema/99user.ldif of the
// instance, written whole at every change).
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { LdifWriter } from "../ldif/index.ts";
import {
  type DefinitionTexts,
  type Schema,
  formatAttributeType,
  formatObjectClass,
  isUserDefinedElement,
  loadSchema,
  readSchemaLdif,
} from "../schema/index.ts";
import { replaceFile } from "./durable-file.ts";
import { projectRoot } from "./project-root.ts";

const SCHEMA_FOLDER = "schema";

/** When and by whom the schema was changed over LDAP. */
export interface SchemaStamp {
  readonly schemaCsn: string | undefined;
  readonly modifiersName: string | undefined;
  /** Generalized time. */
  readonly modifiedAt: string;
}

const STAMP = /^# changed (\S*) at (\S*) by (.*)$/m;

/** @throws Error naming the file that cannot be read */
export function loadSchemaFiles(userFile: string): { schema: Schema; stamp: SchemaStamp } {
  const paths = shippedFiles();
  if (existsSync(userFile)) paths.push(userFile);
  const texts: DefinitionTexts[] = paths.map((path) => {
    try {
      return readSchemaLdif(readFileSync(path, "utf8"));
    } catch (error) {
      throw new Error(`Schema file ${path}: ${(error as Error).message}`, { cause: error });
    }
  });
  const stamp = existsSync(userFile) ? STAMP.exec(readFileSync(userFile, "utf8")) : null;
  return {
    schema: loadSchema(texts),
    stamp: {
      schemaCsn: stamp?.[1] || undefined,
      modifiedAt: stamp?.[2] ?? "19700101000000Z",
      modifiersName: stamp?.[3] || undefined,
    },
  };
}

function shippedFiles(): string[] {
  const folder = join(projectRoot(), SCHEMA_FOLDER);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ldif"))
    .sort()
    .map((name) => join(folder, name));
}

/** What comes with the product, as `storeUserSchema` would write it. */
let shippedTexts: ReadonlySet<string> | undefined;

function readShippedTexts(): ReadonlySet<string> {
  if (shippedTexts !== undefined) return shippedTexts;
  const schema = loadSchema(
    shippedFiles().map((path) => readSchemaLdif(readFileSync(path, "utf8"))),
  );
  shippedTexts = new Set([
    ...schema.attributeTypes().map(formatAttributeType),
    ...schema.objectClasses().map(formatObjectClass),
  ]);
  return shippedTexts;
}

/** Writes what is user defined in `schema`, and what else does not come with the product: definitions that were learned from
 *  other servers. */
export function storeUserSchema(userFile: string, schema: Schema, stamp: SchemaStamp): void {
  const writer = new LdifWriter();
  const bytes = (text: string): Buffer => Buffer.from(text, "utf8");
  const shipped = readShippedTexts();
  const attributeTypes = schema
    .attributeTypes()
    .map((type) => ({ element: type, text: formatAttributeType(type) }))
    .filter(({ element, text }) => isUserDefinedElement(element) || !shipped.has(text))
    .map(({ text }) => text);
  const objectClasses = schema
    .objectClasses()
    .map((objectClass) => ({ element: objectClass, text: formatObjectClass(objectClass) }))
    .filter(({ element, text }) => isUserDefinedElement(element) || !shipped.has(text))
    .map(({ text }) => text);
  writer.writeRecord({
    type: "content",
    line: 0,
    dn: "cn=schema",
    attributes: [
      { type: "objectClass", values: ["top", "ldapSubentry", "subschema"].map(bytes) },
      { type: "cn", values: [bytes("schema")] },
      { type: "attributeTypes", values: attributeTypes.map(bytes) },
      { type: "objectClasses", values: objectClasses.map(bytes) },
    ].filter(({ values }) => values.length > 0),
  });
  const head = `# changed ${stamp.schemaCsn ?? ""} at ${stamp.modifiedAt} by ${stamp.modifiersName ?? ""}\n`;
  replaceFile(userFile, Buffer.concat([bytes(head), writer.take()]));
}
