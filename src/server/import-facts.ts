// The place in replication of content that came as LDIF (389: replica_reload_ruv after an import).
//
//   files with an update vector   that vector, its generation included; an updatable replica puts its own element first
//   without, the suffix a replica a new generation: no partner has this content yet
//   without, no replica           nothing; a replica that is configured later makes its own
import {
  type Csn,
  type ReplicaId,
  READ_ONLY_REPLICA_ID,
  makeGenerator,
  maxCsn,
  resumeGenerator,
} from "../replication/csn/index.ts";
import { type Ruv, ruvMaxCsn, withOwnElement } from "../replication/ruv/index.ts";
import type { Backend, BulkFacts } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import { newGeneration } from "./replica-facts.ts";

export function importedFacts(
  directory: Directory,
  backend: Backend,
  imported: { readonly ruv: Ruv | undefined; readonly newestCsn: Csn | undefined },
): BulkFacts {
  const { config, clock } = directory;
  const nowSeconds = Math.floor(clock.now() / 1000);
  const replica = config.snapshot.replicas.find((one) => one.normalSuffix === backend.suffix);
  const known = backend.newest.generator;
  if (replica === undefined) {
    const newest = maxCsn(imported.ruv && ruvMaxCsn(imported.ruv), imported.newestCsn);
    return { ruv: imported.ruv, generator: known && resumeGenerator(known, newest, nowSeconds) };
  }
  const isUpdatable = replica.role === "supplier";
  const replicaId = (isUpdatable ? replica.replicaId : READ_ONLY_REPLICA_ID) as ReplicaId;
  const base = known?.replicaId === replicaId ? known : makeGenerator(replicaId, nowSeconds);
  const own = (ruv: Ruv): Ruv =>
    isUpdatable ? withOwnElement(ruv, replicaId, purl(directory)) : ruv;
  if (imported.ruv !== undefined) {
    const newest = maxCsn(ruvMaxCsn(imported.ruv), imported.newestCsn);
    return { ruv: own(imported.ruv), generator: resumeGenerator(base, newest, nowSeconds) };
  }
  const { ruv, generator } = newGeneration(base, imported.newestCsn, nowSeconds);
  return { ruv: own(ruv), generator };
}

function purl(directory: Directory): string {
  const { hostName, port } = directory.config.snapshot.server;
  return `ldap://${hostName.includes(":") ? `[${hostName}]` : hostName}:${port}`;
}
