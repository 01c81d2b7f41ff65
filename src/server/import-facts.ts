// The place in replication of content that came as LDIF (389: replica_reload_ruv after an import).
//
//   files with an update vector   that vector, its generation included; an updatable replica puts its own element first
//   without, the suffix a replica a new generation: no partner has this content yet
//   without, no replica           nothing; a replica that is configured later makes its own
import {
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  READ_ONLY_REPLICA_ID,
  makeGenerator,
  maxCsn,
  nextCsn,
  resumeGenerator,
} from "../replication/csn/index.ts";
import { type Ruv, makeRuv, ruvMaxCsn, withOwnElement } from "../replication/ruv/index.ts";
import type { Backend, BulkFacts } from "../store/index.ts";
import type { Directory } from "./directory.ts";

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
  const { csn, generator } = newGeneration(base, imported.newestCsn, nowSeconds);
  return { ruv: own(makeRuv(csn)), generator };
}

function newGeneration(
  base: CsnGenerator,
  above: Csn | undefined,
  nowSeconds: number,
): { csn: Csn; generator: CsnGenerator } {
  const issued = nextCsn(base, nowSeconds, { ignoreTimeSkew: true, above });
  if (issued.type === "skew") throw new Error("an ignored skew refuses nothing");
  return issued;
}

function purl(directory: Directory): string {
  const { hostName, port } = directory.config.snapshot.server;
  return `ldap://${hostName.includes(":") ? `[${hostName}]` : hostName}:${port}`;
}
