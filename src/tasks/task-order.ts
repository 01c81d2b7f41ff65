// What a task entry asks for, as a value: the arguments of each kind, checked. Names and codes are those of 389 (task.c,
// repl_cleanallruv.c): a missing argument is objectClassViolation, an unknown backend noSuchObject.

export interface TaskTarget {
  /** The task entry. */
  readonly dn: string;
  readonly normalDn: string;
}

export interface ImportOrder extends TaskTarget {
  readonly kind: "import";
  readonly backendName: string;
  readonly files: readonly string[];
  readonly includeSuffixes: readonly string[];
  readonly excludeSuffixes: readonly string[];
}

export interface ExportOrder extends TaskTarget {
  readonly kind: "export";
  readonly backendNames: readonly string[];
  readonly file: string;
  /** false: one file per backend, its name before that of the file. */
  readonly oneFile: boolean;
  /** With the state that a replica can be initialized from. */
  readonly withReplicationState: boolean;
  readonly includeSuffixes: readonly string[];
  readonly excludeSuffixes: readonly string[];
  readonly wrapLines: boolean;
  readonly withVersionLine: boolean;
  readonly withUniqueIds: boolean;
  readonly withEntryIds: boolean;
}

export interface BackupOrder extends TaskTarget {
  readonly kind: "backup" | "restore";
  readonly folder: string;
}

export interface IndexOrder extends TaskTarget {
  readonly kind: "index";
  readonly backendName: string;
  /** As written, `attribute` or `attribute:eq,pres`, split. */
  readonly attributes: readonly { readonly attribute: string; readonly types: readonly string[] }[];
}

export interface CleanAllRuvOrder extends TaskTarget {
  readonly kind: "cleanAllRuv";
  readonly normalSuffix: string;
  readonly replicaId: number;
  readonly force: boolean;
  /** Sent by another replica rather than by an administrator. */
  readonly isRelayed: boolean;
}

export interface AbortCleanAllRuvOrder extends TaskTarget {
  readonly kind: "abortCleanAllRuv";
  readonly normalSuffix: string;
  readonly replicaId: number;
  readonly certifyAll: boolean;
}

export interface SchemaReloadOrder extends TaskTarget {
  readonly kind: "schemaReload";
  /** undefined: the folder of the server. */
  readonly folder: string | undefined;
}

/** Goes over the entries below `baseDn` that match `filter` (text). */
export interface FixupOrder extends TaskTarget {
  readonly kind:
    | "syntaxValidate"
    | "memberOfFixup"
    | "entryUuidFixup"
    | "automemberRebuild"
    | "automemberExport";
  readonly baseDn: string;
  readonly filter: string;
  readonly scope: string;
}

export interface TombstoneOrder extends TaskTarget {
  readonly kind: "fixupTombstones" | "usnCleanup";
  readonly backendName: string | undefined;
}

export interface PlainOrder extends TaskTarget {
  readonly kind: "compactDatabase" | "linkedAttributesFixup" | "automemberAbort" | "automemberMap";
}

export type TaskOrder =
  | ImportOrder
  | ExportOrder
  | BackupOrder
  | IndexOrder
  | CleanAllRuvOrder
  | AbortCleanAllRuvOrder
  | SchemaReloadOrder
  | FixupOrder
  | TombstoneOrder
  | PlainOrder;

export type TaskKind = TaskOrder["kind"];
