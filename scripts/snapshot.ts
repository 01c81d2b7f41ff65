// What Node runs once to make a snapshot of the program (scripts/bundle.ts): it loads the program with its compiled code and what
// comes with it, and says what a process does that begins with this heap. A start then needs to load, read and compile
// next to nothing.
//
// What a module does when it is loaded happens here, in another process, long before. So modules of Node of which Node does
// not say that they can be part of a snapshot come when they are used first, and packages do (see src/cli/program.ts).
import { readFileSync } from "node:fs";
import { setFlagsFromString, startupSnapshot } from "node:v8";
import { Script } from "node:vm";

/** Put in by scripts/bundle.ts. */
declare const PROGRAM_FOLDER: string;
declare const PROGRAM_FILE: string;
declare const CACHE_FILE: string;
declare const FLAGS: readonly string[];
/** That of a snapshot finds modules of Node alone. */
declare const require: (name: string) => Record<PropertyKey, unknown>;

interface Program {
  runProgram(): Promise<void>;
  prepareProgram(): Promise<void>;
}

/** Without state of a process, and known to Node as fit for snapshots. */
const MODULES_AT_ONCE: ReadonlySet<string> = new Set(
  ["assert", "buffer", "crypto", "events", "fs", "os", "path", "stream", "url", "util"].flatMap(
    (name) => [name, `node:${name}`],
  ),
);

/** Variables that yargs looks at when it is loaded, and that count as unset in every process: the version of Node that it would
 *  do with, the file of the command, which we name, and the shell, which src/cli/program.ts takes care of. */
const UNSET: ReadonlySet<PropertyKey> = new Set([
  "YARGS_MIN_NODE_VERSION",
  "_",
  "SHELL",
  "ZSH_NAME",
]);

const url = `file://${PROGRAM_FOLDER}/main.js`;
let isBuilding = true;

function load(name: string): Record<PropertyKey, unknown> {
  if (isBuilding) throw new Error(`${name} is used while the snapshot is made`);
  const { createRequire, isBuiltin } =
    require("node:module") as unknown as typeof import("node:module");
  return (isBuiltin(name) ? require(name) : createRequire(url)(name)) as Record<
    PropertyKey,
    unknown
  >;
}

/** A module that is loaded when something of it is asked for. */
function lateModule(name: string): unknown {
  let loaded: Record<PropertyKey, unknown> | undefined;
  return new Proxy({}, { get: (_, key) => (loaded ??= load(name))[key] });
}

/** What loads modules for packages that make their own `require` when they are loaded. */
const MODULE_LOADER = { createRequire: (): unknown => requireLate };

function requireWhileBuilding(name: string): unknown {
  return name === "node:module" ? MODULE_LOADER : lateModule(name);
}

const requireLate = Object.assign(
  (name: string): unknown =>
    MODULES_AT_ONCE.has(name)
      ? require(name)
      : isBuilding
        ? requireWhileBuilding(name)
        : load(name),
  {
    resolve: (name: string): string =>
      (require("node:module") as unknown as typeof import("node:module"))
        .createRequire(url)
        .resolve(name),
  },
);

function loadProgram(): Program {
  const file = `${PROGRAM_FOLDER}/${PROGRAM_FILE}`;
  const script = new Script(readFileSync(file, "latin1"), {
    filename: file,
    cachedData: readFileSync(`${PROGRAM_FOLDER}/${CACHE_FILE}`),
  });
  if (script.cachedDataRejected !== false) throw new Error("The compiled code was refused");
  // Code that has not run here is thrown away otherwise.
  setFlagsFromString("--no-flush-bytecode");
  const run = script.runInThisContext() as (...args: readonly unknown[]) => Program;
  return run(requireLate, url, PROGRAM_FOLDER);
}

/** Runs `work` in which who asks for what belongs to a process, and would be kept for all that begin with the snapshot, fails. */
async function withoutProcess<T>(work: () => Promise<T>): Promise<T> {
  const { env } = process;
  const { now } = Date;
  const { random } = Math;
  const refuse = (what: string) => (): never => {
    throw new Error(`${what} is asked for while the snapshot is made`);
  };
  process.env = new Proxy(
    {},
    { get: (_, key) => (UNSET.has(key) ? undefined : refuse(`process.env.${String(key)}`)()) },
  );
  Date.now = refuse("the time");
  Math.random = refuse("chance");
  try {
    return await work();
  } finally {
    process.env = env;
    Date.now = now;
    Math.random = random;
  }
}

async function build(): Promise<void> {
  const runProgram = await withoutProcess(async () => {
    const program = loadProgram();
    await program.prepareProgram();
    return program.runProgram;
  });
  setFlagsFromString("--flush-bytecode");
  for (const flag of FLAGS) setFlagsFromString(flag);
  startupSnapshot.setDeserializeMainFunction(() => {
    isBuilding = false;
    void runProgram();
  });
}

build().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
