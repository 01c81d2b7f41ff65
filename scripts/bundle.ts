// Puts the program together from its modules, as the last step of `npm run build`. In dist/program:
//
//   main.js                the command: scripts/launch.ts
//   program-HASH.cjs       the whole program as one function, whose compiled code V8 can keep
//   program-HASH.cache     that code, from a run in which a server started and answered
//   agreement-worker.js …  the files that are started in threads, with what they share in chunks
//
// To find, read and compile five hundred files costs half a second of CPU, at every start and in every command. Files of builds
// before stay: servers that run may still need them.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "dist/program");
const MAIN = join(PROGRAM, "main.js");
const THREADS = [
  "src/replication/thread/agreement-worker.ts",
  "src/server/replica-data.ts",
  "src/server/export-thread.ts",
];
const READY_MS_MAX = 60_000;

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: "node",
  target: "node20",
  logLevel: "warning",
} as const satisfies BuildOptions;

await build({
  ...common,
  entryPoints: THREADS,
  outdir: PROGRAM,
  chunkNames: "[name]-[hash]",
  entryNames: "[name]",
  splitting: true,
  format: "esm",
  packages: "external",
});
const name = await buildProgram();
await build({
  ...common,
  entryPoints: ["scripts/launch.ts"],
  outfile: MAIN,
  format: "esm",
  define: { PROGRAM_FILE: `"${name}.cjs"`, CACHE_FILE: `"${name}.cache"` },
});
chmodSync(MAIN, 0o755);
if (!(await keepCompiledCode())) {
  console.error("The compiled code of the program could not be kept: it starts slower.");
}
// What scripts/build-when-needed compares with.
writeFileSync(join(ROOT, "dist/.built"), "");

/** The name without its ending. */
async function buildProgram(): Promise<string> {
  const { outputFiles } = await build({
    ...common,
    entryPoints: ["src/cli/main.ts"],
    write: false,
    format: "cjs",
    // Native code finds its file from where its package is.
    external: ["lmdb"],
    define: { "import.meta.url": "programUrl", "import.meta.dirname": "__dirname" },
    banner: { js: "(function (require, programUrl, __dirname) { const module = { exports: {} };" },
    footer: { js: "})" },
  });
  const text = outputFiles[0]?.text ?? "";
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 8);
  writeFileSync(join(PROGRAM, `program-${hash}.cjs`), text, "latin1");
  return `program-${hash}`;
}

/** Runs a server that answers, and keeps what V8 has compiled for it. */
async function keepCompiledCode(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "concord-build-"));
  try {
    return await answerOnce(["--dir", join(folder, "instance")]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function answerOnce(instance: readonly string[]): Promise<boolean> {
  const command = (words: readonly string[]): boolean =>
    spawnSync(process.execPath, [MAIN, ...words, ...instance], { stdio: "ignore" }).status === 0;
  const offline = ["--port", "off", "--secure-port", "off", "--suffix", "dc=example,dc=com"];
  if (!command(["create", "--suffix-entry", ...offline])) return false;
  const server = spawn(process.execPath, [MAIN, "start", ...instance], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, CONCORD_WRITE_CODE_CACHE: "1" },
    timeout: READY_MS_MAX,
  });
  const ended = new Promise<boolean>((resolve) => {
    server.once("exit", (code) => resolve(code === 0));
  });
  server.stdout.once("data", () => {
    command(["status"]);
    server.kill("SIGTERM");
  });
  return ended;
}
