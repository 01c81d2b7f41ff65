// The schema that the product ships, for tests.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadSchema, readSchemaLdif, type Schema } from "../../../src/schema/index.ts";

function findProjectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Names of the schema files, in order. */
export const SCHEMA_FOLDER: string = join(findProjectRoot(), "schema");

export const schemaFiles = (): readonly string[] =>
  readdirSync(SCHEMA_FOLDER)
    .filter((file) => file.endsWith(".ldif"))
    .sort();

export function loadShippedSchema(): Schema {
  return loadSchema(
    schemaFiles().map((file) => readSchemaLdif(readFileSync(join(SCHEMA_FOLDER, file), "utf8"))),
  );
}
