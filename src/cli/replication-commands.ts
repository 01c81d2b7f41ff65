// `concord replication …`, as yargs sees it. All of it works over LDAP, on Concord and on 389 Directory Server alike.
import type { Argv } from "yargs";
import { connectionOptions, suffixOption } from "./options.ts";

interface Global {
  readonly json: boolean;
}

const managerOptions = {
  "manager-dn": {
    type: "string",
    default: "cn=replication manager,cn=config",
    describe: "By which suppliers bind at their consumers",
  },
  "manager-password-file": {
    type: "string",
    describe: "File with its password (or CONCORD_MANAGER_PASSWORD in the environment)",
    requiresArg: true,
  },
  "manager-password": { type: "string", describe: "The password itself", requiresArg: true },
} as const;

const serverOptions = { ...connectionOptions, ...suffixOption };

/** For commands that look at several servers. */
const serversOptions = {
  ...serverOptions,
  url: {
    type: "string",
    array: true,
    describe: "URL of a server; several may be given",
    alias: "H",
    requiresArg: true,
    default: ["ldap://localhost:3389"],
  },
} as const;

export function declareReplicationCommands(parser: Argv<Global>): Argv<Global> {
  return parser.command("replication", "Set up, watch and compare replicas", (command) =>
    declareAgreement(declareComparing(declareLooking(declareReplica(command))))
      .demandCommand(1, "Which replication command?")
      .strict(),
  );
}

function declareReplica(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "enable",
      "Make a suffix a replica",
      (command) =>
        command.options({
          ...serverOptions,
          role: { type: "string", default: "supplier", describe: "supplier, hub or consumer" },
          "replica-id": {
            type: "number",
            describe: "1 to 65534, different on each supplier",
            requiresArg: true,
          },
          ...managerOptions,
        }),
      async (options) => {
        const { runEnable } = await import("./replication/replica-commands.ts");
        await runEnable(options);
      },
    )
    .command(
      "disable",
      "Make an end of it; agreements go too",
      (command) => command.options(serverOptions),
      async (options) => {
        const { runDisable } = await import("./replication/replica-commands.ts");
        await runDisable(options);
      },
    )
    .command(
      "init <name>",
      "Fill the consumer of an agreement with the content of its supplier",
      (command) =>
        command
          .positional("name", { type: "string", demandOption: true, describe: "The agreement" })
          .options({
            ...serverOptions,
            wait: { type: "boolean", default: true, describe: "Return when it is done" },
            timeout: { type: "number", default: 3600, describe: "Seconds to wait" },
          }),
      async (options) => {
        const { runInit } = await import("./replication/replica-commands.ts");
        await runInit(options);
      },
    );
}

function declareLooking(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "status",
      "Show a replica and its agreements",
      (command) => command.options(serverOptions),
      async (options) => {
        const { runReplicationStatus } = await import("./replication/replica-commands.ts");
        await runReplicationStatus(options);
      },
    )
    .command(
      "ruv",
      "Show the update vector: the newest change of each supplier that the server has",
      (command) => command.options(serverOptions),
      async (options) => {
        const { runRuv } = await import("./replication/replica-commands.ts");
        await runRuv(options);
      },
    )
    .command(
      "monitor",
      "Show all servers of a topology and how far they are behind",
      (command) =>
        command.options({
          ...serversOptions,
          discover: { type: "boolean", default: true, describe: "Follow agreements" },
          watch: { type: "number", describe: "Look again every N seconds", requiresArg: true },
          check: { type: "boolean", default: false, describe: "Exit code 1 unless all is in sync" },
        }),
      async (options) => {
        const { runMonitor } = await import("./replication/monitor-command.ts");
        await runMonitor(options);
      },
    );
}

function declareComparing(parser: Argv<Global>): Argv<Global> {
  return parser.command(
    "compare [urls..]",
    "Compare the content of a suffix on two or more servers; exit code 1: it differs",
    (command) =>
      command.positional("urls", { type: "string", array: true, describe: "As --url" }).options({
        ...serversOptions,
        method: {
          choices: ["auto", "digest", "search"] as const,
          default: "auto",
          describe: "By digests, where all servers have them, or by reading all entries",
        },
        repair: {
          type: "boolean",
          default: false,
          describe: "Let two Concords take in what the other has of the entries that differ",
        },
        wait: {
          type: "number",
          default: 60,
          describe: "Seconds to wait, by digests, for changes that one server lacks",
          requiresArg: true,
        },
        ignore: {
          type: "string",
          array: true,
          describe: "Attributes that are not compared, as those that are not replicated",
          requiresArg: true,
        },
        operational: {
          type: "boolean",
          default: false,
          describe: "Compare who created and changed entries, and when, as well",
        },
      }),
    async (options) => {
      const { runCompare } = await import("./replication/compare-command.ts");
      await runCompare(options);
    },
  );
}

function declareAgreement(parser: Argv<Global>): Argv<Global> {
  return parser.command("agreement", "List, make and change agreements", (command) =>
    declareAgreementChanges(declareAgreementLooking(command))
      .demandCommand(1, "Which agreement command?")
      .strict(),
  );
}

function declareAgreementLooking(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "list",
      "List the agreements of a replica",
      (command) => command.options(serverOptions),
      async (options) => {
        const { runAgreementList } = await import("./replication/agreement-commands.ts");
        await runAgreementList(options);
      },
    )
    .command("show <name>", "Show one agreement", named, async (options) => {
      const { runAgreementShow } = await import("./replication/agreement-commands.ts");
      await runAgreementShow(options);
    })
    .command("update <name>", "Look for changes and send them now", named, async (options) => {
      const { runAgreementUpdate } = await import("./replication/agreement-commands.ts");
      await runAgreementUpdate(options);
    });
}

const named = (command: Argv<Global>) =>
  command
    .positional("name", { type: "string", demandOption: true, describe: "The agreement" })
    .options(serverOptions);

function declareAgreementChanges(parser: Argv<Global>): Argv<Global> {
  return parser
    .command(
      "create <name>",
      "Make an agreement",
      (command) =>
        named(command).options({
          host: { type: "string", demandOption: true, describe: "Of the consumer" },
          port: { type: "number", demandOption: true, describe: "Of the consumer" },
          transport: { type: "string", default: "LDAP", describe: "LDAP, LDAPS or StartTLS" },
          "bind-method": { type: "string", default: "SIMPLE", describe: "SIMPLE or SSLCLIENTAUTH" },
          ...managerOptions,
          exclude: {
            type: "string",
            array: true,
            describe: "Attributes that are not sent",
            requiresArg: true,
          },
          "exclude-total": {
            type: "string",
            array: true,
            describe: "The same for initializations, when other than --exclude",
            requiresArg: true,
          },
          strip: {
            type: "string",
            array: true,
            describe:
              "Attributes that alone are no reason to send; default with --exclude: who and when",
            requiresArg: true,
          },
          schedule: { type: "string", describe: "As 0000-2359 0123456", requiresArg: true },
          init: { type: "boolean", default: false, describe: "Fill the consumer at once" },
        }),
      async (options) => {
        const { runAgreementCreate } = await import("./replication/agreement-commands.ts");
        await runAgreementCreate(options);
      },
    )
    .command("enable <name>", "Let an agreement send", named, async (options) => {
      const { runAgreementEnable } = await import("./replication/agreement-commands.ts");
      await runAgreementEnable(options);
    })
    .command("disable <name>", "Stop an agreement", named, async (options) => {
      const { runAgreementDisable } = await import("./replication/agreement-commands.ts");
      await runAgreementDisable(options);
    })
    .command(
      "set <name> <settings..>",
      "Set attributes of an agreement: ATTRIBUTE=VALUE; an empty value takes one away",
      (command) =>
        named(command).positional("settings", {
          type: "string",
          array: true,
          demandOption: true,
          describe: "As nsds5ReplicaTimeout=60",
        }),
      async (options) => {
        const { runAgreementSet } = await import("./replication/agreement-commands.ts");
        await runAgreementSet(options);
      },
    )
    .command("delete <name>", "Remove an agreement", named, async (options) => {
      const { runAgreementDelete } = await import("./replication/agreement-commands.ts");
      await runAgreementDelete(options);
    });
}
