// Replica IDs that were cleaned (CleanAllRUV), or are being cleaned, as this server remembers them for good. 389 forgets an ID
// when its task ends; then a server that was away, or was restored from a backup, brings the element back into every RUV.
//
// A replica ID may be given to another server later, so what is dead is not the ID but its past: all changes up to `floorCsn`.
// While the ID is being cleaned all of its changes are dropped, and the floor rises above each of them.
//
// Stored form, one row for each ID (table `cleaned`; key: normal suffix, 0, ID in decimal): JSON
//   {"max": CSN, "floor": CSN, "element": value of the RUV, absent when it had none or the task is over, "cleaning": boolean}
import { assert } from "../../base/index.ts";
import { CSN_ZERO, type Csn, type ReplicaId, csnReplicaId, parseCsn } from "../csn/index.ts";
import {
  type Ruv,
  type RuvElement,
  findElement,
  formatRuvElement,
  parseRuvElement,
  withoutReplica,
} from "../ruv/index.ts";

export interface CleanedId {
  readonly replicaId: ReplicaId;
  /** The newest change of the ID that was known when it was cleaned. A server that has less lacks changes that nobody sends any
   *  more. CSN_ZERO: there was none, or a forced task has given up what others lack. */
  readonly maxCsn: Csn;
  /** Changes up to this one are dropped. Not below `maxCsn`. */
  readonly floorCsn: Csn;
  /** While the task goes on: nothing of the ID is taken, and an abort puts the element back. */
  readonly isCleaning: boolean;
  readonly element: RuvElement | undefined;
}

/** The table of all replicas of a server; opened before the first write. */
export const CLEANED_TABLE = "cleaned";

/** By replica ID. */
export type CleanedIds = ReadonlyMap<ReplicaId, CleanedId>;

/** Whether the changes of the ID were cleaned here, or given up. A floor of zeros: that was asked for, and there was none to be cleaned. */
export const wasCleaned = (cleaned: CleanedIds, replicaId: ReplicaId): boolean =>
  (cleaned.get(replicaId)?.floorCsn ?? CSN_ZERO) !== CSN_ZERO;

/** Whether a change is acknowledged and dropped. */
export function isDropped(cleaned: CleanedIds, csn: Csn): boolean {
  const id = cleaned.get(csnReplicaId(csn));
  return id !== undefined && (id.isCleaning || csn <= id.floorCsn);
}

/** Whether an element of a RUV is of the dead past of its ID. One without changes may be of either. */
const isDead = (id: CleanedId, { maxCsn }: RuvElement): boolean =>
  id.isCleaning || maxCsn === undefined || maxCsn <= id.floorCsn;

/** A RUV that came from elsewhere, without what was cleaned. `ownReplicaId` stays in any case. */
export function withoutCleaned(ruv: Ruv, cleaned: CleanedIds, ownReplicaId: ReplicaId): Ruv {
  let kept = ruv;
  for (const id of cleaned.values()) {
    const element = findElement(ruv, id.replicaId);
    if (element !== undefined && id.replicaId !== ownReplicaId && isDead(id, element)) {
      kept = withoutReplica(kept, id.replicaId);
    }
  }
  return kept;
}

/** Whether a supplier with this own element is the server that was given up: it has changes from before it was cleaned, and
 *  has to be initialized before it takes part again. */
export function isGivenUp(cleaned: CleanedIds, own: RuvElement): boolean {
  const id = cleaned.get(own.replicaId);
  if (id === undefined) return false;
  return id.isCleaning || (own.minCsn !== undefined && own.minCsn <= id.floorCsn);
}

/** Whether an element that a session brings may be learned. */
export function mayLearn(cleaned: CleanedIds, element: RuvElement): boolean {
  const id = cleaned.get(element.replicaId);
  return id === undefined || !isDead(id, element);
}

/** IDs that were cleaned here and still stand in the RUV of a consumer. `behind`: it lacks changes of the ID, which nobody has
 *  to send any more: it has to be initialized. */
export function findLeftOver(
  cleaned: CleanedIds,
  consumer: Ruv,
): { readonly toClean: readonly CleanedId[]; readonly behind: readonly CleanedId[] } {
  const toClean: CleanedId[] = [];
  const behind: CleanedId[] = [];
  for (const { replicaId, maxCsn } of consumer.elements) {
    const id = cleaned.get(replicaId);
    if (id === undefined || maxCsn === undefined || maxCsn > id.floorCsn) continue;
    if (maxCsn < id.maxCsn) behind.push(id);
    else if (!id.isCleaning) toClean.push(id); // the task tells it
  }
  return { toClean, behind };
}

/** IDs of which a server that supplies new content lacks changes: it has not been cleaned, and sends them when it has got them. */
export function findUncleaned(cleaned: CleanedIds, supplied: Ruv): readonly ReplicaId[] {
  return supplied.elements.flatMap(({ replicaId, maxCsn }) => {
    const id = cleaned.get(replicaId);
    return id !== undefined && maxCsn !== undefined && maxCsn < id.maxCsn ? [replicaId] : [];
  });
}

interface Row {
  readonly max: string;
  readonly floor: string;
  readonly cleaning: boolean;
  readonly element?: string;
}

export const cleanedKey = (suffix: string, replicaId: ReplicaId): Buffer =>
  Buffer.from(`${suffix}\0${replicaId}`, "utf8");

/** The rows of one suffix. */
export function readCleanedIds(
  rows: Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>,
  suffix: string,
): Map<ReplicaId, CleanedId> {
  const ids = new Map<ReplicaId, CleanedId>();
  for (const { key, value } of rows) {
    const [of, id] = Buffer.from(key).toString("utf8").split("\0");
    const replicaId = Number(id) as ReplicaId;
    if (of === suffix) ids.set(replicaId, decodeCleanedId(replicaId, Buffer.from(value)));
  }
  return ids;
}

export function encodeCleanedId({
  maxCsn,
  floorCsn,
  isCleaning,
  element,
}: Omit<CleanedId, "replicaId">): Buffer {
  const row: Row = {
    max: maxCsn,
    floor: floorCsn,
    cleaning: isCleaning,
    ...(element === undefined ? {} : { element: formatRuvElement(element) }),
  };
  return Buffer.from(JSON.stringify(row), "utf8");
}

function decodeCleanedId(replicaId: ReplicaId, value: Buffer): CleanedId {
  const row = JSON.parse(value.toString("utf8")) as Row;
  const maxCsn = parseCsn(row.max) ?? CSN_ZERO;
  const floorCsn = parseCsn(row.floor) ?? CSN_ZERO;
  assert(maxCsn <= floorCsn, "the floor of a cleaned ID covers its changes");
  const element = row.element === undefined ? undefined : parseRuvElement(row.element);
  return { replicaId, maxCsn, floorCsn, isCleaning: row.cleaning, element };
}
