// The commands that make, run and remove instances, as yargs sees them.
import type { Argv } from "yargs";
import { dirOption, passwordOptions } from "./options.ts";

interface Global {
  readonly json: boolean;
}

export function declareInstanceCommands(parser: Argv<Global>): Argv<Global> {
  return declareRunning(declareFrontEnd(declareCreate(parser)));
}

/** What the server starts itself (concordFrontEndProcesses). */
function declareFrontEnd(parser: Argv<Global>): Argv<Global> {
  return parser.command(
    "front-end",
    false,
    (command) => command.options(dirOption),
    async (options) => {
      const { serveFront } = await import("../server/index.ts");
      serveFront(options.dir);
    },
  );
}

function declareCreate(parser: Argv<Global>): Argv<Global> {
  return parser.command(
    "create",
    "Make an instance",
    (command) =>
      command
        .options({
          ...dirOption,
          port: { type: "string", default: "3389", describe: "LDAP port; 0 or off: none" },
          "secure-port": {
            type: "string",
            default: "3636",
            describe: "LDAPS port; 0 or off: no TLS",
          },
          "http-port": {
            type: "string",
            default: "off",
            describe: "Ignored: this version has no HTTP listener",
          },
          listen: { type: "string", default: "", describe: "Address to listen on; empty: all" },
          ldapi: { type: "string", default: "on", describe: "UNIX socket in run/ldapi: on or off" },
          "root-dn": {
            type: "string",
            default: "cn=Directory Manager",
            describe: "Who may do all",
          },
          ...passwordOptions,
          suffix: { type: "string", describe: "Top DN of the first backend", requiresArg: true },
          backend: { type: "string", default: "userroot", describe: "Name of the first backend" },
          "suffix-entry": {
            type: "boolean",
            default: false,
            describe: "Add the suffix entry, with rules that let people read",
          },
          sample: {
            type: "number",
            describe: "Add the suffix entry, this many users, and groups",
            requiresArg: true,
          },
        })
        .example("$0 create --dir var/a --suffix dc=example,dc=com --sample 100", ""),
    async (options) => {
      const { runCreate } = await import("./create.ts");
      await runCreate(options);
    },
  );
}

function declareRunning(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "start",
      "Run the server until SIGTERM or SIGINT",
      (command) =>
        command.options({
          ...dirOption,
          detach: { type: "boolean", default: false, describe: "Return when it is ready" },
          attached: { type: "boolean", default: false, hidden: true },
        }),
      async (options) => {
        const { runStart } = await import("./start.ts");
        await runStart(options);
      },
    )
    .command(
      "stop",
      "Stop the server",
      (command) => command.options(dirOption),
      async (options) => {
        const { runStop } = await import("./stop.ts");
        await runStop(options);
      },
    )
    .command(
      "restart",
      "Stop the server and start it in the background",
      (command) => command.options(dirOption),
      async (options) => {
        const { runRestart } = await import("./stop.ts");
        await runRestart(options);
      },
    )
    .command(
      "status",
      "Show whether it runs, what it holds and how replication is; exit code 3: it does not run",
      (command) => command.options({ ...dirOption, ...passwordOptions }),
      async (options) => {
        const { runStatus } = await import("./status.ts");
        await runStatus(options);
      },
    )
    .command(
      "list [folder]",
      "List the instances below a folder",
      (command) =>
        command.positional("folder", {
          type: "string",
          describe: "Default: the folder that the default instance lies in",
        }),
      async (options) => {
        const { runList } = await import("./list.ts");
        runList({ folder: options.folder, json: options.json });
      },
    )
    .command(
      "remove",
      "Delete an instance with all its data",
      (command) =>
        command.options({
          ...dirOption,
          yes: { type: "boolean", default: false, describe: "Yes, delete it" },
        }),
      async (options) => {
        const { runRemove } = await import("./remove.ts");
        runRemove(options);
      },
    );
}
