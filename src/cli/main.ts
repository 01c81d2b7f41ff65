// The `concord` command. Exit codes: 0 success, 1 it failed, 2 wrong usage, 3 `status` of an instance that does not run. What
// a command needs is imported when it runs, so that help and completion answer at once.
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { declareDataCommands } from "./data-commands.ts";
import { CommandFailure, EXIT_FAILED, EXIT_USAGE } from "./failure.ts";
import { declareInstanceCommands } from "./instance-commands.ts";
import { printNote } from "./print.ts";
import { STANDARD_INPUT } from "./standard-input.ts";
import { declareReplicationCommands } from "./replication-commands.ts";
import { declareTopologyCommands } from "./topology-commands.ts";

class UsageError extends Error {}

// yargs drops a lone `-`.
const words = hideBin(process.argv).map((word) => (word === "-" ? STANDARD_INPUT : word));
const global = yargs(words)
  .scriptName("concord")
  .usage("$0 <command>\n\nAn LDAP directory server with multi-supplier replication.")
  .option("json", {
    type: "boolean",
    default: false,
    global: true,
    describe: "Print one JSON document instead of text",
  });
const parser = declareTopologyCommands(
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

async function run(): Promise<void> {
  try {
    await parser.parseAsync(); // throws at once for wrong usage
  } catch (error) {
    process.exitCode = report(error);
  }
}

void run();

/** Says what went wrong. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof UsageError) {
    printNote(`concord: ${error.message}\nTry: concord --help`);
    return EXIT_USAGE;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  printNote(`concord: ${message}`);
  if (error instanceof CommandFailure) {
    if (error.hint !== undefined) printNote(error.hint);
    return error.exitCode;
  }
  if (error instanceof Error && error.cause instanceof Error) printNote(error.cause.message);
  if (process.env["CONCORD_TRACE"] === undefined) {
    printNote("CONCORD_TRACE=1 in the environment shows where this comes from.");
  } else printNote(stack ?? "");
  return EXIT_FAILED;
}
