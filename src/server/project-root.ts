// Where the product's own files (schema, conf, package.json) lie: the nearest folder above this file with a package.json.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

let found: string | undefined;

export function projectRoot(): string {
  if (found !== undefined) return found;
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("package.json is missing above the program");
    folder = parent;
  }
  found = folder;
  return folder;
}

export function productVersion(): string {
  const text = readFileSync(join(projectRoot(), "package.json"), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
