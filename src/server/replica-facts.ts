// What a replica stores about itself when it starts and when its role or ID changes: generation, own element, CSN generator, and a
// changelog that it may serve from.
import type { WriteSet } from "../kv/index.ts";
import { countChanges, reachesRuv, resetChangelog } from "../replication/changelog/index.ts";
import {
  type CsnGenerator,
  type ReplicaId,
  makeCsn,
  makeGenerator,
  maxCsn,
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
  const born = ruv ?? makeRuv(makeCsn(seconds, 0, replicaId));
  return {
    ruv: replica.isUpdatable ? withOwnElement(born, replicaId, replica.purl) : born,
    generator: ownGenerator,
  };
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
