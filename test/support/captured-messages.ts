// The LDAP messages of test/data/replication, captured from a live 389 Directory Server.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

const FOLDER = join(projectRoot(), "test/data/replication");

/** Names without `.hex`, in order. */
export function capturedNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".hex"))
    .map((name) => name.slice(0, -4))
    .sort();
}

export function readCaptured(name: string): Buffer {
  const lines = readFileSync(join(FOLDER, `${name}.hex`), "latin1").split("\n");
  return Buffer.from(lines.slice(1).join(""), "hex");
}
