// What a server has refused of the changes that came with a CSN, from its access log, which both kinds write in one form. A supplier
// goes on after such an answer: the change is missing there (389 refuses a whole modification for one value of an attribute
// that it has never seen).
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DirectoryServer } from "./directory-server.ts";

const LINES_MAX = 50;

/** The last such lines of changes that other replicas have made; for reports. */
export function refusedChanges({ folder }: DirectoryServer, ownId: number): readonly string[] {
  const path = join(folder, "log/access");
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => {
      const id = / RESULT err=[1-9]\d* .* csn=[0-9a-f]{12}([0-9a-f]{4})/.exec(line)?.[1];
      return id !== undefined && Number.parseInt(id, 16) !== ownId;
    })
    .slice(-LINES_MAX);
}
