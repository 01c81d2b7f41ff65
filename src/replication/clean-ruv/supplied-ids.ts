// What a total initialization between two Concords says of cleaned replica IDs (note 014; docs/wire/total-cleaned.md). The data
// has all changes of such an ID, though the update vector does not show them; a consumer that did not know would take itself for
// one that has had none.
import type { TotalCleaned } from "../../protocol/index.ts";
import { CSN_ZERO, type Csn, type ReplicaId, csnReplicaId, parseCsn } from "../csn/index.ts";
import {
  type Ruv,
  type RuvElement,
  findElement,
  formatRuvElement,
  parseRuvElement,
  withoutReplica,
} from "../ruv/index.ts";
import { type CleanedId, type CleanedIds, findUncleaned, withoutCleaned } from "./cleaned-ids.ts";

export interface SuppliedId {
  readonly replicaId: ReplicaId;
  readonly maxCsn: Csn;
  readonly floorCsn: Csn;
  /** The ID is being cleaned at the supplier: its changes there. undefined: that is over. */
  readonly element: RuvElement | undefined;
}

/** What the supplier of new content has told. */
export interface SuppliedContent {
  /** Of Start, with the own element where there is one. */
  readonly ruv: Ruv;
  readonly cleaned: readonly SuppliedId[];
}

const REPLICA_ID_MAX = 65_534;

/** What is sent of the rows that stood beside the update vector of Start. An ID whose cleaning may yet be aborted and that showed no
 *  change is left out: whether there are any in the data nobody knows. */
export const toSupplied = (cleaned: CleanedIds): readonly TotalCleaned[] =>
  [...cleaned.values()]
    .filter(({ isCleaning, element }) => !isCleaning || element !== undefined)
    .map(({ replicaId, maxCsn, floorCsn, element }) => ({
      replicaId,
      maxCsn,
      floorCsn,
      element: element && formatRuvElement(element),
    }))
    // Nor what would be refused: a row may be what another server has asked for.
    .filter((sent) => readOne(sent) !== undefined);

/** undefined: one of them cannot be what a supplier has. */
export function readSupplied(sent: readonly TotalCleaned[]): readonly SuppliedId[] | undefined {
  const ids = sent.map(readOne);
  return ids.every((id) => id !== undefined) ? ids : undefined;
}

function readOne(sent: TotalCleaned): SuppliedId | undefined {
  const replicaId = sent.replicaId as ReplicaId;
  if (replicaId < 1 || replicaId > REPLICA_ID_MAX) return undefined;
  const maxCsn = readCsn(sent.maxCsn, replicaId);
  const floorCsn = readCsn(sent.floorCsn, replicaId);
  if (maxCsn === undefined || floorCsn === undefined || floorCsn < maxCsn) return undefined;
  const id = { replicaId, maxCsn, floorCsn };
  if (sent.element === undefined) return { ...id, element: undefined };
  const element = parseRuvElement(sent.element);
  const { minCsn, maxCsn: newest } = element ?? {};
  const isOfId = [minCsn, newest].every(
    (csn) => csn !== undefined && csnReplicaId(csn) === replicaId,
  );
  return element?.replicaId === replicaId && isOfId ? { ...id, element } : undefined;
}

/** Zeros: there was no change, or nobody is to have it. */
function readCsn(text: string, replicaId: ReplicaId): Csn | undefined {
  const csn = parseCsn(text);
  const isOfId = csn === CSN_ZERO || (csn !== undefined && csnReplicaId(csn) === replicaId);
  return isOfId ? csn : undefined;
}

/** The rows and the update vector of a server that takes this content in the place of its own. */
export function takeSupplied(
  cleaned: CleanedIds,
  { ruv, cleaned: supplied }: SuppliedContent,
  ownReplicaId: ReplicaId,
): { readonly cleaned: CleanedIds; readonly ruv: Ruv } {
  const others = supplied.filter(
    (id) => id.replicaId !== ownReplicaId && !wasCleanedLater(ruv, id),
  );
  let claimed = ruv;
  // It may yet be aborted there. Like everybody who has the changes and was not told yet we wait for the task.
  for (const { replicaId, element } of others) {
    if (element === undefined) continue;
    const { elements } = withoutReplica(claimed, replicaId);
    claimed = { ...claimed, elements: [...elements, element] };
  }
  const rows = new Map(cleaned);
  // The rest of the changes has to come; the ID is cleaned again when it has.
  for (const replicaId of findUncleaned(cleaned, claimed)) rows.delete(replicaId);
  for (const id of others) {
    const before = rows.get(id.replicaId);
    if (id.element !== undefined || before?.isCleaning === true) continue;
    rows.set(id.replicaId, joinRows(before, id));
  }
  return { cleaned: rows, ruv: withoutCleaned(claimed, rows, ownReplicaId) };
}

/** Start still showed changes that were cleaned: the content is one from before. Those above the floor are of a new holder. */
function wasCleanedLater(ruv: Ruv, { replicaId, floorCsn, element }: SuppliedId): boolean {
  const shown = findElement(ruv, replicaId)?.maxCsn;
  return shown !== undefined && (element !== undefined || shown <= floorCsn);
}

function joinRows(before: CleanedId | undefined, { replicaId, ...id }: SuppliedId): CleanedId {
  const later = (a: Csn, b = CSN_ZERO): Csn => (a > b ? a : b);
  return {
    replicaId,
    maxCsn: later(id.maxCsn, before?.maxCsn),
    floorCsn: later(id.floorCsn, before?.floorCsn),
    isCleaning: false,
    element: undefined,
  };
}
