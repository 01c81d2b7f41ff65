export {
  CONFIG_DN,
  MAPPING_TREE_DN,
  SERVER_DN,
  TASKS_DN,
  backendDn,
  formatShownDn,
  mappingTreeDn,
} from "./config-dn.ts";
export { ConfigDescriptions } from "./config-descriptions.ts";
export { ConfigEntry } from "./config-entry.ts";
export type { TextAttribute } from "./config-entry.ts";
export { ConfigTree } from "./config-tree.ts";
export { TASK_CONTAINERS } from "./default-tree.ts";
export type { LoadedDse } from "./dse.ts";
export { formatDse, loadDse } from "./dse.ts";
export type { ConfigKind } from "./entry-kind.ts";
export { isWithin, kindOf } from "./entry-kind.ts";
export { EntrySet } from "./entry-set.ts";
export type { ConfigEvent, ReplicaTask } from "./events.ts";
export { diffSnapshots } from "./events.ts";
export type { FieldsOf, InstanceDefaults } from "./fields/field.ts";
export { decodeFields } from "./fields/field.ts";
export { passwordPolicyFields } from "./fields/password-policy-fields.ts";
export type { BindMethod, MissingChangePolicy, Transport } from "./fields/replication-fields.ts";
export { COMPATIBLE_VERSION } from "./fields/server-stored-fields.ts";
export { TASK_TTL_SEC_DEFAULT, TASK_TTL_SEC_MAX } from "./limits.ts";
export type { AgreementStatus, LiveValues, ReplicaStatus, TaskStatus } from "./live-values.ts";
export { NO_LIVE_VALUES } from "./live-values.ts";
export type { ConfigRequest, PreparedChange } from "./prepare.ts";
export { prepareChange } from "./prepare.ts";
export type { ChangeContext } from "./rules/entry-rules.ts";
export type { Secret, SecretKind } from "./secrets.ts";
export { isSecretAttribute, listSecrets, replaceSecrets } from "./secrets.ts";
export type {
  AgreementSettings,
  BackendSettings,
  ChangelogSettings,
  ConfigSnapshot,
  DatabaseSettings,
  IndexKind,
  IndexSettings,
  PasswordPolicySettings,
  PluginSettings,
  ReplicaRole,
  ReplicaSettings,
  ServerSettings,
  SuffixSettings,
  SuffixState,
} from "./settings.ts";
export type { StockEntries } from "./stock-entries.ts";
export { makeStockEntries } from "./stock-entries.ts";
export type { ConfigContext } from "./tree-view.ts";
