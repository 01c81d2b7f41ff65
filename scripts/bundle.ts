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
import { createRequire } from "node:module";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BuildOptions, type Plugin, build } from "esbuild";

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

/** Stands for packages whose work we do not need. */
const STAND_INS: Readonly<Record<string, string>> = {
  // yargs lines its help up by it. It knows emoji and combining characters, and makes tables of Unicode for them at every start
  // of every command; our texts are ASCII.
  "string-width": "export default (text) => text.length;",
  // Native code for a format that rows do not have; lmdb takes it as missing.
  "msgpackr-extract": "module.exports = undefined;",
};

const standIns: Plugin = {
  name: "stand-ins",
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:${Object.keys(STAND_INS).join("|")})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: "stand-in" }));
    onLoad({ filter, namespace: "stand-in" }, ({ path }) => ({ contents: STAND_INS[path] ?? "" }));
  },
};

/** The JavaScript of lmdb is part of the program, so that its compiled code is kept too. Its native code is found from where the
 *  package is, as if it had been loaded from there. */
const lmdbInside: Plugin = {
  name: "lmdb-inside",
  setup({ onResolve, onLoad }) {
    const file = createRequire(import.meta.url).resolve("lmdb");
    onResolve({ filter: /^lmdb$/ }, ({ kind, path }) =>
      kind === "require-resolve" ? { path, external: true } : { path: file, namespace: "lmdb" },
    );
    onLoad({ filter: /.*/, namespace: "lmdb" }, ({ path }) => ({
      contents: `const __filename = require.resolve("lmdb");\n${readFileSync(path, "utf8")}`,
      resolveDir: dirname(path),
    }));
  },
};

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
    plugins: [standIns, lmdbInside],
    external: ["node-gyp-build-optional-packages"],
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
