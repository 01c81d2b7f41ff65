// The histories in test/data/urp (see ORIGIN.md there) as values.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import { type Csn, csnReplicaId } from "../../src/replication/csn/index.ts";
import type { ModOperation } from "../../src/protocol/index.ts";

/** What the histories go on below. */
export const HISTORY_SUFFIX = "ou=base";

/** The change that makes the suffix entry; no history has it. */
export const HISTORY_ROOT: Change = {
  type: "add",
  csn: "00000001000000010000" as Csn,
  uniqueId: "eeeeeeee-00000000-00000000-00000000" as UniqueId,
  dn: HISTORY_SUFFIX,
  attributes: [
    { type: "objectClass", values: [Buffer.from("top"), Buffer.from("organizationalUnit")] },
    { type: "ou", values: [Buffer.from("base")] },
  ],
  parentUniqueId: undefined,
};

interface StoredOperation {
  readonly csn: string;
  readonly kind: "add" | "modify" | "delete" | "modrdn";
  readonly uid: string;
  readonly dn: string;
  readonly attrs?: readonly (readonly [string, readonly string[]])[];
  readonly parent?: string | null;
  readonly mods?: readonly (readonly [ModOperation, string, readonly string[]])[];
  readonly newrdn?: string;
  readonly deleteold?: boolean;
  readonly superior?: string;
  readonly superior_dn?: string;
}
type StoredNode = readonly [
  uid: string,
  life: "live" | "dead" | "placeholder",
  parent: string,
  rdn: string,
  naming: string,
  how: "ADD" | "MODRDN",
  conflict: boolean,
  death: string | null,
  effects: readonly (readonly [csn: string, kind: "vu" | "vd", type: string, value: string])[],
];
export interface ExpectedState {
  readonly nodes: readonly StoredNode[];
  readonly holders: Readonly<Record<string, string>>;
  readonly last: Readonly<Record<string, string>>;
  readonly entries: readonly (readonly [
    dn: string,
    uid: string,
    attributes: Readonly<Record<string, readonly string[]>>,
    conflictCsn: string | null,
  ])[];
  readonly tombstones: Readonly<Record<string, string>>;
  /** By unique ID and attribute: the deletion CSN, and by normal value the CSN of the newest add, its spelling, and the CSN of
   *  the newest delete; without garbage. Not in all files. */
  readonly registers?: Readonly<
    Record<string, Readonly<Record<string, readonly [ad: string | null, StoredValues]>>>
  >;
}
export type StoredValues = Readonly<
  Record<string, readonly [vu: string | null, spelling: string | null, vd: string | null]>
>;
export interface History {
  readonly seed: number;
  readonly keepRenamed: boolean;
  readonly changes: readonly Change[];
  /** One list of indexes of `changes` per server, with repetitions. */
  readonly orders: readonly (readonly number[])[];
  readonly expected: ExpectedState;
  /** Only in `purges`: all servers knew the first so many operations before the others were made. */
  readonly early?: number;
}

function projectRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
  }
}

const bytes = (values: readonly string[]): Buffer[] => values.map((value) => Buffer.from(value));
const optionalId = (uid: string | null | undefined): UniqueId | undefined =>
  uid === null ? undefined : (uid as UniqueId | undefined);

function toChange(operation: StoredOperation): Change {
  const base = {
    csn: operation.csn as Csn,
    uniqueId: operation.uid as UniqueId,
    dn: operation.dn,
  };
  switch (operation.kind) {
    case "add":
      return {
        ...base,
        type: "add",
        attributes: (operation.attrs ?? []).map(([type, values]) => ({
          type,
          values: bytes(values),
        })),
        parentUniqueId: optionalId(operation.parent),
      };
    case "delete":
      return { ...base, type: "delete" };
    case "modify":
      return {
        ...base,
        type: "modify",
        mods: (operation.mods ?? []).map(([kind, type, values]) => ({
          operation: kind,
          type,
          values: bytes(values),
        })),
      };
    case "modrdn":
      return {
        ...base,
        type: "modifyDn",
        newRdn: operation.newrdn ?? "",
        deleteOldRdn: operation.deleteold === true,
        newSuperior: operation.superior_dn,
        newSuperiorUniqueId: optionalId(operation.superior),
        mods: [],
      };
  }
}

/** A fixed shuffle. */
export function shuffled<T>(values: readonly T[], seed: number): T[] {
  const out = [...values];
  let state = seed;
  for (let i = out.length - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const j = (state >>> 8) % (i + 1);
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

/** A fixed shuffle that keeps each origin's order, as a server's RUV asks for. */
export function interleaved(changes: readonly Change[], seed: number): Change[] {
  const queues = new Map<number, Change[]>();
  for (const change of changes) {
    const origin = csnReplicaId(change.csn);
    queues.set(origin, [...(queues.get(origin) ?? []), change]);
  }
  return shuffled(changes, seed).map(({ csn }) => queues.get(csnReplicaId(csn))?.shift() as Change);
}

type StoredHistory = Omit<History, "changes"> & {
  readonly operations: readonly StoredOperation[];
};

const toHistory = ({ operations, ...history }: StoredHistory): History => ({
  ...history,
  changes: operations.map(toChange),
});

const dataPath = (file: string): string => join(projectRoot(), "test/data/urp", file);

/** The histories of `test/data/urp/<name>.json`. */
export function readHistories(name: string): History[] {
  const text = readFileSync(dataPath(`${name}.json`), "utf8");
  return (JSON.parse(text) as StoredHistory[]).map(toHistory);
}

/** Those of `test/data/urp/<name>.jsonl.gz`: one a line. */
export function readPackedHistories(name: string): History[] {
  const lines = gunzipSync(readFileSync(dataPath(`${name}.jsonl.gz`)))
    .toString("utf8")
    .split("\n");
  return lines.map((line) => toHistory(JSON.parse(line) as StoredHistory));
}
