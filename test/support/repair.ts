// Repair between two test backends: what `concord replication compare --repair` does over the network.
import { decodeEntryState, encodeEntryState } from "../../src/protocol/index.ts";
import { type Change, type UniqueId, decodeUniqueId } from "../../src/replication/change/index.ts";
import { coversCsn } from "../../src/replication/ruv/index.ts";
import {
  type StateJoin,
  DIGEST_BUCKETS,
  joinEntryState,
  readBucket,
  readEntryStates,
} from "../../src/store/index.ts";
import type { StoreBackend } from "./store-backend.ts";

const ROUNDS_MAX = 10;
const ROW_BYTES = 32;

/** Live entries whose digests differ. */
export function differing(a: StoreBackend, b: StoreBackend): readonly UniqueId[] {
  const [ours, theirs] = [digestsOf(a), digestsOf(b)];
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((uniqueId) => ours.get(uniqueId) !== theirs.get(uniqueId))
    .sort();
}

function digestsOf(store: StoreBackend): ReadonlyMap<UniqueId, string> {
  store.settle();
  const found = new Map<UniqueId, string>();
  for (let bucket = 0; bucket < DIGEST_BUCKETS; bucket += 1) {
    const rows = readBucket(store.backend.tables, bucket);
    for (let at = 0; at < rows.length; at += ROW_BYTES) {
      found.set(decodeUniqueId(rows, at), rows.toString("hex", at + 16, at + ROW_BYTES));
    }
  }
  return found;
}

/** What a server would send of these entries, and the other entries on which they depended. */
export function statesOf(
  { backend }: StoreBackend,
  uniqueIds: Iterable<UniqueId>,
): { readonly states: readonly Buffer[]; readonly related: readonly UniqueId[] } {
  const readings = readEntryStates(backend, [...uniqueIds]);
  return {
    states: readings.flatMap(({ state }) => (state === undefined ? [] : [encodeEntryState(state)])),
    related: readings.flatMap(({ related }) => [...related]),
  };
}

export function join(to: StoreBackend, states: readonly Buffer[]): readonly StateJoin[] {
  return states.map((encoded) => {
    let joined: StateJoin = { isChanged: false, reasons: [] };
    to.write((writes) => {
      const { backend } = to;
      joined = joinEntryState(backend, backend.begin(writes), decodeEntryState(encoded));
    });
    return joined;
  });
}

/** Both take in what the other has of the entries that differ, and of those on which these depended, until nothing changes any
 *  more. Gives what was not taken at the end. */
export function repair(a: StoreBackend, b: StoreBackend): ReadonlySet<string> {
  let related: readonly UniqueId[] = [];
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const uniqueIds = new Set([...differing(a, b), ...related]);
    const [ours, theirs] = [statesOf(a, uniqueIds), statesOf(b, uniqueIds)];
    const joined = [...join(b, ours.states), ...join(a, theirs.states)];
    const others = [...ours.related, ...theirs.related];
    const isOver = differing(a, b).length === 0 || others.every((id) => uniqueIds.has(id));
    if (isOver && !joined.some(({ isChanged }) => isChanged)) {
      return new Set(joined.flatMap(({ reasons }) => reasons));
    }
    related = [...related, ...others];
  }
  throw new Error("the repair does not end");
}

/** A change is counted and has no effect. */
export function lose(store: StoreBackend, change: Change): void {
  const { backend } = store;
  const { ruv } = backend.newest;
  if (ruv !== undefined && coversCsn(ruv, change.csn)) return;
  store.write((writes) => backend.logChange(writes, change, 1));
}
