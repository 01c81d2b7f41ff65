// Puts the program together from its modules, as the last step of `npm run build`: dist/program/main.js and the files that are
// started in threads, with what they share in chunks beside them. To find, read and compile five hundred files costs a third of a
// second of CPU more, at every start and in every command. Packages stay where they are.
//
// All files lie in one folder, so that those of threads are found beside the chunk that starts them. Chunks of builds before stay:
// servers that run may still need them.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "dist/program");
const ENTRIES = [
  "src/cli/main.ts",
  "src/replication/thread/agreement-worker.ts",
  "src/server/replica-data.ts",
  "src/server/export-thread.ts",
];

await build({
  absWorkingDir: ROOT,
  entryPoints: ENTRIES,
  outdir: PROGRAM,
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  sourcemap: true,
  logLevel: "warning",
});
chmodSync(join(PROGRAM, "main.js"), 0o755);
// What scripts/build-when-needed compares with.
writeFileSync(join(ROOT, "dist/.built"), "");
