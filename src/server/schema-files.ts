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

interface SchemaFile {
  readonly path: string;
  readonly text: string;
}

/** The schema that comes with the product. A snapshot of the program has it in memory. */
let kept: { readonly files: readonly SchemaFile[]; readonly schema: Schema } | undefined;

/** Reads what comes with the product; `loadSchemaFiles` takes it as long as the files have not changed since. */
export function keepShippedSchema(): Schema {
  const files = readShippedFiles();
  const schema = loadSchema(files.map(definitionsOf));
  kept = { files, schema };
  return schema;
}

/** @throws Error naming the file that cannot be read */
export function loadSchemaFiles(userFile: string): { schema: Schema; stamp: SchemaStamp } {
  const shipped = readShippedFiles();
  const known = kept !== undefined && haveSameText(shipped, kept.files) ? kept.schema : undefined;
  const user = existsSync(userFile) ? readSchemaFile(userFile) : undefined;
  const stamp = user === undefined ? null : STAMP.exec(user.text);
  return {
    schema: makeSchema(shipped, user, known),
    stamp: {
      schemaCsn: stamp?.[1] || undefined,
      modifiedAt: stamp?.[2] ?? "19700101000000Z",
      modifiersName: stamp?.[3] || undefined,
    },
  };
}

function makeSchema(
  shipped: readonly SchemaFile[],
  user: SchemaFile | undefined,
  known: Schema | undefined,
): Schema {
  const added = user === undefined ? [] : [definitionsOf(user)];
  if (known === undefined) return loadSchema([...shipped.map(definitionsOf), ...added]);
  return user === undefined ? known : loadSchema(added, known.definitions);
}

function readShippedFiles(): SchemaFile[] {
  const folder = join(projectRoot(), SCHEMA_FOLDER);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ldif"))
    .sort()
    .map((name) => readSchemaFile(join(folder, name)));
}

function readSchemaFile(path: string): SchemaFile {
  return naming(path, () => ({ path, text: readFileSync(path, "utf8") }));
}

function definitionsOf({ path, text }: SchemaFile): DefinitionTexts {
  return naming(path, () => readSchemaLdif(text));
}

function naming<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`Schema file ${path}: ${(error as Error).message}`, { cause: error });
  }
}

const haveSameText = (files: readonly SchemaFile[], others: readonly SchemaFile[]): boolean =>
  files.length === others.length &&
  files.every(({ path, text }, i) => path === others[i]?.path && text === others[i].text);

/** What comes with the product, as `storeUserSchema` would write it. */
let shippedTexts: ReadonlySet<string> | undefined;

function readShippedTexts(): ReadonlySet<string> {
  if (shippedTexts !== undefined) return shippedTexts;
  const schema = loadSchema(readShippedFiles().map(definitionsOf));
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
