// `concord demo` and `concord version`, as yargs sees them.
import type { Argv } from "yargs";
import { passwordOptions } from "./options.ts";

interface Global {
  readonly json: boolean;
}

export function declareTopologyCommands(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "demo",
      "Run a replicating topology on this machine until Ctrl-C",
      (command) =>
        command.options({
          suppliers: { type: "number", default: 2, describe: "Servers that take writes" },
          consumers: { type: "number", default: 1, describe: "Read-only servers" },
          entries: { type: "number", default: 1000, describe: "Users to begin with" },
          dir: {
            type: "string",
            default: "./var/demo",
            describe: "Folder of the instances; they are removed at the end",
            requiresArg: true,
          },
          "base-port": {
            type: "number",
            describe: "First of the ports; default: the first free ones from 3389 on",
            requiresArg: true,
          },
          ...passwordOptions,
          check: {
            type: "boolean",
            default: false,
            describe: "Write on every supplier, wait until all agree, show it, and end",
          },
        }),
      async (options) => {
        const { runDemo } = await import("./demo/demo.ts");
        await runDemo(options);
      },
    )
    .command(
      "version",
      "Show the version",
      (command) => command,
      async (options) => {
        const { runVersion } = await import("./version-command.ts");
        runVersion(options);
      },
    );
}
