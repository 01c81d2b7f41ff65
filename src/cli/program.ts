// The `concord` command as a function of the words in process.argv. Exit codes: 0 success, 1 it failed, 2 wrong usage,
// 3 `status` of an instance that does not run. What a command needs is imported when it runs, so that help and completion answer
// at once.
//
// The program may come out of a snapshot of a heap that was made when it was built (scripts/snapshot.ts): what modules do
// when they are loaded was done then. So no module takes the environment, the time, chance, folders or a stream before a
// function of it is called, and packages, which do, are loaded by functions.
import type { Argv } from "yargs";
import { declareDataCommands } from "./data-commands.ts";
import { EXIT_USAGE, reportFailure } from "./failure.ts";
import { declareInstanceCommands } from "./instance-commands.ts";
import { printNote } from "./print.ts";
import { STANDARD_INPUT } from "./standard-input.ts";
import { declareReplicationCommands } from "./replication-commands.ts";
import { declareTopologyCommands } from "./topology-commands.ts";

class UsageError extends Error {}

type Parser = Argv<{ json: boolean }>;

const COLUMNS_MAX = 100;
/** Words that shells ask with. The answer depends on the shell, which yargs looks at when a parser is made. */
const SHELL_WORDS: ReadonlySet<string> = new Set(["completion", "--get-yargs-completions"]);

/** Made with the snapshot. */
let prepared: Parser | undefined;

/** Does what the words of the command line say. */
export async function runProgram(): Promise<void> {
  try {
    // yargs drops a lone `-`.
    const words = process.argv.slice(2).map((word) => (word === "-" ? STANDARD_INPUT : word));
    const isForShell = words.some((word) => SHELL_WORDS.has(word));
    const parser = (isForShell ? undefined : prepared) ?? (await declareCommands());
    const { stdout } = process;
    if (stdout.isTTY && stdout.columns < COLUMNS_MAX) parser.wrap(stdout.columns);
    await parser.parseAsync(words); // throws at once for wrong usage
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Loads what servers and offline commands need, for a snapshot. */
export async function prepareProgram(): Promise<void> {
  const [{ keepShippedSchema, keepStockEntries }] = await Promise.all([
    import("../server/index.ts"),
    import("./start.ts"),
    import("./export-command.ts"),
    import("./import-command.ts"),
    import("./verify-command.ts"),
    import("./reindex-command.ts"),
    import("./version-command.ts"),
  ]);
  keepStockEntries(keepShippedSchema());
  prepared = await declareCommands();
}

async function declareCommands(): Promise<Parser> {
  const { default: yargs } = await import("yargs");
  const global = yargs()
    .scriptName("concord")
    .usage("$0 <command>\n\nAn LDAP directory server with multi-supplier replication.")
    .option("json", {
      type: "boolean",
      default: false,
      global: true,
      describe: "Print one JSON document instead of text",
    });
  return declareTopologyCommands(
    declareReplicationCommands(declareDataCommands(declareInstanceCommands(global))),
  )
    .completion("completion", "Print a completion script for the shell")
    .demandCommand(1, "Which command?")
    .strict()
    .version(false)
    .help()
    .alias("help", "h")
    .parserConfiguration({ "duplicate-arguments-array": true, "strip-aliased": true })
    .wrap(COLUMNS_MAX)
    .exitProcess(false)
    .fail((message, error: unknown) => {
      throw error ?? new UsageError(message);
    });
}

/** Says what went wrong. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof UsageError) {
    printNote(`concord: ${error.message}\nTry: concord --help`);
    return EXIT_USAGE;
  }
  return reportFailure(error);
}
