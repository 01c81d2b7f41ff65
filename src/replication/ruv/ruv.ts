// Replica update vector (389: repl5_ruv.c; replication-protocol 2): for each replica ID the oldest and the newest CSN
// whose changes are in the data, and the generation of the data: the CSN of its birth. Two servers exchange incremental
// updates only when their generations are equal.
//
// Invariants: at most one element for a replica ID · minCsn and maxCsn are both there or both absent, minCsn <= maxCsn ·
// every change of the replica ID up to maxCsn is in the data. The order of the elements matters to peers: they take the
// first one of a RUV for that of the server they talk to, so an updatable replica keeps its own first.
//
// A Ruv is a frozen value; every function gives a new one (or the same when nothing changes).
import { assert } from "../../base/index.ts";
import { type Csn, type ReplicaId, csnReplicaId } from "../csn/index.ts";

export interface RuvElement {
  readonly replicaId: ReplicaId;
  /** `ldap://host:port` of the server where the replica ID is at home; undefined when not heard yet. */
  readonly purl: string | undefined;
  readonly minCsn: Csn | undefined;
  readonly maxCsn: Csn | undefined;
  /** Seconds since 1970 of the last move of maxCsn on this server; 0 = never. */
  readonly lastModifiedSeconds: number;
}

export interface Ruv {
  /** Compared as text. */
  readonly generation: string;
  readonly elements: readonly RuvElement[];
}

export const makeRuv = (generation: string): Ruv => ({ generation, elements: [] });

export function findElement(ruv: Ruv, replicaId: ReplicaId): RuvElement | undefined {
  return ruv.elements.find((element) => element.replicaId === replicaId);
}

/** The newest CSN of `replicaId`, or of all when it is not given. */
export function ruvMaxCsn(ruv: Ruv, replicaId?: ReplicaId): Csn | undefined {
  if (replicaId !== undefined) return findElement(ruv, replicaId)?.maxCsn;
  let max: Csn | undefined;
  for (const { maxCsn } of ruv.elements) {
    if (maxCsn !== undefined && (max === undefined || maxCsn > max)) max = maxCsn;
  }
  return max;
}

/** Whether the change `csn` is in the data. */
export function coversCsn(ruv: Ruv, csn: Csn): boolean {
  const max = ruvMaxCsn(ruv, csnReplicaId(csn));
  return max !== undefined && csn <= max;
}

/** `ruv` after the change `csn`, which it must not cover yet. An unknown replica ID gets an element without purl. */
export function advanceRuv(ruv: Ruv, csn: Csn, nowSeconds: number): Ruv {
  assert(!coversCsn(ruv, csn), "a RUV only advances to a CSN that it does not cover");
  const replicaId = csnReplicaId(csn);
  const old = findElement(ruv, replicaId);
  const element: RuvElement = {
    replicaId,
    purl: old?.purl,
    minCsn: old?.minCsn ?? csn,
    maxCsn: csn,
    lastModifiedSeconds: nowSeconds,
  };
  return old === undefined
    ? { ...ruv, elements: [...ruv.elements, element] }
    : replaceElement(ruv, element);
}

/** The RUV of an updatable replica: its own element exists, carries its purl, and is the first. */
export function withOwnElement(ruv: Ruv, replicaId: ReplicaId, purl: string): Ruv {
  const first = ruv.elements[0];
  if (first?.replicaId === replicaId && first.purl === purl) return ruv;
  const own = { ...(findElement(ruv, replicaId) ?? emptyElement(replicaId)), purl };
  return { ...ruv, elements: [own, ...withoutReplica(ruv, replicaId).elements] };
}

/** What a session teaches about its supplier: replica ID and purl, no CSNs. A new element comes first on a read-only
 *  replica (`ownReplicaId` is not in the RUV), second on an updatable one. */
export function withSupplier(
  ruv: Ruv,
  supplier: { readonly replicaId: ReplicaId; readonly purl: string | undefined },
  ownReplicaId: ReplicaId,
): Ruv {
  const { replicaId, purl } = supplier;
  if (replicaId === ownReplicaId) return ruv;
  const old = findElement(ruv, replicaId);
  if (old !== undefined) {
    return purl === undefined || old.purl === purl ? ruv : replaceElement(ruv, { ...old, purl });
  }
  const index = ruv.elements[0]?.replicaId === ownReplicaId ? 1 : 0;
  const element = { ...emptyElement(replicaId), purl };
  return { ...ruv, elements: ruv.elements.toSpliced(index, 0, element) };
}

/** The URLs that `other` knows and `ruv` does not. 389: an element without one is not shown in nsds50ruv, so that tools take its
 *  changes for missing; those of a server that never speaks to us itself come with the changes that others pass on. */
export function withPurls(ruv: Ruv, other: Ruv): Ruv {
  const learned = ruv.elements.map((element) => {
    const purl = element.purl ?? findElement(other, element.replicaId)?.purl;
    return purl === element.purl ? element : { ...element, purl };
  });
  return learned.every((element, index) => element === ruv.elements[index])
    ? ruv
    : { ...ruv, elements: learned };
}

export function withoutReplica(ruv: Ruv, replicaId: ReplicaId): Ruv {
  if (findElement(ruv, replicaId) === undefined) return ruv;
  return { ...ruv, elements: ruv.elements.filter((element) => element.replicaId !== replicaId) };
}

/** `ruv` with what its server surely has besides: the newest CSN of some replica IDs. Those that `ruv` does not know stay unknown. */
export function withKnown(ruv: Ruv, known: readonly Csn[]): Ruv {
  let all = ruv;
  for (const csn of known) {
    const old = findElement(all, csnReplicaId(csn));
    if (old === undefined || coversCsn(all, csn)) continue;
    const { replicaId, purl, minCsn = csn, lastModifiedSeconds } = old;
    all = replaceElement(all, { replicaId, purl, minCsn, maxCsn: csn, lastModifiedSeconds });
  }
  return all;
}

/** The data that has what both have: smallest min, largest max for each replica ID. Order and generation are those of
 *  `ruv`, what only `other` knows comes after. */
export function mergeRuv(ruv: Ruv, other: Ruv): Ruv {
  const merged = ruv.elements.map((element) => {
    const more = findElement(other, element.replicaId);
    return more === undefined ? element : joinElements(element, more);
  });
  const added = other.elements.filter(
    (element) => findElement(ruv, element.replicaId) === undefined,
  );
  return { ...ruv, elements: [...merged, ...added] };
}

function joinElements(a: RuvElement, b: RuvElement): RuvElement {
  const smaller = a.minCsn !== undefined && (b.minCsn === undefined || a.minCsn <= b.minCsn);
  const larger = a.maxCsn !== undefined && (b.maxCsn === undefined || a.maxCsn >= b.maxCsn);
  return {
    replicaId: a.replicaId,
    purl: a.purl ?? b.purl,
    minCsn: smaller ? a.minCsn : b.minCsn,
    maxCsn: larger ? a.maxCsn : b.maxCsn,
    lastModifiedSeconds: Math.max(a.lastModifiedSeconds, b.lastModifiedSeconds),
  };
}

export type RuvVerdict = "equal" | "ahead" | "behind" | "diverged" | "otherGeneration";

/** How the data of `ruv` stands to that of `other`: `diverged` = each has changes that the other lacks. */
export function compareRuv(ruv: Ruv, other: Ruv): RuvVerdict {
  if (ruv.generation !== other.generation) return "otherGeneration";
  const ahead = hasChangesFor(ruv, other);
  const behind = hasChangesFor(other, ruv);
  if (ahead) return behind ? "diverged" : "ahead";
  return behind ? "behind" : "equal";
}

/** Whether `ruv` covers a change that `other` lacks. Generations are not looked at. */
export function hasChangesFor(ruv: Ruv, other: Ruv | undefined): boolean {
  if (other === undefined) return true;
  return ruv.elements.some(({ replicaId, maxCsn }) => {
    if (maxCsn === undefined) return false;
    const theirs = ruvMaxCsn(other, replicaId);
    return theirs === undefined || theirs < maxCsn;
  });
}

/** The changes that are in the data of all: for each replica ID the smallest max; a replica ID that one of them does not
 *  have, or has without CSNs, is absent. undefined for an empty list. */
export function commonMaxCsns(ruvs: readonly Ruv[]): Map<ReplicaId, Csn> | undefined {
  const [first, ...others] = ruvs;
  if (first === undefined) return undefined;
  const common = new Map<ReplicaId, Csn>();
  for (const { replicaId, maxCsn } of first.elements) {
    let smallest = maxCsn;
    for (const other of others) {
      const theirs = ruvMaxCsn(other, replicaId);
      if (theirs === undefined || smallest === undefined) smallest = undefined;
      else if (theirs < smallest) smallest = theirs;
    }
    if (smallest !== undefined) common.set(replicaId, smallest);
  }
  return common;
}

const emptyElement = (replicaId: ReplicaId): RuvElement => ({
  replicaId,
  purl: undefined,
  minCsn: undefined,
  maxCsn: undefined,
  lastModifiedSeconds: 0,
});

const replaceElement = ({ generation, elements }: Ruv, element: RuvElement): Ruv => ({
  generation,
  elements: elements.map((old) => (old.replicaId === element.replicaId ? element : old)),
});
