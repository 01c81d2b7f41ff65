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

/** Does what the words of the command line say. */
export async function runProgram(): Promise<void> {
  try {
    const parser = await declareCommands();
    await parser.parseAsync(); // throws at once for wrong usage
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
}

async function declareCommands(): Promise<Argv<{ json: boolean }>> {
  const { default: yargs } = await import("yargs");
  // yargs drops a lone `-`.
  const words = process.argv.slice(2).map((word) => (word === "-" ? STANDARD_INPUT : word));
  const global = yargs(words)
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
    .wrap(Math.min(100, process.stdout.columns ?? 100))
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
