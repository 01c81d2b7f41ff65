// Typed snapshots of the configuration: what the rest of the server works with. A snapshot belongs to one state of the tree
// and never changes; a modification gives a new one, and `diffSnapshots` (events.ts) says what is different.
import type { FieldsOf } from "./fields/field.ts";
import type { backendFields, databaseFields } from "./fields/database-fields.ts";
import type { passwordPolicyFields } from "./fields/password-policy-fields.ts";
import type {
  agreementFields,
  changelogFields,
  replicaFields,
} from "./fields/replication-fields.ts";
import type { serverFields } from "./fields/server-fields.ts";

export type ServerSettings = FieldsOf<typeof serverFields>;
export type DatabaseSettings = FieldsOf<typeof databaseFields>;
export type PasswordPolicySettings = FieldsOf<typeof passwordPolicyFields>;
export type ChangelogSettings = FieldsOf<typeof changelogFields>;

export type IndexKind = "presence" | "equality" | "substring" | "approx" | "subtree";

export interface IndexSettings {
  /** As in the entry; options are possible. */
  readonly attribute: string;
  readonly kinds: readonly IndexKind[];
  /** Names or OIDs of rules that the keys follow instead of those of the attribute type. */
  readonly matchingRules: readonly string[];
  /** Lengths from nsSubStrBegin, nsSubStrMiddle and nsSubStrEnd. */
  readonly substringLengths: {
    readonly initial: number;
    readonly any: number;
    readonly final: number;
  };
  readonly isSystem: boolean;
}

export interface BackendSettings extends FieldsOf<typeof backendFields> {
  readonly name: string;
  readonly normalDn: string;
  /** Normal form of `suffix`; undefined when that is no DN. */
  readonly normalSuffix: string;
  readonly indexes: readonly IndexSettings[];
  /** undefined as long as the suffix never had a replica. */
  readonly changelog: ChangelogSettings | undefined;
}

export type SuffixState = "backend" | "disabled" | "referral" | "referralOnUpdate" | "container";

/** An entry of the mapping tree: who answers for a suffix. */
export interface SuffixSettings {
  readonly suffix: string;
  readonly normalSuffix: string;
  readonly normalDn: string;
  readonly state: SuffixState;
  /** As written. */
  readonly backendName: string | undefined;
  /** The same in lower case. */
  readonly backendKey: string | undefined;
  readonly referrals: readonly string[];
  readonly normalParentSuffix: string | undefined;
}

export type ReplicaRole = "supplier" | "hub" | "consumer";

export interface ReplicaSettings extends FieldsOf<typeof replicaFields> {
  readonly normalDn: string;
  readonly normalSuffix: string;
  readonly role: ReplicaRole;
  readonly keepsChangelog: boolean;
  /** Normal forms of `bindDns`. */
  readonly normalBindDns: readonly string[];
  readonly normalBindDnGroups: readonly string[];
}

export interface AgreementSettings extends FieldsOf<typeof agreementFields> {
  readonly name: string;
  /** As shown. */
  readonly dn: string;
  readonly normalDn: string;
  readonly normalSuffix: string;
  /** Lower case. */
  readonly excludedAttributes: readonly string[];
  /** For total updates; that of incremental updates when it is not set. */
  readonly excludedAttributesTotal: readonly string[];
  readonly strippedAttributes: readonly string[];
  /** A total update was asked for and is not done. */
  readonly refreshRequested: boolean;
}

export interface PluginSettings {
  readonly name: string;
  readonly normalDn: string;
  readonly enabled: boolean;
}

export interface ConfigSnapshot {
  readonly server: ServerSettings;
  readonly passwordPolicy: PasswordPolicySettings;
  readonly database: DatabaseSettings;
  readonly suffixes: readonly SuffixSettings[];
  readonly backends: readonly BackendSettings[];
  readonly replicas: readonly ReplicaSettings[];
  readonly agreements: readonly AgreementSettings[];
  readonly plugins: readonly PluginSettings[];
}
