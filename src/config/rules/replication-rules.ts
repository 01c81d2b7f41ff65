// Rules of the mapping tree, replicas and agreements. 389: mapping_tree.c, repl5_replica_config.c, repl5_agmtlist.c.
import { LdapError, type Mod } from "../../protocol/index.ts";
import { LDBM_DN, escapeValue, findDn, findNormalDn, tidyDn } from "../config-dn.ts";
import type { ConfigEntry } from "../config-entry.ts";
import { isWithin, parentOf } from "../entry-kind.ts";
import type { ConfigEvent, ReplicaTask } from "../events.ts";
import { fieldValue } from "../fields/field.ts";
import {
  agreementFields,
  agreementServerAttributes,
  replicaFields,
  replicaStoredFields,
} from "../fields/replication-fields.ts";
import { checkFractionalList, isScheduleWindow } from "../fractional.ts";
import type { ReplicaSettings } from "../settings.ts";
import { parseSuffixState, suffixOf } from "../snapshot.ts";
import type { TreeView } from "../tree-view.ts";
import {
  type ChangeContext,
  type EntryRules,
  type RuleOutcome,
  serverMadeStamp,
} from "./entry-rules.ts";
import { checkFields, fieldMap } from "./field-policy.ts";

const refuse = (message: string): LdapError => new LdapError("unwillingToPerform", message);

// --- mapping tree ------------------------------------------------------------------------------------------------

export const suffixRules: EntryRules = {
  policy: {
    fields: new Map(),
    refuseUnknown: () => undefined,
    refuseReadOnly: (name) => refuse(`${name} is read-only`),
  },
  // `backend suffix set --disable` of lib389 2.3.1 writes the second name.
  aliases: new Map([["nsslapd-nsstate", "nsslapd-state"]]),
  add(tree, entry): RuleOutcome {
    const written = entry.texts("cn").find((value) => findDn(value)?.[0] !== undefined);
    if (written === undefined) throw refuse("A mapping tree entry is named by a suffix");
    const suffix = tidyDn(written);
    const escaped = escapeValue(suffix);
    const named = entry.with([["cn", suffix, ...(escaped === suffix ? [] : [escaped])]]);
    checkSuffix(tree, named);
    if (!named.has("nsslapd-state")) throw refuse("A mapping tree entry needs nsslapd-state");
    return { entry: named };
  },
  modify(tree, _before, after): RuleOutcome {
    checkSuffix(tree, after);
    return { entry: after };
  },
};

function checkSuffix(tree: TreeView, entry: ConfigEntry): void {
  const text = entry.text("nsslapd-state") ?? "disabled";
  const state = parseSuffixState(text);
  if (state === undefined) {
    throw new LdapError("invalidAttributeSyntax", `nsslapd-state: unknown state "${text}"`);
  }
  if ((state === "backend" || state === "referralOnUpdate") && !entry.has("nsslapd-backend")) {
    throw refuse(`State ${text} needs the attribute nsslapd-backend`);
  }
  if (state === "referral" && !entry.has("nsslapd-referral")) {
    throw refuse("State referral needs the attribute nsslapd-referral");
  }
  const parent = entry.text("nsslapd-parent-suffix");
  if (parent === undefined) return;
  const { schema } = tree.context;
  const normalParent = findNormalDn(parent, schema);
  const normal = findNormalDn(suffixOf(entry), schema);
  if (normalParent === undefined || normal === undefined) {
    throw new LdapError(
      "invalidAttributeSyntax",
      "nsslapd-parent-suffix: value #0 invalid per syntax",
    );
  }
  if (normal === normalParent || !isWithin(normal, normalParent)) {
    throw refuse(`The suffix is not below ${parent}`);
  }
}

// --- replica -----------------------------------------------------------------------------------------------------

/** The type of a replica that takes no changes of clients. */
const READ_ONLY_TYPE = 2;
const READ_ONLY_ID = 65_535;

export const replicaRules: EntryRules = {
  policy: {
    fields: fieldMap([...Object.values(replicaFields), ...replicaStoredFields]),
    refuseUnknown: (name) =>
      name.toLowerCase() === "nsds5task" || name.toLowerCase() === "objectclass"
        ? undefined
        : refuse(`Modification of attribute ${name} is not allowed in replica entry`),
    refuseReadOnly: (name) => refuse(`Modification of ${name} attribute is not allowed`),
  },
  add: addReplica,
  modify: modifyReplica,
};

function addReplica(tree: TreeView, entry: ConfigEntry, change: ChangeContext): RuleOutcome {
  const root = entry.text("nsDS5ReplicaRoot");
  for (const name of ["nsDS5ReplicaRoot", "nsDS5ReplicaId"]) {
    if (entry.has(name)) continue;
    throw new LdapError(
      "objectClassViolation",
      `missing attribute "${name}" required by object class "nsDS5Replica"`,
    );
  }
  checkFields(replicaRules.policy, entry);
  const suffix = tree.snapshot.suffixes.find(
    (known) => known.normalDn === parentOf(entry.normalDn),
  );
  if (
    suffix === undefined ||
    findNormalDn(root ?? "", tree.context.schema) !== suffix.normalSuffix
  ) {
    throw refuse(`nsDS5ReplicaRoot ${root ?? ""} is not the suffix of the mapping tree entry`);
  }
  const backend = tree.snapshot.backends.find(
    (known) => known.name.toLowerCase() === suffix.backendKey,
  );
  if (backend === undefined) throw refuse(`Suffix ${suffix.suffix} has no backend`);
  const complete = settledReplica(
    tree,
    entry.withMissing([["nsDS5ReplicaName", change.newUniqueId()]]),
  );
  const changelogDn = `cn=changelog,${backend.normalDn}`;
  if (tree.has(changelogDn)) return { entry: complete, events: taskEvents(complete) };
  const backendEntry = tree.findStored(backend.normalDn);
  const changelog = tree.makeEntry(`cn=changelog,${backendEntry?.dn ?? backend.normalDn}`, [
    ["objectClass", "top", "extensibleObject"],
    ["cn", "changelog"],
    ...serverMadeStamp(LDBM_DN, change),
  ]);
  return { entry: withoutTask(complete), others: [changelog], events: taskEvents(complete) };
}

/** Id and type fit together, minimum and maximum are in order. */
function settledReplica(tree: TreeView, entry: ConfigEntry): ConfigEntry {
  const { instance } = tree.context;
  const type = fieldValue(replicaFields.type, entry, instance);
  const id = fieldValue(replicaFields.replicaId, entry, instance);
  const min = fieldValue(replicaFields.backoffMinSec, entry, instance);
  const max = fieldValue(replicaFields.backoffMaxSec, entry, instance);
  if (min > max) {
    throw refuse(
      `Attribute nsds5ReplicaBackoffMin value (${min}) is invalid, must be a number less than the max backoff time (${max}).`,
    );
  }
  if (type === READ_ONLY_TYPE) return entry.with([["nsDS5ReplicaId", String(READ_ONLY_ID)]]);
  if (id === READ_ONLY_ID) {
    throw refuse(
      `Attribute nsDS5ReplicaId value (${id}) is invalid, must be a number between 1 and 65534.`,
    );
  }
  return entry;
}

function modifyReplica(
  tree: TreeView,
  before: ConfigEntry,
  after: ConfigEntry,
  mods: readonly Mod[],
): RuleOutcome {
  for (const mod of mods) {
    const key = mod.type.toLowerCase();
    const serverOnly = key === "nsds5replicacleanruv" || key === "nsds5replicaabortcleanruv";
    if (serverOnly && mod.operation !== "delete") {
      throw refuse(`Modification of attribute ${mod.type} is not allowed in replica entry`);
    }
  }
  const { instance } = tree.context;
  const typeBefore = fieldValue(replicaFields.type, before, instance);
  const idBefore = fieldValue(replicaFields.replicaId, before, instance);
  const type = fieldValue(replicaFields.type, after, instance);
  const id = fieldValue(replicaFields.replicaId, after, instance);
  const wasReadOnly = typeBefore === READ_ONLY_TYPE;
  const isReadOnly = type === READ_ONLY_TYPE;
  if (wasReadOnly && isReadOnly && id !== idBefore) {
    throw new LdapError("operationsError", "replica ID is already 65535 - not changing");
  }
  if (!wasReadOnly && !isReadOnly && id !== idBefore) {
    throw refuse("The replica ID changes only together with nsDS5ReplicaType");
  }
  return { entry: withoutTask(settledReplica(tree, after)), events: taskEvents(after) };
}

const withoutTask = (entry: ConfigEntry): ConfigEntry => entry.without("nsDS5Task");

const TASK_TEXT = /^(?:(cl2ldif|ldif2cl)|(cleanruv|cleanallruv)\s*(\d{1,5}))$/i;

/** @throws LdapError operationsError for a task that does not exist */
function parseReplicaTask(text: string): ReplicaTask {
  const match = TASK_TEXT.exec(text.trim());
  if (match === null) throw new LdapError("operationsError", `Unsupported replica task - ${text}`);
  const [, changelogTask, cleanTask, id] = match;
  if (changelogTask !== undefined) {
    return {
      kind: changelogTask.toLowerCase() === "cl2ldif" ? "exportChangelog" : "importChangelog",
    };
  }
  const replicaId = Number(id);
  if (replicaId < 1 || replicaId >= READ_ONLY_ID) {
    throw new LdapError("operationsError", `Invalid replica id (${replicaId})`);
  }
  return { kind: cleanTask?.toLowerCase() === "cleanruv" ? "cleanRuv" : "cleanAllRuv", replicaId };
}

/** nsds5Task is a trigger: it asks for work and is not stored. */
function taskEvents(entry: ConfigEntry): (after: TreeView) => readonly ConfigEvent[] {
  const tasks = entry.texts("nsDS5Task").map(parseReplicaTask);
  return (tree) => {
    const replica = findReplica(tree, entry.normalDn);
    return replica === undefined
      ? []
      : tasks.map((task) => ({ type: "replicaTaskRequested" as const, replica, task }));
  };
}

const findReplica = (tree: TreeView, normalDn: string): ReplicaSettings | undefined =>
  tree.snapshot.replicas.find((replica) => replica.normalDn === normalDn);

// --- agreement ---------------------------------------------------------------------------------------------------

const AGREEMENT_EXTRA = new Set([
  "cn",
  "objectclass",
  "nsds5beginreplicarefresh",
  "nsds5debugreplicatimeout",
  "nsds5replicacleanruvnotified",
  ...agreementServerAttributes.map((name) => name.toLowerCase()),
]);

const STANDARD_CLASSES = new Set(["top", "nsds5replicationagreement"]);

export const agreementRules: EntryRules = {
  policy: {
    fields: fieldMap(Object.values(agreementFields)),
    refuseUnknown: (name) =>
      AGREEMENT_EXTRA.has(name.toLowerCase())
        ? undefined
        : refuse(`Modification of ${name} attribute is not allowed`),
    refuseReadOnly: (name) => refuse(`Modification of ${name} attribute is not allowed`),
  },
  add(tree, entry): RuleOutcome {
    checkNewAgreement(tree, entry);
    return { entry, events: refreshEvents(entry, undefined) };
  },
  modify(tree, before, after, mods): RuleOutcome {
    const deletesRefresh = mods.some(
      (mod) => mod.type.toLowerCase() === "nsds5beginreplicarefresh" && mod.values.length === 0,
    );
    if (deletesRefresh) throw refuse("Deletion of nsds5BeginReplicaRefresh is not allowed");
    checkAgreement(tree, after);
    const writesRefresh = mods.some((mod) => mod.type.toLowerCase() === "nsds5beginreplicarefresh");
    const events = writesRefresh ? refreshEvents(after, before) : undefined;
    const stored =
      refreshWord(after) === "start" ? after : after.without("nsds5BeginReplicaRefresh");
    return events === undefined ? { entry: stored } : { entry: stored, events };
  },
};

function checkNewAgreement(tree: TreeView, entry: ConfigEntry): void {
  if (entry.hasObjectClass("nsDSWindowsReplicationAgreement")) {
    throw refuse("Synchronization with Windows is not supported");
  }
  if (!entry.hasObjectClass("nsds5replicationagreement")) {
    throw new LdapError(
      "objectClassViolation",
      "An entry below a replica is a replication agreement",
    );
  }
  for (const name of ["nsDS5ReplicaRoot", "nsDS5ReplicaHost", "nsDS5ReplicaPort"]) {
    if (!entry.has(name)) throw refuse(`An agreement needs the attribute ${name}`);
  }
  const replica = findReplica(tree, parentOf(entry.normalDn));
  const root = findNormalDn(entry.text("nsDS5ReplicaRoot") ?? "", tree.context.schema);
  if (replica === undefined || root !== replica.normalSuffix) {
    throw refuse("nsDS5ReplicaRoot is not the suffix of the replica");
  }
  checkFields(agreementRules.policy, entry);
  const isPlain = ![...entry.texts("objectClass")].some(
    (name) => !STANDARD_CLASSES.has(name.toLowerCase()),
  );
  if (isPlain) checkKnownAttributes(entry);
  checkAgreement(tree, entry);
}

function checkKnownAttributes(entry: ConfigEntry): void {
  for (const { description } of entry.attributes()) {
    if (description.type.operational) continue;
    const key = description.text.toLowerCase();
    if (!AGREEMENT_EXTRA.has(key) && !agreementRules.policy.fields.has(key)) {
      throw new LdapError("objectClassViolation", `attribute "${description.text}" not allowed`);
    }
  }
}

function checkAgreement(tree: TreeView, entry: ConfigEntry): void {
  const { instance } = tree.context;
  const method = fieldValue(agreementFields.bindMethod, entry, instance);
  if (method === "simple" || method === "digestMd5") {
    if (!entry.has("nsDS5ReplicaBindDN") || !entry.has("nsDS5ReplicaCredentials")) {
      throw refuse("The bind method needs nsDS5ReplicaBindDN and nsDS5ReplicaCredentials");
    }
  }
  if (method === "external" && fieldValue(agreementFields.transport, entry, instance) === "ldap") {
    throw refuse("Bind method SSLCLIENTAUTH needs a secure transport");
  }
  checkFractionalList(entry.text("nsDS5ReplicatedAttributeList") ?? "", "incremental");
  checkFractionalList(entry.text("nsDS5ReplicatedAttributeListTotal") ?? "", "total");
  const badWindow = entry
    .texts("nsds5ReplicaUpdateSchedule")
    .find((text) => !isScheduleWindow(text));
  if (badWindow !== undefined) {
    throw refuse(`nsds5ReplicaUpdateSchedule: invalid value "${badWindow}"`);
  }
  const word = refreshWord(entry);
  if (word !== undefined && !REFRESH_WORDS.has(word)) {
    throw refuse(`nsds5BeginReplicaRefresh: invalid value "${word}"`);
  }
  checkNotSelf(tree, entry);
}

const LOOPBACK = new Set(["localhost", "localhost.localdomain", "127.0.0.1", "::1"]);

/** An agreement with the server itself would never end. */
function checkNotSelf(tree: TreeView, entry: ConfigEntry): void {
  const { server } = tree.snapshot;
  const host = (entry.text("nsDS5ReplicaHost") ?? "").toLowerCase();
  const port = fieldValue(agreementFields.port, entry, tree.context.instance);
  const isOwnPort = port === server.port || (server.tlsEnabled && port === server.securePort);
  if (isOwnPort && (LOOPBACK.has(host) || host === server.hostName.toLowerCase())) {
    throw refuse(`agreement hostname points to the local server instance: ${host}`);
  }
}

const REFRESH_WORDS = new Set(["start", "stop", "cancel"]);

const refreshWord = (entry: ConfigEntry): string | undefined =>
  entry.text("nsds5BeginReplicaRefresh")?.toLowerCase();

function refreshEvents(
  entry: ConfigEntry,
  before: ConfigEntry | undefined,
): (after: TreeView) => readonly ConfigEvent[] {
  const word = refreshWord(entry);
  const wasRunning = before !== undefined && refreshWord(before) === "start";
  return (tree) => {
    const agreement = tree.snapshot.agreements.find((known) => known.normalDn === entry.normalDn);
    if (agreement === undefined || word === undefined) return [];
    if (word === "start") return [{ type: "refreshRequested", agreement }];
    return wasRunning ? [{ type: "refreshAborted", agreement }] : [];
  };
}
