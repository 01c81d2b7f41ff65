// What a change of cn=config means for the running server. `prepare` returns events beside the new tree; the server stores
// the tree, swaps it in, and then acts on the events in their order. Most come from comparing two snapshots; requests for
// work (tasks, refreshes) come from the modification itself, because they leave no lasting value behind.
import type { ConfigEntry } from "./config-entry.ts";
import type {
  AgreementSettings,
  BackendSettings,
  ConfigSnapshot,
  IndexSettings,
  PluginSettings,
  ReplicaSettings,
  SuffixSettings,
} from "./settings.ts";

/** What nsds5Task of a replica asks for. */
export type ReplicaTask =
  | { readonly kind: "exportChangelog" | "importChangelog" }
  | { readonly kind: "cleanRuv" | "cleanAllRuv"; readonly replicaId: number };

interface NamesEvent<Type extends string> {
  readonly type: Type;
  /** Names of the settings (not of attributes) whose values are others now. */
  readonly names: readonly string[];
}
interface BackendEvent<Type extends string> {
  readonly type: Type;
  readonly backend: BackendSettings;
}
interface IndexEvent<Type extends string> extends BackendEvent<Type> {
  readonly index: IndexSettings;
}
interface SuffixEvent<Type extends string> {
  readonly type: Type;
  readonly suffix: SuffixSettings;
}
interface ReplicaEvent<Type extends string> {
  readonly type: Type;
  readonly replica: ReplicaSettings;
}
interface AgreementEvent<Type extends string> {
  readonly type: Type;
  readonly agreement: AgreementSettings;
}

export type ConfigEvent =
  /** Names of `ServerSettings`, `DatabaseSettings`, `PasswordPolicySettings`. */
  | NamesEvent<"serverChanged">
  | NamesEvent<"databaseChanged">
  | NamesEvent<"passwordPolicyChanged">
  | BackendEvent<"backendAdded">
  | BackendEvent<"backendRemoved">
  | (BackendEvent<"backendChanged"> & { readonly before: BackendSettings })
  | IndexEvent<"indexAdded">
  | IndexEvent<"indexChanged">
  | IndexEvent<"indexRemoved">
  | BackendEvent<"changelogChanged">
  | SuffixEvent<"suffixAdded">
  | SuffixEvent<"suffixRemoved">
  | (SuffixEvent<"suffixChanged"> & { readonly before: SuffixSettings })
  | ReplicaEvent<"replicaAdded">
  | ReplicaEvent<"replicaRemoved">
  | (ReplicaEvent<"replicaChanged"> & { readonly before: ReplicaSettings })
  | (ReplicaEvent<"replicaTaskRequested"> & { readonly task: ReplicaTask })
  | AgreementEvent<"agreementAdded">
  | AgreementEvent<"agreementRemoved">
  | (AgreementEvent<"agreementChanged"> & { readonly before: AgreementSettings })
  | AgreementEvent<"refreshRequested">
  | AgreementEvent<"refreshAborted">
  /** `kind` is the name of the container below cn=tasks, in lower case. */
  | { readonly type: "taskRequested"; readonly kind: string; readonly entry: ConfigEntry }
  | { readonly type: "taskChanged"; readonly entry: ConfigEntry }
  /** An entry that can bind (a replication manager, say) was added, changed or removed. */
  | { readonly type: "managerChanged"; readonly normalDn: string }
  | { readonly type: "pluginChanged"; readonly plugin: PluginSettings };

/** What is different in `after`, removals first, so that a name can be used again in one step. */
export function diffSnapshots(
  before: ConfigSnapshot,
  after: ConfigSnapshot,
): readonly ConfigEvent[] {
  if (before === after) return [];
  const agreements = pairUp(before.agreements, after.agreements, (agreement) => agreement.normalDn);
  const replicas = pairUp(before.replicas, after.replicas, (replica) => replica.normalDn);
  const suffixes = pairUp(before.suffixes, after.suffixes, (suffix) => suffix.normalDn);
  const backends = pairUp(before.backends, after.backends, (backend) => backend.normalDn);
  return [
    ...namesChanged("serverChanged", before.server, after.server),
    ...namesChanged("passwordPolicyChanged", before.passwordPolicy, after.passwordPolicy),
    ...namesChanged("databaseChanged", before.database, after.database),
    ...agreements.removed.map((agreement) => ({ type: "agreementRemoved" as const, agreement })),
    ...replicas.removed.map((replica) => ({ type: "replicaRemoved" as const, replica })),
    ...suffixes.removed.map((suffix) => ({ type: "suffixRemoved" as const, suffix })),
    ...backends.removed.map((backend) => ({ type: "backendRemoved" as const, backend })),
    ...backends.added.map((backend) => ({ type: "backendAdded" as const, backend })),
    ...backends.changed.flatMap(([old, backend]) => backendEvents(old, backend)),
    ...suffixes.added.map((suffix) => ({ type: "suffixAdded" as const, suffix })),
    ...suffixes.changed.map(([old, suffix]) => ({
      type: "suffixChanged" as const,
      before: old,
      suffix,
    })),
    ...replicas.added.map((replica) => ({ type: "replicaAdded" as const, replica })),
    ...replicas.changed.map(([old, replica]) => ({
      type: "replicaChanged" as const,
      before: old,
      replica,
    })),
    ...agreements.added.map((agreement) => ({ type: "agreementAdded" as const, agreement })),
    ...agreements.changed
      .filter(
        ([old, agreement]) =>
          !isSame({ ...old, refreshRequested: agreement.refreshRequested }, agreement),
      )
      .map(([old, agreement]) => ({ type: "agreementChanged" as const, before: old, agreement })),
    ...pairUp(before.plugins, after.plugins, (plugin) => plugin.normalDn).changed.map(
      ([, plugin]) => ({
        type: "pluginChanged" as const,
        plugin,
      }),
    ),
  ];
}

function backendEvents(before: BackendSettings, backend: BackendSettings): readonly ConfigEvent[] {
  const events: ConfigEvent[] = [];
  const { indexes: indexesBefore, changelog: changelogBefore, ...restBefore } = before;
  const { indexes, changelog, ...rest } = backend;
  if (!isSame(restBefore, rest)) events.push({ type: "backendChanged", before, backend });
  if (!isSame(changelogBefore, changelog)) events.push({ type: "changelogChanged", backend });
  const pairs = pairUp(indexesBefore, indexes, (index) => index.attribute.toLowerCase());
  for (const index of pairs.removed) events.push({ type: "indexRemoved", backend, index });
  for (const index of pairs.added) events.push({ type: "indexAdded", backend, index });
  for (const [, index] of pairs.changed) events.push({ type: "indexChanged", backend, index });
  return events;
}

interface Pairs<T> {
  readonly added: readonly T[];
  readonly removed: readonly T[];
  readonly changed: readonly (readonly [before: T, after: T])[];
}

function pairUp<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (value: T) => string,
): Pairs<T> {
  const old = new Map(before.map((value) => [keyOf(value), value]));
  const added: T[] = [];
  const changed: (readonly [T, T])[] = [];
  for (const value of after) {
    const key = keyOf(value);
    const previous = old.get(key);
    old.delete(key);
    if (previous === undefined) added.push(value);
    else if (!isSame(previous, value)) changed.push([previous, value]);
  }
  return { added, removed: [...old.values()], changed };
}

function namesChanged<T extends object>(
  type: "serverChanged" | "databaseChanged" | "passwordPolicyChanged",
  before: T,
  after: T,
): readonly ConfigEvent[] {
  const old = new Map(Object.entries(before));
  const names = Object.entries(after)
    .filter(([name, value]) => !isSame(old.get(name), value))
    .map(([name]) => name);
  return names.length === 0 ? [] : [{ type, names }];
}

/** Settings are plain values: equality of structure. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right = new Map(Object.entries(b));
  return left.length === right.size && left.every(([key, value]) => isSame(value, right.get(key)));
}
