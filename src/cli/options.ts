// Options that several commands share, as yargs takes them. Names that start with `--root-password` are the contract; the
// shorter ones are what users of other LDAP tools type.
import { defaultFolder } from "./instance-folder.ts";

export const dirOption = {
  dir: {
    type: "string",
    describe: "Folder of the instance",
    get default(): string {
      return defaultFolder();
    },
    requiresArg: true,
  },
} as const;

export const passwordOptions = {
  "root-password-file": {
    type: "string",
    describe: "File that holds the password (or CONCORD_ROOT_PASSWORD in the environment)",
    alias: ["y", "password-file"],
    requiresArg: true,
  },
  "root-password": {
    type: "string",
    describe: "The password itself; other users of the machine can see it",
    alias: ["w", "password"],
    requiresArg: true,
  },
} as const;

/** Where a server is and who asks. */
export const connectionOptions = {
  url: {
    type: "string",
    describe: "ldap://, ldaps:// or ldapi:// URL of the server",
    alias: "H",
    requiresArg: true,
    default: "ldap://localhost:3389",
  },
  "bind-dn": {
    type: "string",
    describe: "Who asks",
    alias: "D",
    requiresArg: true,
    default: "cn=Directory Manager",
  },
  ...passwordOptions,
  "start-tls": { type: "boolean", default: false, describe: "Encrypt an ldap:// connection" },
  "ca-file": {
    type: "string",
    describe: "PEM file of the authority that signed the server's certificate",
    requiresArg: true,
  },
  insecure: { type: "boolean", default: false, describe: "Take any certificate" },
} as const;

export const suffixOption = {
  suffix: {
    type: "string",
    describe: "DN of the suffix; not needed when the server has one replica or one suffix",
    alias: "b",
    requiresArg: true,
  },
} as const;
