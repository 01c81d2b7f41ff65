// Messages between the main thread and the thread of an agreement. Plain values that can be cloned.
import type { LogFields } from "../../base/index.ts";
import type { LinkSettings } from "../../link/index.ts";
import type { DefinitionTexts } from "../../schema/index.ts";
import type { AgreementStatus, AgreementTimes, KeepAliveReason } from "../agreement/index.ts";
import type { Csn, ReplicaId } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import type { SchemaFacts } from "./schema-sharing.ts";

/** Everything that a thread needs to know; sent anew whenever something of it has changed. */
export interface AgreementConfig {
  /** `cn=…` of the agreement, for logs. */
  readonly name: string;
  /** Normal form. */
  readonly suffix: string;
  /** Of this server; 65,535 for a hub. */
  readonly replicaId: ReplicaId;
  /** `ldap://host:port` of this server. */
  readonly purl: string;
  /** Of the consumer: cn=replica,cn=…,cn=mapping tree,cn=config. */
  readonly consumerReplicaDn: string;
  readonly times: AgreementTimes;
  readonly link: LinkSettings;
  /** nsds5ReplicaIgnoreMissingChange. */
  readonly ignoreMissing: "never" | "once" | "always";
}

/** `workerData` of a thread. */
export interface AgreementThreadStart {
  readonly config: AgreementConfig;
  /** Of the module that opens the data (replica-data.ts). */
  readonly dataModuleUrl: string;
  readonly databaseFolder: string;
  readonly backend: string;
  /** Of before a restart. */
  readonly status: AgreementStatus;
  readonly consumer: Ruv | undefined;
  readonly schema: SchemaFacts;
  /** The schema CSN of ours up to which the consumer had ours. */
  readonly settledSchemaCsn: string | undefined;
  /** One 32-bit number: 1 while a `changesAvailable` is under way. */
  readonly notified: SharedArrayBuffer;
}

export type ToThread =
  | { readonly type: "configure"; readonly config: AgreementConfig }
  /** `known`: changes that the consumer has by itself, the newest of each replica ID, since its update vector was told for the
   *  `heard`th time. */
  | {
      readonly type: "changesAvailable";
      readonly known: readonly Csn[];
      readonly heard: number;
    }
  | { readonly type: "replicateNow" }
  | { readonly type: "consumerChanged"; readonly ruv: Ruv | undefined }
  | { readonly type: "refresh" }
  | { readonly type: "stopRefresh" }
  | { readonly type: "shutdown" }
  | { readonly type: "schemaChanged"; readonly schema: SchemaFacts }
  /** The answer to `schemaFound`: what could be learned is stored. */
  | { readonly type: "schemaLearned"; readonly requestId: number; readonly schema: SchemaFacts }
  /** `csn` undefined: none can be issued now. */
  | { readonly type: "csnIssued"; readonly requestId: number; readonly csn: Csn | undefined }
  | {
      readonly type: "generatorAdjusted";
      readonly requestId: number;
      readonly verdict: "moved" | "skew";
    };

export type LogLevel = "error" | "warn" | "info" | "debug";

export type FromThread =
  | { readonly type: "csnWanted"; readonly requestId: number }
  | { readonly type: "adjustWanted"; readonly requestId: number; readonly csn: Csn }
  | { readonly type: "keepAliveWanted"; readonly reason: KeepAliveReason }
  | { readonly type: "consumerRuv"; readonly ruv: Ruv }
  | { readonly type: "consumerReplicaId"; readonly replicaId: number }
  /** The consumer of the connection is another Concord; undefined: the connection is gone. */
  | { readonly type: "kin"; readonly replicaId: number | undefined }
  | { readonly type: "status"; readonly status: AgreementStatus; readonly phase: string }
  /** Definitions of the consumer that ours lack. */
  | { readonly type: "schemaFound"; readonly requestId: number; readonly texts: DefinitionTexts }
  | { readonly type: "schemaSettled"; readonly csn: string }
  | { readonly type: "refreshDone" }
  /** nsds5ReplicaIgnoreMissingChange: once — has been used. */
  | { readonly type: "missingIgnored" }
  | {
      readonly type: "log";
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: LogFields;
    }
  | { readonly type: "ended" };
