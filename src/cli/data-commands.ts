// The commands that work on data, as yargs sees them.
import type { Argv } from "yargs";
import { dirOption } from "./options.ts";

interface Global {
  readonly json: boolean;
}

const backendOptions = {
  ...dirOption,
  backend: {
    type: "string",
    describe: "Name of the backend; not needed when there is one",
    requiresArg: true,
  },
} as const;

export function declareDataCommands(parser: Argv<Global>): Argv<Global> {
  return declareCopies(declareLooking(declareContent(parser)));
}

function declareLooking(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "export [file]",
      "Write a backend as LDIF, to standard output unless a file is named",
      (command) =>
        command
          .positional("file", { type: "string", describe: "Is replaced; -: standard output" })
          .options({
            ...backendOptions,
            replica: {
              type: "boolean",
              default: false,
              describe: "With the state that lets an import start a replica",
            },
            wrap: { type: "boolean", default: true, describe: "Fold long lines" },
          }),
      async (options) => {
        const { runExport } = await import("./export-command.ts");
        await runExport(options);
        // What was printed is out: files and pipes are written at once. To take the heap down piece by piece would be for nothing.
        process.exit();
      },
    )
    .command(
      "verify",
      "Check every invariant of the database; exit code 1: something is wrong",
      (command) => command.options(backendOptions),
      async (options) => {
        const { runVerify } = await import("./verify-command.ts");
        await runVerify(options);
      },
    )
    .command(
      "digest",
      "Print one hash over the content of a backend, equal on converged replicas",
      (command) =>
        command.options({
          ...backendOptions,
          exclude: {
            type: "string",
            array: true,
            describe: "Attributes that a fractional consumer lacks, stripped ones included",
            requiresArg: true,
          },
          "without-state": {
            type: "boolean",
            default: false,
            describe: "Content alone, without the CSNs of its changes",
          },
        }),
      async (options) => {
        const { runDigest } = await import("./verify-command.ts");
        await runDigest(options);
      },
    );
}

function declareContent(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "import <files..>",
      "Replace the content of a backend by LDIF, on a stopped instance; - is standard input",
      (command) =>
        command.positional("files", { type: "string", array: true, demandOption: true }).options({
          ...backendOptions,
          "skip-bad": {
            type: "boolean",
            default: false,
            describe: "Leave out entries that cannot be imported, and count them",
          },
        }),
      async (options) => {
        const { runImport } = await import("./import-command.ts");
        await runImport(options);
      },
    )
    .command(
      "reindex",
      "Build indexes anew, on a stopped instance",
      (command) =>
        command.options({
          ...backendOptions,
          attribute: {
            type: "string",
            array: true,
            describe: "Only the indexes of these attributes",
            requiresArg: true,
          },
        }),
      async (options) => {
        const { runReindex } = await import("./reindex-command.ts");
        await runReindex(options);
      },
    );
}

function declareCopies(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "backup <destination>",
      "Copy an instance consistently, also while it runs",
      (command) =>
        command
          .positional("destination", {
            type: "string",
            demandOption: true,
            describe: "A new folder",
          })
          .options(dirOption),
      async (options) => {
        const { runBackup } = await import("./backup-command.ts");
        await runBackup(options);
      },
    )
    .command(
      "restore <source>",
      "Bring back a backup, into a stopped instance or a new one",
      (command) =>
        command
          .positional("source", { type: "string", demandOption: true, describe: "The backup" })
          .options({
            ...dirOption,
            config: {
              type: "boolean",
              default: false,
              describe: "Bring back the configuration as well",
            },
          }),
      async (options) => {
        const { runRestore } = await import("./backup-command.ts");
        await runRestore(options);
      },
    );
}
