// What a server has refused of the changes that came with a CSN, from its access log, which both kinds write in one form. A supplier
// goes on after such an answer: the change is missing there (389 refuses a whole modification for one value of an attribute
// that it has never seen).
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DirectoryServer } from "./directory-server.ts";

const LINES_MAX = 50;

/** The last such lines; for reports. */
export function refusedChanges({ folder }: DirectoryServer): readonly string[] {
  const path = join(folder, "log/access");
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => / RESULT err=[1-9]\d* .* csn=/.test(line))
    .slice(-LINES_MAX);
}
