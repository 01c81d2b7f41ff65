// Decodes the entries of a tree into typed settings. Never fails: what cannot be read counts as its default, so that a
// configuration edited by hand still gives a running server.
import type { ConfigEntry } from "./config-entry.ts";
import {
  CONFIG_DN,
  DATABASE_CONFIG_DN,
  LDBM_DN,
  MAPPING_TREE_DN,
  PLUGINS_DN,
  findNormalDn,
} from "./config-dn.ts";
import type { TreeView } from "./tree-view.ts";
import { kindOf } from "./entry-kind.ts";
import { backendFields, databaseFields } from "./fields/database-fields.ts";
import { decodeFields } from "./fields/field.ts";
import { passwordPolicyFields } from "./fields/password-policy-fields.ts";
import { agreementFields, changelogFields, replicaFields } from "./fields/replication-fields.ts";
import { serverFields } from "./fields/server-fields.ts";
import { parseFractionalList, parseNameList } from "./fractional.ts";
import type {
  AgreementSettings,
  BackendSettings,
  ConfigSnapshot,
  IndexKind,
  IndexSettings,
  PluginSettings,
  ReplicaRole,
  ReplicaSettings,
  SuffixSettings,
  SuffixState,
} from "./settings.ts";

export function buildSnapshot(tree: TreeView): ConfigSnapshot {
  const { instance } = tree.context;
  const server = storedOrEmpty(tree, CONFIG_DN);
  const replicas: ReplicaSettings[] = [];
  const agreements: AgreementSettings[] = [];
  const suffixEntries = storedChildren(tree, MAPPING_TREE_DN);
  for (const suffix of suffixEntries) {
    const replica = tree.findStored(`cn=replica,${suffix.normalDn}`);
    if (replica === undefined) continue;
    replicas.push(readReplica(tree, replica));
    for (const agreement of storedChildren(tree, replica.normalDn)) {
      agreements.push(readAgreement(tree, agreement));
    }
  }
  return Object.freeze({
    server: decodeFields(serverFields, server, instance),
    passwordPolicy: decodeFields(passwordPolicyFields, server, instance),
    database: decodeFields(databaseFields, storedOrEmpty(tree, DATABASE_CONFIG_DN), instance),
    suffixes: suffixEntries.map((entry) =>
      readSuffix(
        tree,
        entry,
        replicas.find((replica) => replica.normalDn === `cn=replica,${entry.normalDn}`),
      ),
    ),
    backends: storedChildren(tree, LDBM_DN)
      .filter((entry) => kindOf(entry.normalDn) === "backend")
      .map((entry) => readBackend(tree, entry)),
    replicas,
    agreements,
    plugins: storedChildren(tree, PLUGINS_DN).map(readPlugin),
  });
}

function storedOrEmpty(tree: TreeView, dn: string): ConfigEntry {
  return tree.findStored(dn) ?? tree.makeEntry(dn, []);
}

function storedChildren(tree: TreeView, normalDn: string): readonly ConfigEntry[] {
  const entries: ConfigEntry[] = [];
  for (const name of tree.childNames(normalDn)) {
    const entry = tree.findStored(name);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

const STATES = new Map<string, SuffixState>([
  ["backend", "backend"],
  ["disabled", "disabled"],
  ["referral", "referral"],
  ["referral on update", "referralOnUpdate"],
  ["container", "container"],
]);

/** undefined for a text that is no state. */
export function parseSuffixState(text: string): SuffixState | undefined {
  return STATES.get(text.trim().toLowerCase());
}

export function formatSuffixState(state: SuffixState): string {
  return state === "referralOnUpdate" ? "referral on update" : state;
}

/** The suffix that a mapping tree entry is about: the first of its `cn` values that is a DN. */
export function suffixOf(entry: ConfigEntry): string {
  const values = entry.texts("cn");
  return values.find((value) => !value.includes("\\")) ?? values[0] ?? "";
}

/** 389 sets the state `referral on update` of a read-only replica itself; here it follows from the replica. */
function readSuffix(
  tree: TreeView,
  entry: ConfigEntry,
  replica: ReplicaSettings | undefined,
): SuffixSettings {
  const suffix = suffixOf(entry);
  const normal = (text: string): string =>
    findNormalDn(text, tree.context.schema) ?? text.toLowerCase();
  const stored = parseSuffixState(entry.text("nsslapd-state") ?? "backend") ?? "disabled";
  const isReadOnlyReplica =
    stored === "backend" && replica !== undefined && replica.role !== "supplier";
  const parent = entry.text("nsslapd-parent-suffix");
  const referrals = entry.texts("nsslapd-referral");
  const backendName = entry.text("nsslapd-backend");
  return {
    suffix,
    normalSuffix: normal(suffix),
    normalDn: entry.normalDn,
    state: isReadOnlyReplica ? "referralOnUpdate" : stored,
    backendName,
    backendKey: backendName?.toLowerCase(),
    referrals:
      replica !== undefined && replica.referrals.length > 0 ? replica.referrals : referrals,
    normalParentSuffix: parent === undefined ? undefined : normal(parent),
  };
}

function readBackend(tree: TreeView, entry: ConfigEntry): BackendSettings {
  const { instance, schema } = tree.context;
  const fields = decodeFields(backendFields, entry, instance);
  const changelog = tree.findStored(`cn=changelog,${entry.normalDn}`);
  return {
    ...fields,
    name: entry.text("cn") ?? "",
    normalDn: entry.normalDn,
    normalSuffix: findNormalDn(fields.suffix, schema) ?? fields.suffix.toLowerCase(),
    indexes: storedChildren(tree, `cn=index,${entry.normalDn}`).map(readIndex),
    changelog:
      changelog === undefined ? undefined : decodeFields(changelogFields, changelog, instance),
  };
}

const INDEX_KINDS = new Map<string, IndexKind>([
  ["pres", "presence"],
  ["eq", "equality"],
  ["sub", "substring"],
  ["approx", "approx"],
  ["subtree", "subtree"],
]);

/** The words of nsIndexType; `none` stands for no index. */
export const INDEX_TYPES: ReadonlySet<string> = new Set([...INDEX_KINDS.keys(), "none"]);

const SUBSTRING_LENGTH = /^nsSubStr(Begin|Middle|End)\s*=\s*(\d{1,3})$/i;

export function readIndex(entry: ConfigEntry): IndexSettings {
  const types = entry
    .texts("nsIndexType")
    .flatMap((value) => value.toLowerCase().split(/[\s,]+/))
    .filter((word) => word !== "");
  const kinds = types.includes("none") ? [] : types.flatMap((word) => INDEX_KINDS.get(word) ?? []);
  const lengths = { initial: 3, any: 3, final: 3 };
  const matchingRules: string[] = [];
  for (const value of entry.texts("nsMatchingRule")) {
    const match = SUBSTRING_LENGTH.exec(value.trim());
    if (match === null) matchingRules.push(value);
    else lengths[SUBSTRING_PARTS[match[1]?.toLowerCase() ?? ""] ?? "any"] = Number(match[2]);
  }
  return {
    attribute: entry.text("cn") ?? "",
    kinds: [...new Set(kinds)],
    matchingRules,
    substringLengths: lengths,
    isSystem: entry.text("nsSystemIndex")?.toLowerCase() === "true",
  };
}

const SUBSTRING_PARTS: Readonly<Record<string, "initial" | "any" | "final">> = {
  begin: "initial",
  middle: "any",
  end: "final",
};

function readReplica(tree: TreeView, entry: ConfigEntry): ReplicaSettings {
  const { instance, schema } = tree.context;
  const fields = decodeFields(replicaFields, entry, instance);
  const normal = (text: string): string => findNormalDn(text, schema) ?? text.toLowerCase();
  return {
    ...fields,
    normalDn: entry.normalDn,
    normalSuffix: normal(fields.suffix),
    role: roleOf(fields.type, fields.flags),
    keepsChangelog: (fields.flags & 1) === 1,
    normalBindDns: fields.bindDns.map(normal),
    normalBindDnGroups: fields.bindDnGroups.map(normal),
  };
}

/** 389: type 2 is read-only, with a changelog it is a hub. */
function roleOf(type: number, flags: number): ReplicaRole {
  if (type !== 2) return "supplier";
  return (flags & 1) === 1 ? "hub" : "consumer";
}

function readAgreement(tree: TreeView, entry: ConfigEntry): AgreementSettings {
  const { instance, schema } = tree.context;
  const fields = decodeFields(agreementFields, entry, instance);
  const excludedAttributes = parseFractionalList(fields.attributeList);
  return {
    ...fields,
    name: entry.text("cn") ?? "",
    dn: entry.dn,
    normalDn: entry.normalDn,
    normalSuffix: findNormalDn(fields.suffix, schema) ?? fields.suffix.toLowerCase(),
    excludedAttributes,
    excludedAttributesTotal:
      fields.attributeListTotal === "" || excludedAttributes.length === 0
        ? excludedAttributes
        : parseFractionalList(fields.attributeListTotal),
    strippedAttributes:
      excludedAttributes.length === 0 ? [] : parseNameList(fields.stripAttributes),
    refreshRequested: entry.text("nsds5BeginReplicaRefresh")?.toLowerCase() === "start",
  };
}

function readPlugin(entry: ConfigEntry): PluginSettings {
  return {
    name: entry.text("cn") ?? "",
    normalDn: entry.normalDn,
    enabled: entry.text("nsslapd-pluginEnabled")?.toLowerCase() === "on",
  };
}
