// Reads the order of a task entry. Called before the ADD of the entry is answered: a bad argument fails the ADD. That a file
// is missing or a backend busy shows only when the task runs, in its exit code.
import type { ConfigEntry, ConfigSnapshot } from "../config/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { TaskOrder, TaskTarget } from "./task-order.ts";

export interface TaskSurroundings {
  readonly snapshot: ConfigSnapshot;
  /** undefined when `text` is no DN. */
  findNormalDn(text: string): string | undefined;
  /** Whether a cleanallruv task for this replica ID is under way or waiting. */
  isCleaning(normalSuffix: string, replicaId: number): boolean;
}

const missing = (name: string): LdapError =>
  new LdapError("objectClassViolation", `Missing ${name} attribute`);
const refused = (message: string): LdapError => new LdapError("unwillingToPerform", message);
const failed = (message: string): LdapError => new LdapError("operationsError", message);

type Parser = (entry: ConfigEntry, surroundings: TaskSurroundings) => TaskOrder;

/** @throws LdapError when an argument is missing or wrong, or when there is no such kind of work here */
export function parseTask(
  container: string,
  entry: ConfigEntry,
  surroundings: TaskSurroundings,
): TaskOrder {
  const parser = PARSERS.get(container.toLowerCase());
  if (parser === undefined) throw refused(`Tasks of the kind "${container}" are not supported`);
  return parser(entry, surroundings);
}

const target = ({ dn, normalDn }: ConfigEntry): TaskTarget => ({ dn, normalDn });

function getText(entry: ConfigEntry, name: string): string {
  const text = entry.text(name);
  if (text === undefined || text === "") throw missing(name);
  return text;
}

const TRUE_WORDS = new Set(["true", "on", "yes", "1"]);

/** 389 takes true, on, yes and 1, and everything else as no. */
function readFlag(entry: ConfigEntry, name: string, absent: "yes" | "no"): boolean {
  const text = entry.text(name);
  return text === undefined ? absent === "yes" : TRUE_WORDS.has(text.toLowerCase());
}

function getBackendName(surroundings: TaskSurroundings, name: string): string {
  const lower = name.toLowerCase();
  const backend = surroundings.snapshot.backends.find(
    (known) => known.name.toLowerCase() === lower,
  );
  if (backend === undefined) throw new LdapError("noSuchObject", `There is no backend "${name}"`);
  return backend.name;
}

/** Backends by nsInstance, or by the suffixes in nsIncludeSuffix. */
function getBackendNames(entry: ConfigEntry, surroundings: TaskSurroundings): readonly string[] {
  const instances = entry.texts("nsInstance");
  if (instances.length > 0) return instances.map((name) => getBackendName(surroundings, name));
  const suffixes = entry.texts("nsIncludeSuffix");
  if (suffixes.length === 0) throw missing("nsInstance");
  const names = suffixes.map((suffix) => {
    const normal = surroundings.findNormalDn(suffix);
    const backend = surroundings.snapshot.backends.find(
      (known) =>
        normal === known.normalSuffix || normal?.endsWith(`,${known.normalSuffix}`) === true,
    );
    if (backend === undefined) throw new LdapError("noSuchObject", `No backend holds ${suffix}`);
    return backend.name;
  });
  return [...new Set(names)];
}

function parseImport(entry: ConfigEntry, surroundings: TaskSurroundings): TaskOrder {
  const files = entry.texts("nsFilename");
  if (files.length === 0) throw missing("nsFilename");
  const [backendName, ...others] = getBackendNames(entry, surroundings);
  if (backendName === undefined) throw missing("nsInstance");
  if (others.length > 0) throw refused("An import fills one backend");
  return {
    ...target(entry),
    kind: "import",
    backendName,
    files,
    includeSuffixes: entry.texts("nsIncludeSuffix"),
    excludeSuffixes: entry.texts("nsExcludeSuffix"),
  };
}

function parseExport(entry: ConfigEntry, surroundings: TaskSurroundings): TaskOrder {
  const file = getText(entry, "nsFilename");
  return {
    ...target(entry),
    kind: "export",
    backendNames: getBackendNames(entry, surroundings),
    file,
    oneFile: readFlag(entry, "nsUseOneFile", "yes"),
    withReplicationState: readFlag(entry, "nsExportReplica", "no"),
    includeSuffixes: entry.texts("nsIncludeSuffix"),
    excludeSuffixes: entry.texts("nsExcludeSuffix"),
    wrapLines: !readFlag(entry, "nsNoWrap", "no"),
    withVersionLine: !readFlag(entry, "nsNoVersionLine", "no"),
    withUniqueIds: readFlag(entry, "nsDumpUniqId", "yes"),
    withEntryIds: readFlag(entry, "nsPrintKey", "yes"),
  };
}

function parseBackup(kind: "backup" | "restore"): Parser {
  return (entry) => {
    const folder = getText(entry, "nsArchiveDir");
    const type = entry.text("nsDatabaseType");
    if (type !== undefined && type.toLowerCase() !== "ldbm database") {
      throw refused(`There is no database of the type "${type}"`);
    }
    return { ...target(entry), kind, folder };
  };
}

function parseIndex(entry: ConfigEntry, surroundings: TaskSurroundings): TaskOrder {
  const backendName = getBackendName(surroundings, getText(entry, "nsInstance"));
  const texts = [...entry.texts("nsIndexAttribute"), ...entry.texts("nsIndexVLVAttribute")];
  if (texts.length === 0) throw missing("nsIndexAttribute");
  const attributes = texts.map((text) => {
    const [attribute = "", types = ""] = text.split(":");
    return { attribute, types: types.split(",").filter((type) => type !== "") };
  });
  return { ...target(entry), kind: "index", backendName, attributes };
}

/** Largest ID of an updatable replica. */
const REPLICA_ID_MAX = 65_534;

function readCleanTarget(
  entry: ConfigEntry,
  surroundings: TaskSurroundings,
): { readonly normalSuffix: string; readonly replicaId: number } {
  const idText = getText(entry, "replica-id");
  const base = getText(entry, "replica-base-dn");
  const normalSuffix = surroundings.findNormalDn(base);
  const replica = surroundings.snapshot.replicas.find(
    (known) => known.normalSuffix === normalSuffix,
  );
  if (replica === undefined || normalSuffix === undefined) {
    throw failed(`Could not find replica from dn(${base})`);
  }
  const replicaId = /^\d{1,5}$/.test(idText) ? Number(idText) : 0;
  if (replicaId < 1 || replicaId > REPLICA_ID_MAX) {
    throw failed(`Invalid replica id (${replicaId}) for task - (${entry.dn})`);
  }
  return { normalSuffix, replicaId };
}

function readYesNo(entry: ConfigEntry, name: string): boolean {
  const text = entry.text(name) ?? "no";
  const lower = text.toLowerCase();
  if (lower !== "yes" && lower !== "no") {
    throw failed(
      `Invalid value for ${name} (${text}).  Value must be "yes" or "no" for task - (${entry.dn})`,
    );
  }
  return lower === "yes";
}

function parseCleanAllRuv(entry: ConfigEntry, surroundings: TaskSurroundings): TaskOrder {
  const { normalSuffix, replicaId } = readCleanTarget(entry, surroundings);
  const force = readYesNo(entry, "replica-force-cleaning");
  const own = surroundings.snapshot.replicas.find(
    (replica) => replica.normalSuffix === normalSuffix,
  );
  if (own?.role === "supplier" && own.replicaId === replicaId) {
    throw refused(`Replica id (${replicaId}) is that of this server`);
  }
  if (surroundings.isCleaning(normalSuffix, replicaId)) {
    throw refused(`Replica id (${replicaId}) is already being cleaned`);
  }
  return {
    ...target(entry),
    kind: "cleanAllRuv",
    normalSuffix,
    replicaId,
    force,
    isRelayed: entry.text("replica-original-task") === "0",
  };
}

function parseAbort(entry: ConfigEntry, surroundings: TaskSurroundings): TaskOrder {
  const { normalSuffix, replicaId } = readCleanTarget(entry, surroundings);
  const certifyAll = readYesNo(entry, "replica-certify-all");
  if (!surroundings.isCleaning(normalSuffix, replicaId)) {
    throw refused(`Replica id (${replicaId}) is not being cleaned, nothing to abort.`);
  }
  return { ...target(entry), kind: "abortCleanAllRuv", normalSuffix, replicaId, certifyAll };
}

type FixupKind =
  | "syntaxValidate"
  | "memberOfFixup"
  | "entryUuidFixup"
  | "automemberRebuild"
  | "automemberExport";

/** `plugin`: the name of the plug-in that must be on, otherwise 389 has no container for its task. */
function parseFixup(kind: FixupKind, plugin?: string): Parser {
  return (entry, surroundings) => {
    if (plugin !== undefined) checkPlugin(surroundings, plugin);
    return {
      ...target(entry),
      kind,
      baseDn: getText(entry, "basedn"),
      filter: entry.text("filter") ?? "(objectclass=*)",
      scope: entry.text("scope") ?? "sub",
    };
  };
}

function checkPlugin({ snapshot }: TaskSurroundings, name: string): void {
  const plugin = snapshot.plugins.find((known) => known.name.toLowerCase() === name.toLowerCase());
  if (plugin?.enabled !== true) throw new LdapError("noSuchObject", `${name} is not enabled`);
}

const parsePlain =
  (
    kind: "compactDatabase" | "linkedAttributesFixup" | "automemberAbort" | "automemberMap",
  ): Parser =>
  (entry) => ({ ...target(entry), kind });

function parseFixupTombstones(entry: ConfigEntry, surroundings: TaskSurroundings): TaskOrder {
  const name = entry.text("backend");
  return {
    ...target(entry),
    kind: "fixupTombstones",
    backendName: name === undefined ? undefined : getBackendName(surroundings, name),
  };
}

function parseUsnCleanup(entry: ConfigEntry, surroundings: TaskSurroundings): TaskOrder {
  checkPlugin(surroundings, "USN");
  const name = entry.text("backend");
  const suffix = entry.text("suffix");
  if (name === undefined && suffix === undefined) throw missing("suffix");
  const normal = suffix === undefined ? undefined : surroundings.findNormalDn(suffix);
  const found = surroundings.snapshot.backends.find((backend) => backend.normalSuffix === normal);
  const backendName = name === undefined ? found?.name : getBackendName(surroundings, name);
  return { ...target(entry), kind: "usnCleanup", backendName };
}

const PARSERS: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ["import", parseImport],
  ["export", parseExport],
  ["backup", parseBackup("backup")],
  ["restore", parseBackup("restore")],
  ["index", parseIndex],
  ["cleanallruv", parseCleanAllRuv],
  ["abort cleanallruv", parseAbort],
  [
    "schema reload task",
    (entry) => ({ ...target(entry), kind: "schemaReload", folder: entry.text("schemadir") }),
  ],
  ["syntax validate", parseFixup("syntaxValidate")],
  ["memberof task", parseFixup("memberOfFixup", "MemberOf Plugin")],
  ["entryuuid task", parseFixup("entryUuidFixup", "entryuuid")],
  ["automember rebuild membership", parseFixup("automemberRebuild", "Auto Membership Plugin")],
  ["automember export updates", parseFixup("automemberExport", "Auto Membership Plugin")],
  ["automember abort rebuild", parsePlain("automemberAbort")],
  ["automember map updates", parsePlain("automemberMap")],
  ["fixup linked attributes", parsePlain("linkedAttributesFixup")],
  ["fixup tombstones", parseFixupTombstones],
  ["usn tombstone cleanup task", parseUsnCleanup],
  ["compact db", parsePlain("compactDatabase")],
]);
