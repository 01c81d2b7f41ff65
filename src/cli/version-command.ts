// `concord version`
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert } from "../base/index.ts";
import { printResult } from "./print.ts";
import type { PrintOptions } from "./print.ts";

export function runVersion(options: PrintOptions): void {
  const version = readVersion();
  const result = { name: "concord", version, node: process.versions.node };
  printResult(result, () => `concord ${version} (Node ${process.versions.node})`, options);
}

export function readVersion(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    assert(dirname(folder) !== folder, "the program lies below its package.json");
    folder = dirname(folder);
  }
  const description: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  assert(
    typeof description === "object" && description !== null && "version" in description,
    "package.json has a version",
  );
  return String(description.version);
}
