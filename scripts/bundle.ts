// Puts the program together from its modules, as the last step of `npm run build`. In dist/program:
//
//   concord                the command: a shell script that starts Node (scripts/command-script.ts)
//   main.js                what Node runs: scripts/launch.ts
//   program-HASH.cjs       the whole program as one function, whose compiled code V8 can keep
//   program-HASH.cache     that code, from runs in which a server answered and its content was copied
//   program-HASH.snapshot  the heap of a process that has loaded it all: scripts/snapshot.ts
//   agreement-worker.js …  the files that are started in threads, with what they share in chunks
//
// To find, read and compile five hundred files costs half a second of CPU, at every start and in every command. Files of builds
// before stay: servers that run may still need them.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { type BuildOptions, type Plugin, build } from "esbuild";
import { SNAPSHOT_FLAGS, commandScript } from "./command-script.ts";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "dist/program");
const MAIN = join(PROGRAM, "main.js");
const COMMAND = join(PROGRAM, "concord");
const THREADS = [
  "src/replication/thread/agreement-worker.ts",
  "src/server/replica-data.ts",
  "src/server/export-thread.ts",
  "src/server/index-thread.ts",
];
const READY_MS_MAX = 60_000;
/** A command that was called when a snapshot was the newest has started from it. */
const OLD_MS = 3_600_000;
/** Of the program, so that an editor can show it. */
const LINE_CHARACTERS = 200;

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

/** The file with the native code of lmdb, below the folder with the packages. Who looks for it asks at length which C library there
 *  is; so the program asks only when this one is for another Node, or is not there. */
const NATIVE_FILE = relative(
  realpathSync(join(ROOT, "node_modules")),
  realpathSync(nativeFileOf(createRequire(import.meta.url).resolve("lmdb"))),
);

function nativeFileOf(lmdb: string): string {
  const finder = createRequire(lmdb)("node-gyp-build-optional-packages") as {
    path(folder: string): string;
  };
  return finder.path(join(dirname(lmdb), ".."));
}

/** yargs makes the help of a command behind the start of its handler, in case it fails and the help is shown then. Ours fail with a
 *  line of their own. */
const HELP_AT_ONCE = "cachedHelpMessage = this.help();";

const noHelpAtOnce: Plugin = {
  name: "no-help-at-once",
  setup({ onLoad }) {
    onLoad({ filter: /\/yargs\/build\/lib\/usage\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes(HELP_AT_ONCE)) throw new Error(`${path} makes help in another way now`);
      return { contents: text.replace(HELP_AT_ONCE, "") };
    });
  },
};

const nativeCode: Plugin = {
  name: "native-code",
  setup({ onResolve, onLoad }) {
    const filter = /^node-gyp-build-optional-packages$/;
    onResolve({ filter }, ({ path, namespace }) =>
      namespace === "native" ? { path, external: true } : { path, namespace: "native" },
    );
    onLoad({ filter, namespace: "native" }, ({ path }) => ({
      contents: `const file = require("node:path").join(__dirname, "../../node_modules", ${JSON.stringify(NATIVE_FILE)});
        const isForThis = process.versions.modules === "${process.versions.modules}" && require("node:fs").existsSync(file);
        module.exports = (folder) => {
          if (!isForThis) return require("${path}")(folder);
          const native = { exports: {} };
          process.dlopen(native, file); // require looks at folders and links first
          return native.exports;
        };`,
    }));
  },
};

/** Packages that take state of the process when they are loaded, with what we import of them: the program loads them when it
 *  uses them first, so that it can be part of a snapshot without them. */
const LATE_PACKAGES: Readonly<Record<string, string>> = { lmdb: "open", pino: "pino" };

/** The JavaScript of lmdb is part of the program, so that its compiled code is kept too. It takes itself for the file of the package,
 *  from where its native code is found. */
const latePackages: Plugin = {
  name: "late-packages",
  setup({ onResolve, onLoad }) {
    const { resolve } = createRequire(import.meta.url);
    const filter = new RegExp(`^(?:${Object.keys(LATE_PACKAGES).join("|")})$`);
    onResolve({ filter }, ({ kind, path, namespace }) => {
      if (kind === "require-resolve") return { path, external: true };
      if (namespace !== "late") return { path, namespace: "late" };
      return path === "lmdb" ? { path: resolve(path), namespace: "lmdb" } : { path: resolve(path) };
    });
    onLoad({ filter, namespace: "late" }, ({ path }) => {
      const used = LATE_PACKAGES[path] ?? "";
      const getter = `{ enumerable: true, get: () => require("${path}").${used} }`;
      return {
        contents: `Object.defineProperty(exports, "${used}", ${getter});`,
        resolveDir: ROOT,
      };
    });
    onLoad({ filter: /.*/, namespace: "lmdb" }, ({ path }) => ({
      contents: `const usual = require("node:path").join(__dirname, "../../node_modules/lmdb/dist/index.cjs");
        const __filename = require("node:fs").existsSync(usual) ? usual : require.resolve("lmdb");
        ${readFileSync(path, "utf8")}`,
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
writeCommand(undefined);
if (!(await keepCompiledCode())) {
  console.error("The compiled code of the program could not be kept: it starts slower.");
} else if (!(await makeSnapshot())) {
  console.error("No snapshot of the program could be made: it starts slower.");
}
// What scripts/build-when-needed compares with.
writeFileSync(join(ROOT, "dist/.built"), "");

/** The name without its ending. */
async function buildProgram(): Promise<string> {
  const { outputFiles } = await build({
    ...common,
    entryPoints: ["src/cli/program.ts"],
    // Every byte of the text is read and copied at each start. Names stay, for stacks.
    minifyWhitespace: true,
    lineLimit: LINE_CHARACTERS,
    write: false,
    format: "cjs",
    plugins: [standIns, noHelpAtOnce, nativeCode, latePackages],
    define: { "import.meta.url": "programUrl", "import.meta.dirname": "__dirname" },
    banner: { js: "(function (require, programUrl, __dirname) { const module = { exports: {} };" },
    footer: { js: "return module.exports; })" },
  });
  // Regular expressions keep their characters; a text of single bytes cannot hold all of them.
  const text = (outputFiles[0]?.text ?? "").replaceAll(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 8);
  writeFileSync(join(PROGRAM, `program-${hash}.cjs`), text, "latin1");
  return `program-${hash}`;
}

/** Runs what is run often, and keeps what V8 has compiled for it. */
async function keepCompiledCode(): Promise<boolean> {
  const env = { ...process.env, CONCORD_WRITE_CODE_CACHE: "1" };
  return inNewInstance((folder) => answerOnce([process.execPath, MAIN], folder, env));
}

/** Makes a snapshot of the program with its compiled code, and the command that starts from it; if nothing can, all stays as
 *  it is. */
async function makeSnapshot(): Promise<boolean> {
  const snapshot = join(PROGRAM, `${name}.snapshot`);
  const builder = join(PROGRAM, "snapshot.cjs");
  await build({
    ...common,
    entryPoints: ["scripts/snapshot.ts"],
    outfile: builder,
    format: "cjs",
    define: {
      PROGRAM_FOLDER: JSON.stringify(PROGRAM),
      PROGRAM_FILE: `"${name}.cjs"`,
      CACHE_FILE: `"${name}.cache"`,
      FLAGS: JSON.stringify(SNAPSHOT_FLAGS),
    },
  });
  try {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const words = [
      "--no-warnings",
      "--snapshot-blob",
      `${snapshot}.part`,
      "--build-snapshot",
      builder,
    ];
    const { status } = spawnSync(process.execPath, words, {
      stdio: ["ignore", "ignore", "inherit"],
      env,
    });
    if (status !== 0) return false;
    renameSync(`${snapshot}.part`, snapshot);
    writeCommand(`${name}.snapshot`);
    if (await inNewInstance((folder) => answerOnce([COMMAND], folder, env))) {
      removeOldSnapshots();
      return true;
    }
    writeCommand(undefined);
    return false;
  } catch (error) {
    console.error((error as Error).message);
    return false;
  } finally {
    rmSync(builder, { force: true });
    rmSync(`${snapshot}.part`, { force: true });
  }
}

/** Nobody needs one but who is about to start. */
function removeOldSnapshots(): void {
  for (const file of readdirSync(PROGRAM)) {
    const path = join(PROGRAM, file);
    const isOld = file.endsWith(".snapshot") && Date.now() - statSync(path).mtimeMs > OLD_MS;
    if (isOld) rmSync(path);
  }
}

/** At once: shells that read it go on with the one before. */
function writeCommand(snapshotFile: string | undefined): void {
  const files = { folder: PROGRAM, main: "main.js" };
  const snapshot = { file: snapshotFile ?? "", node: process.execPath };
  const text = commandScript(snapshotFile === undefined ? files : { ...files, snapshot });
  writeFileSync(`${COMMAND}.part`, text, { mode: 0o755 });
  renameSync(`${COMMAND}.part`, COMMAND);
}

async function inNewInstance(run: (folder: string) => Promise<boolean>): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "concord-build-"));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether an instance can be made in `folder`, its server answers, and its content can be copied. */
async function answerOnce(
  program: readonly [string, ...string[]],
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const [file, ...first] = program;
  const instance = ["--dir", join(folder, "instance")];
  const command = (words: readonly string[]): boolean =>
    spawnSync(file, [...first, ...words, ...instance], { stdio: "ignore", env }).status === 0;
  const offline = ["--port", "off", "--secure-port", "off", "--suffix", "dc=example,dc=com"];
  if (!command(["create", "--suffix-entry", ...offline])) return false;
  const server = spawn(file, [...first, "start", ...instance], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
    timeout: READY_MS_MAX,
  });
  const ended = new Promise<boolean>((resolve) => {
    server.once("exit", (code) => resolve(code === 0));
  });
  server.stdout.once("data", () => {
    command(["status"]);
    server.kill("SIGTERM");
  });
  if (!(await ended)) return false;
  const copy = `${folder}/copy.ldif`;
  return command(["export", copy]) && command(["import", copy]);
}
