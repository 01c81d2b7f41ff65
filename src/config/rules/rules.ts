// Which rules hold for which kind of entry.
import { LdapError } from "../../protocol/index.ts";
import type { ConfigKind } from "../entry-kind.ts";
import { backendPartRules, backendRules, changelogRules, indexRules } from "./backend-rules.ts";
import type { EntryRules } from "./entry-rules.ts";
import { agreementRules, replicaRules, suffixRules } from "./replication-rules.ts";
import {
  bdbRules,
  databaseRules,
  encryptionRules,
  freePolicy,
  freeRules,
  pluginRules,
  serverRules,
  taskRules,
} from "./server-rules.ts";

const computedRules: EntryRules = {
  policy: {
    ...freePolicy,
    refuseUnknown: (name) =>
      new LdapError("unwillingToPerform", `${name} is computed by the server`),
  },
};

export const RULES: Readonly<Record<ConfigKind, EntryRules>> = {
  server: serverRules,
  suffix: suffixRules,
  replica: replicaRules,
  agreement: agreementRules,
  database: databaseRules,
  bdb: bdbRules,
  databaseMonitor: computedRules,
  databaseStatistics: computedRules,
  defaultIndex: indexRules,
  backend: backendRules,
  backendMonitor: { ...backendPartRules, policy: computedRules.policy },
  backendPart: backendPartRules,
  index: indexRules,
  changelog: changelogRules,
  encryptedAttribute: freeRules,
  plugin: pluginRules,
  taskContainer: freeRules,
  task: taskRules,
  encryption: encryptionRules,
  other: freeRules,
};
