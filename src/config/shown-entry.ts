// What a client sees of an entry of cn=config: the stored values, then defaults of settings that are not set, then what is
// computed at the moment of reading (389: the search callbacks of dse.c).
import type { ConfigEntry, TextAttribute } from "./config-entry.ts";
import type { TreeView } from "./tree-view.ts";
import { rdnOf, kindOf, parentOf } from "./entry-kind.ts";
import {
  backendFields,
  backendStoredFields,
  bdbStoredFields,
  databaseFields,
  databaseStoredFields,
} from "./fields/database-fields.ts";
import { type Field, defaultTexts } from "./fields/field.ts";
import { passwordPolicyFields } from "./fields/password-policy-fields.ts";
import { serverFields } from "./fields/server-fields.ts";
import { serverStoredFields } from "./fields/server-stored-fields.ts";
import type { AgreementStatus } from "./live-values.ts";
import { formatSuffixState } from "./snapshot.ts";

/** Fields of cn=config in the order in which they are shown. */
export const ALL_SERVER_FIELDS: readonly Field<unknown>[] = [
  ...Object.values(serverFields),
  ...Object.values(passwordPolicyFields),
  ...serverStoredFields,
];
export const ALL_DATABASE_FIELDS: readonly Field<unknown>[] = [
  ...Object.values(databaseFields),
  ...databaseStoredFields,
];
export const ALL_BACKEND_FIELDS: readonly Field<unknown>[] = [
  ...Object.values(backendFields),
  ...backendStoredFields,
];

export function showEntry(tree: TreeView, stored: ConfigEntry): ConfigEntry {
  return shownByKind(tree, stored).with(subordinates(tree, stored));
}

function shownByKind(tree: TreeView, stored: ConfigEntry): ConfigEntry {
  const { live } = tree.context;
  const { normalDn } = stored;
  switch (kindOf(normalDn)) {
    case "server":
      return withDefaults(tree, stored, ALL_SERVER_FIELDS).with(serverComputed(tree));
    case "database":
      return withDefaults(tree, stored, ALL_DATABASE_FIELDS);
    case "bdb":
      return withDefaults(tree, stored, bdbStoredFields);
    case "backend":
      return withDefaults(tree, stored, ALL_BACKEND_FIELDS).withMissing([
        ["nsslapd-directory", `${tree.context.instance.databaseFolder}/${stored.text("cn") ?? ""}`],
      ]);
    case "suffix":
      return showSuffix(tree, stored);
    case "replica":
      return showReplica(tree, stored);
    case "agreement":
      return stored.with(agreementComputed(live.findAgreementStatus(normalDn)));
    case "task":
      return stored.with(taskComputed(tree, normalDn));
    case "backendMonitor":
      return stored.with(
        live.backendMonitor(tree.findStored(parentOf(normalDn))?.text("cn") ?? ""),
      );
    case "databaseMonitor":
      return stored.with(live.databaseMonitor());
    case "databaseStatistics":
      return stored.with(live.databaseStatistics());
    case "changelog":
    case "index":
    case "defaultIndex":
    case "backendPart":
    case "encryptedAttribute":
    case "plugin":
    case "taskContainer":
    case "encryption":
    case "other":
      return stored;
  }
}

function withDefaults(
  tree: TreeView,
  stored: ConfigEntry,
  fields: readonly Field<unknown>[],
): ConfigEntry {
  return stored.withMissing(
    fields.map(
      (field): TextAttribute => [field.attribute, ...defaultTexts(field, tree.context.instance)],
    ),
  );
}

function subordinates(tree: TreeView, stored: ConfigEntry): readonly TextAttribute[] {
  const count = tree.childNames(stored.normalDn).length;
  return count === 0
    ? [["hasSubordinates", "FALSE"]]
    : [
        ["numSubordinates", String(count)],
        ["hasSubordinates", "TRUE"],
      ];
}

const RESTART_SETTINGS: readonly string[] = [
  ...restartNames(ALL_SERVER_FIELDS).map((name) => `cn=config:${name}`),
  ...restartNames(ALL_DATABASE_FIELDS).map((name) => `cn=config,cn=ldbm:${name}`),
];

function restartNames(fields: readonly Field<unknown>[]): readonly string[] {
  return fields
    .filter((field) => field.change === "restart")
    .map((field) => field.attribute.toLowerCase());
}

function serverComputed(tree: TreeView): readonly TextAttribute[] {
  const { backends, suffixes, server } = tree.snapshot;
  const computed: TextAttribute[] = [
    ["nsslapd-privatenamespaces", "cn=schema", "cn=config"],
    ["nsslapd-requiresrestart", ...RESTART_SETTINGS],
  ];
  if (server.defaultNamingContext === "" && suffixes[0] !== undefined) {
    computed.push(["nsslapd-defaultnamingcontext", suffixes[0].suffix]);
  }
  if (backends.length > 0) {
    computed.push(
      [
        "nsslapd-backendconfig",
        ...backends.map(({ name }) => `cn=config,cn=${name},cn=ldbm database,cn=plugins,cn=config`),
      ],
      ["nsslapd-betype", "ldbm database"],
    );
  }
  return computed;
}

function showSuffix(tree: TreeView, stored: ConfigEntry): ConfigEntry {
  const settings = tree.snapshot.suffixes.find((suffix) => suffix.normalDn === stored.normalDn);
  if (settings === undefined) return stored;
  const shown = stored.with([["nsslapd-state", formatSuffixState(settings.state)]]);
  return settings.referrals.length === 0
    ? shown
    : shown.with([["nsslapd-referral", ...settings.referrals]]);
}

function showReplica(tree: TreeView, stored: ConfigEntry): ConfigEntry {
  const settings = tree.snapshot.replicas.find((replica) => replica.normalDn === stored.normalDn);
  const status =
    settings === undefined ? undefined : tree.context.live.findReplicaStatus(settings.normalSuffix);
  const shown = stored.with([
    ["nsds5ReplicaChangeCount", String(status?.changes ?? 0)],
    ["nsds5replicareapactive", status?.isReaping === true ? "1" : "0"],
  ]);
  if (status === undefined) return shown;
  const withStatus = shown.with([
    ["nsds50ruv", ...status.ruv],
    ["nsruvReplicaLastModified", ...status.ruvLastModified],
    ["nsds5agmtmaxcsn", ...status.agreementMaxCsns],
    ...(status.task === undefined ? [] : [["nsds5task", status.task] as const]),
  ]);
  return status.state === undefined
    ? withStatus
    : withStatus.withValues(tree.descriptions.get("nsState"), [status.state]);
}

const NEVER = "19700101000000Z";
const NOT_STARTED = "Error (0) No replication sessions started since server startup";

/** Before the first session, as 389 shows it. */
const NO_STATUS: AgreementStatus = {
  lastUpdateStart: NEVER,
  lastUpdateEnd: NEVER,
  lastUpdateStatus: NOT_STARTED,
  lastUpdateStatusJson: `{"state": "green", "ldap_rc": "0", "ldap_rc_text": "success", "repl_rc": "0", "repl_rc_text": "replica acquired", "date": "1970-01-01T00:00:00Z", "message": "${NOT_STARTED}"}`,
  updateInProgress: false,
  changesSent: "",
  lastInitStart: NEVER,
  lastInitEnd: NEVER,
  lastInitStatus: undefined,
  lastInitStatusJson: undefined,
};

function agreementComputed(given: AgreementStatus | undefined): readonly TextAttribute[] {
  const status = given ?? NO_STATUS;
  const attributes: TextAttribute[] = [
    ["nsds5replicareapactive", "0"],
    ["nsds5replicaLastUpdateStart", status.lastUpdateStart],
    ["nsds5replicaLastUpdateEnd", status.lastUpdateEnd],
    ["nsds5replicaChangesSentSinceStartup", status.changesSent],
    ["nsds5replicaLastUpdateStatus", status.lastUpdateStatus],
    ["nsds5replicaLastUpdateStatusJSON", status.lastUpdateStatusJson],
    ["nsds5replicaUpdateInProgress", status.updateInProgress ? "TRUE" : "FALSE"],
    ["nsds5replicaLastInitStart", status.lastInitStart],
    ["nsds5replicaLastInitEnd", status.lastInitEnd],
  ];
  if (status.lastInitStatus !== undefined) {
    attributes.push(["nsds5replicaLastInitStatus", status.lastInitStatus]);
  }
  if (status.lastInitStatusJson !== undefined) {
    attributes.push(["nsds5replicaLastInitStatusJSON", status.lastInitStatusJson]);
  }
  return attributes;
}

function taskComputed(tree: TreeView, normalDn: string): readonly TextAttribute[] {
  const status = tree.context.live.findTaskStatus(normalDn);
  if (status === undefined) return [];
  const attributes: TextAttribute[] = [
    ["nsTaskCurrentItem", String(status.currentItem)],
    ["nsTaskTotalItems", String(status.totalItems)],
    ["nsTaskCreated", status.created],
    ["nsTaskWarning", String(status.warning)],
    ["nsTaskLog", status.log],
    ["nsTaskStatus", status.status],
  ];
  if (status.exitCode !== undefined) attributes.push(["nsTaskExitCode", String(status.exitCode)]);
  return attributes;
}

/** Whether an entry is made by the server beside a backend and goes with it. */
export function isServerMade(stored: ConfigEntry): boolean {
  const kind = kindOf(stored.normalDn);
  if (kind === "backendMonitor" || kind === "backendPart" || kind === "changelog") return true;
  return (
    kind === "index" &&
    stored.text("nsSystemIndex")?.toLowerCase() === "true" &&
    rdnOf(stored.normalDn) !== ""
  );
}
