#!/usr/bin/env node
// What dist/program/main.js is: it runs the program with the code that V8 has compiled before, which scripts/bundle.ts keeps
// beside it. Reading and compiling two megabytes costs a third of the CPU time of a start. A cache of another version of Node
// or V8 is refused by V8; then, and without one, the program is compiled as ever.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script, constants } from "node:vm";

/** Put in by scripts/bundle.ts: names made of the contents, so that a cache never meets another program. */
declare const PROGRAM_FILE: string;
declare const CACHE_FILE: string;

/** As package.json says. */
const NODE_MIN = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
  process.stderr.write(
    `Node ${NODE_MIN.join(".")} or newer is needed; this is ${process.version}.\n`,
  );
  process.exit(1);
}

const folder = import.meta.dirname;
const file = join(folder, PROGRAM_FILE);
const cacheFile = join(folder, CACHE_FILE);
// All characters are ASCII; a text of single bytes is the cheapest for V8.
const program = new Script(readFileSync(file, "latin1"), {
  filename: file,
  cachedData: readCache(),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
// With what has been compiled while it ran; whole or not at all, because others may be starting.
if (process.env["CONCORD_WRITE_CODE_CACHE"] !== undefined) {
  process.on("exit", () => {
    writeFileSync(`${cacheFile}.part`, program.createCachedData());
    renameSync(`${cacheFile}.part`, cacheFile);
  });
}
const run = program.runInThisContext() as (...args: readonly unknown[]) => {
  runProgram(): Promise<void>;
};
void run(createRequire(import.meta.url), import.meta.url, folder).runProgram();

function readCache(): Buffer | undefined {
  try {
    return readFileSync(cacheFile);
  } catch {
    return undefined;
  }
}
