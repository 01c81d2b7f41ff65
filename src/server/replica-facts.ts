// What a replica stores about itself when it starts and when its role or ID changes: generation, own element, CSN generator, and a
// changelog that it may serve from.
import { assert } from "../base/index.ts";
import type { WriteSet } from "../kv/index.ts";
import { countChanges, reachesRuv, resetChangelog } from "../replication/changelog/index.ts";
import {
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  makeGenerator,
  maxCsn,
  nextCsn,
  resumeGenerator,
} from "../replication/csn/index.ts";
import {
  type Ruv,
  makeRuv,
  ruvMaxCsn,
  withOwnElement,
  withoutReplica,
} from "../replication/ruv/index.ts";
import type { Replica } from "./replica.ts";

/** Replication facts of the backend as they are to be: completed where something is missing.
 *  @param leftId under which the replica wrote changes so far */
export function replicaFacts(
  replica: Replica,
  leftId: ReplicaId,
): { ruv: Ruv; generator: CsnGenerator } {
  const { replicaId, cleaned } = replica;
  const { generator, ruv: before } = replica.backend.newest;
  const seconds = replica.nowSeconds();
  const ruv = before && cleaned.without(withoutLeft(before, leftId), replicaId);
  const isOwn = generator !== undefined && generator.replicaId === replicaId;
  const ownGenerator = resumeGenerator(
    isOwn ? generator : makeGenerator(replicaId, seconds),
    // An ID that was cleaned and is ours now: what its former holder has issued is dropped elsewhere.
    maxCsn(ruv && ruvMaxCsn(ruv), cleaned.ids.get(replicaId)?.floorCsn),
    seconds,
  );
  const facts =
    ruv === undefined
      ? newGeneration(ownGenerator, undefined, seconds)
      : { ruv, generator: ownGenerator };
  return replica.isUpdatable
    ? { ...facts, ruv: withOwnElement(facts.ruv, replicaId, replica.purl) }
    : facts;
}

/** The update vector of data that no partner has. It bears a CSN that nobody else bears: data that was changed outside of
 *  replication within one second is not taken for what it was before. */
export function newGeneration(
  generator: CsnGenerator,
  above: Csn | undefined,
  nowSeconds: number,
): { readonly ruv: Ruv; readonly generator: CsnGenerator } {
  const issued = nextCsn(generator, nowSeconds, { ignoreTimeSkew: true, above });
  assert(issued.type === "issued", "an ignored skew refuses nothing");
  return { ruv: makeRuv(issued.csn), generator: issued.generator };
}

/** A consumer has no changelog. One that was kept before and has a gap since then must not be served from. */
export function settleChangelog({ backend, settings }: Replica, writes: WriteSet, ruv: Ruv): void {
  const tables = backend.writableTables(writes, backend.tables);
  const isWhole = settings.keepsChangelog ? reachesRuv(tables, ruv) : countChanges(tables) === 0;
  if (!isWhole) resetChangelog(tables, ruv);
}

/** The element of a replica ID that is not ours any more goes, as in 389; unless it has changes: they are in the data, and
 *  partners that find the element missing would have to send them all again, from changelogs that do not go back so far. */
const withoutLeft = (ruv: Ruv, leftId: ReplicaId): Ruv =>
  ruvMaxCsn(ruv, leftId) === undefined ? withoutReplica(ruv, leftId) : ruv;
