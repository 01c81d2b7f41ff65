#!/usr/bin/env node
// The `concord` command. Exit codes: 0 success, 1 it failed, 2 wrong usage. What a command needs is imported when it runs, so
// that help and completion answer at once.
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { CommandFailure, EXIT_USAGE } from "./failure.ts";
import { printNote } from "./print.ts";

class UsageError extends Error {}

const parser = yargs(hideBin(process.argv))
  .scriptName("concord")
  .usage("$0 <command>\n\nAn LDAP directory server with multi-supplier replication.")
  .option("json", {
    type: "boolean",
    default: false,
    global: true,
    describe: "Print one JSON document instead of text",
  })
  .command(
    "version",
    "Show the version",
    (command) => command,
    async (options) => {
      const { runVersion } = await import("./version-command.ts");
      runVersion(options);
    },
  )
  .completion("completion", "Print a completion script for the shell")
  .demandCommand(1, "Which command?")
  .strict()
  .version(false)
  .help()
  .alias("help", "h")
  .wrap(Math.min(100, process.stdout.columns ?? 100))
  .exitProcess(false)
  .fail((message, error: unknown) => {
    throw error ?? new UsageError(message);
  });

try {
  await parser.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what went wrong. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof UsageError) {
    printNote(`concord: ${error.message}\nTry: concord --help`);
    return EXIT_USAGE;
  }
  if (error instanceof CommandFailure) {
    printNote(`concord: ${error.message}`);
    if (error.hint !== undefined) printNote(error.hint);
    return error.exitCode;
  }
  throw error;
}
