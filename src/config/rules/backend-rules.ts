// Rules of backends (cn=NAME,cn=ldbm database,cn=plugins,cn=config) and of what lies below them: indexes, changelog,
// encrypted attributes. 389: ldbm_instance_config.c, ldbm_index_config.c.
//
// A backend is added with its name and suffix only; the server makes the children. dsconf deletes a backend leaf by leaf,
// so the server-made children can be deleted as soon as no mapping tree entry names the backend any more.
import { LdapError } from "../../protocol/index.ts";
import { LDBM_DN, DEFAULT_INDEXES_DN, findNormalDn, tidyDn } from "../config-dn.ts";
import type { ConfigEntry, TextAttribute } from "../config-entry.ts";
import { SYSTEM_INDEXES, indexAttributes } from "../default-indexes.ts";
import { parentOf } from "../entry-kind.ts";
import { backendFields, backendStoredFields, indexFields } from "../fields/database-fields.ts";
import { changelogFields, changelogStoredFields } from "../fields/replication-fields.ts";
import type { BackendSettings } from "../settings.ts";
import { isServerMade } from "../shown-entry.ts";
import { INDEX_TYPES } from "../snapshot.ts";
import type { TreeView } from "../tree-view.ts";
import {
  type ChangeContext,
  type EntryRules,
  type RuleOutcome,
  serverMadeStamp,
} from "./entry-rules.ts";
import { checkFields, fieldMap } from "./field-policy.ts";

/** Backends are tables on disk: their names must be harmless everywhere. */
const BACKEND_NAME = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$/;

export const backendRules: EntryRules = {
  policy: {
    fields: fieldMap([...Object.values(backendFields), ...backendStoredFields]),
    refuseUnknown: () => undefined,
    refuseReadOnly: () =>
      new LdapError("unwillingToPerform", "Can't change the root suffix of a backend"),
  },
  add: addBackend,
  modify: modifyBackend,
  checkDelete(tree, entry): void {
    const settings = backendOf(tree, entry.normalDn);
    if (settings !== undefined) checkUnmapped(tree, settings);
  },
};

function addBackend(tree: TreeView, entry: ConfigEntry, change: ChangeContext): RuleOutcome {
  const name = entry.text("cn") ?? "";
  if (!BACKEND_NAME.test(name)) {
    throw new LdapError("unwillingToPerform", `"${name}" cannot be the name of a backend`);
  }
  const suffix = entry.text("nsslapd-suffix");
  if (suffix === undefined || suffix === "") {
    throw new LdapError("objectClassViolation", "A backend needs the attribute nsslapd-suffix");
  }
  checkFields(backendRules.policy, entry);
  const normal = findNormalDn(suffix, tree.context.schema);
  const rival = tree.snapshot.backends.find((backend) => backend.normalSuffix === normal);
  if (rival !== undefined) {
    throw new LdapError(
      "unwillingToPerform",
      `Suffix ${suffix} belongs to the backend ${rival.name}`,
    );
  }
  return {
    entry: entry.with([["nsslapd-suffix", tidyDn(suffix)]]),
    others: backendChildren(tree, entry.dn, change),
  };
}

function backendChildren(
  tree: TreeView,
  dn: string,
  change: ChangeContext,
): readonly ConfigEntry[] {
  const stamp = (): readonly TextAttribute[] => serverMadeStamp(LDBM_DN, change);
  const container = (name: string): ConfigEntry =>
    tree.makeEntry(`cn=${name},${dn}`, [
      ["objectClass", "top", "extensibleObject"],
      ["cn", name],
      ...stamp(),
    ]);
  const indexes = new Map<string, ConfigEntry>();
  const addIndex = (attributes: readonly TextAttribute[], name: string): void => {
    const index = tree.makeEntry(`cn=${name},cn=index,${dn}`, [...attributes, ...stamp()]);
    if (!indexes.has(index.normalDn)) indexes.set(index.normalDn, index);
  };
  for (const index of SYSTEM_INDEXES) addIndex(indexAttributes(index), index.attribute);
  for (const childName of tree.childNames(DEFAULT_INDEXES_DN)) {
    const given = tree.findStored(childName);
    if (given === undefined) continue;
    addIndex(copyIndex(given), given.text("cn") ?? "");
  }
  return [
    container("monitor"),
    container("index"),
    container("encrypted attributes"),
    container("encrypted attribute keys"),
    ...indexes.values(),
  ];
}

const COPIED = ["objectClass", "cn", "nsSystemIndex", "nsIndexType", "nsMatchingRule"];

const copyIndex = (given: ConfigEntry): readonly TextAttribute[] =>
  COPIED.map((name): TextAttribute => [name, ...given.texts(name)]);

const REFERRAL = "nsslapd-referral";

/** Tools set the referrals of a suffix on its backend; they belong to the mapping tree entry. */
function modifyBackend(tree: TreeView, before: ConfigEntry, after: ConfigEntry): RuleOutcome {
  checkAutosized(tree, before, after);
  const settings = backendOf(tree, after.normalDn);
  const referrals = after.texts(REFERRAL);
  if (settings === undefined || referrals.join("\n") === before.texts(REFERRAL).join("\n")) {
    return { entry: after };
  }
  const suffix = tree.snapshot.suffixes.find(
    (known) => known.normalSuffix === settings.normalSuffix,
  );
  const mapping = suffix === undefined ? undefined : tree.findStored(suffix.normalDn);
  return mapping === undefined
    ? { entry: after }
    : { entry: after, others: [mapping.with([[REFERRAL, ...referrals]])] };
}

const AUTOSIZED = ["nsslapd-cachesize", "nsslapd-cachememsize"];
const BDB_DN = `cn=bdb,cn=config,${LDBM_DN}`;

/** 389 refuses sizes of caches while it sizes them itself. */
function checkAutosized(tree: TreeView, before: ConfigEntry, after: ConfigEntry): void {
  const changed = AUTOSIZED.find((name) => before.text(name) !== after.text(name));
  const autosize = Number(tree.find(BDB_DN)?.text("nsslapd-cache-autosize") ?? "0");
  if (changed !== undefined && autosize > 0) {
    throw new LdapError(
      "unwillingToPerform",
      `Error: "${changed}" can not be updated while "nsslapd-cache-autosize" is set in "cn=bdb,cn=config,${LDBM_DN}".`,
    );
  }
}

function backendOf(tree: TreeView, normalDn: string): BackendSettings | undefined {
  return tree.snapshot.backends.find(
    (backend) => normalDn === backend.normalDn || normalDn.endsWith(`,${backend.normalDn}`),
  );
}

function checkUnmapped(tree: TreeView, backend: BackendSettings): void {
  const user = tree.snapshot.suffixes.find(
    (suffix) => suffix.backendKey === backend.name.toLowerCase(),
  );
  if (user !== undefined) {
    throw new LdapError(
      "unwillingToPerform",
      `Backend ${backend.name} serves the suffix ${user.suffix}`,
    );
  }
}

/** Server-made children of a backend go only when the backend is about to go. */
function checkPartDelete(tree: TreeView, entry: ConfigEntry): void {
  const backend = backendOf(tree, entry.normalDn);
  if (backend !== undefined && isServerMade(entry)) checkUnmapped(tree, backend);
}

export const backendPartRules: EntryRules = {
  policy: {
    fields: new Map(),
    refuseUnknown: () => undefined,
    refuseReadOnly: (name) => new LdapError("unwillingToPerform", `${name} is read-only`),
  },
  checkDelete: checkPartDelete,
};

const INDEX_ATTRIBUTES = new Set([
  ...Object.values(indexFields).map((field) => field.attribute.toLowerCase()),
  "cn",
  "objectclass",
  "description",
]);

export const indexRules: EntryRules = {
  policy: {
    fields: fieldMap(Object.values(indexFields)),
    refuseUnknown: (name) =>
      INDEX_ATTRIBUTES.has(name.toLowerCase())
        ? undefined
        : new LdapError("objectClassViolation", `attribute "${name}" not allowed`),
    refuseReadOnly: (name) => new LdapError("unwillingToPerform", `${name} is read-only`),
  },
  add(_tree, entry): RuleOutcome {
    if (!entry.has("nsSystemIndex")) {
      throw new LdapError(
        "objectClassViolation",
        'missing attribute "nsSystemIndex" required by object class "nsIndex"',
      );
    }
    checkIndex(entry, "Error: missing index type");
    return { entry };
  },
  modify(_tree, _before, after): RuleOutcome {
    checkIndex(after, `Error: malformed index entry ${after.dn} - missing nsIndexType attribute`);
    return { entry: after };
  },
  checkDelete: checkPartDelete,
};

function checkIndex(entry: ConfigEntry, missing: string): void {
  const types = entry
    .texts("nsIndexType")
    .flatMap((value) => value.toLowerCase().split(/[\s,]+/))
    .filter((word) => word !== "");
  if (types.length === 0) throw new LdapError("objectClassViolation", missing);
  const unknown = types.find((type) => !INDEX_TYPES.has(type));
  if (unknown !== undefined) {
    throw new LdapError(
      "unwillingToPerform",
      `unknown index type "${unknown}" in entry (${entry.dn}), valid index types are "pres", "eq", "approx", or "sub"`,
    );
  }
  if (types.includes("subtree") && entry.text("cn")?.toLowerCase() !== "entryrdn") {
    throw new LdapError("unwillingToPerform", "Only entryrdn has an index of type subtree");
  }
}

export const changelogRules: EntryRules = {
  policy: {
    fields: fieldMap([...Object.values(changelogFields), ...changelogStoredFields]),
    refuseUnknown: () => undefined,
    refuseReadOnly: (name) => new LdapError("unwillingToPerform", `${name} is read-only`),
  },
  add(tree, entry): RuleOutcome {
    if (backendOf(tree, parentOf(entry.normalDn)) === undefined) {
      throw new LdapError("noSuchObject", "A changelog belongs to a backend");
    }
    checkFields(changelogRules.policy, entry);
    return { entry };
  },
  checkDelete: checkPartDelete,
};
