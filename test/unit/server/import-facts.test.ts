// The place in replication of imported content: kept, born anew, or none.
import { assert } from "chai";
import type { Csn, CsnGenerator, ReplicaId } from "../../../src/replication/csn/index.ts";
import { hasIssued, makeGenerator } from "../../../src/replication/csn/index.ts";
import { type Ruv, formatRuv, parseRuv } from "../../../src/replication/ruv/index.ts";
import type { Directory } from "../../../src/server/directory.ts";
import { importedFacts } from "../../../src/server/import-facts.ts";
import type { Backend } from "../../../src/store/index.ts";

const NOW_SECONDS = 0x6000_0000;
const SUFFIX = "dc=example,dc=com";
const FILE_RUV = parseRuv([
  "{replicageneration} 50000000000000070000",
  "{replica 7 ldap://a:389} 50000001000000070000 7fffffff000000070000",
]) as Ruv;

/** Of a directory and a backend only what the facts look at. */
function facts(
  role: "supplier" | "consumer" | undefined,
  imported: { readonly ruv: Ruv | undefined; readonly newestCsn?: Csn },
  generator?: CsnGenerator,
): ReturnType<typeof importedFacts> {
  const replicas = role === undefined ? [] : [{ normalSuffix: SUFFIX, role, replicaId: 3 }];
  const directory = {
    clock: { now: () => NOW_SECONDS * 1000 },
    config: { snapshot: { replicas, server: { hostName: "host", port: 3389 } } },
  } as unknown as Directory;
  const backend = { suffix: SUFFIX, newest: { ruv: undefined, generator } } as unknown as Backend;
  return importedFacts(directory, backend, { newestCsn: undefined, ...imported });
}

suite("server/import-facts", () => {
  test("server/import-facts: without a replica an update vector of the file is kept for one that comes later", () => {
    assert.deepEqual(facts(undefined, { ruv: undefined }), {
      ruv: undefined,
      generator: undefined,
    });
    assert.deepEqual(facts(undefined, { ruv: FILE_RUV }).ruv, FILE_RUV);
  });

  test("server/import-facts: plain LDIF starts a new generation with the own element", () => {
    const known = makeGenerator(3 as ReplicaId, NOW_SECONDS);
    const first = facts("supplier", { ruv: undefined }, known);
    assert.deepEqual(first.ruv && formatRuv(first.ruv), [
      "{replicageneration} 60000000000000030000",
      "{replica 3 ldap://host:3389}",
    ]);
    const second = facts("supplier", { ruv: undefined }, first.generator);
    assert.notEqual(second.ruv?.generation, first.ruv?.generation);
    assert.isTrue(hasIssued(second.generator as CsnGenerator, second.ruv?.generation as Csn));
    assert.lengthOf(facts("consumer", { ruv: undefined }).ruv?.elements ?? [], 0);
  });

  test("server/import-facts: replica LDIF keeps the generation, and CSNs go on above what it holds", () => {
    const { ruv, generator } = facts("supplier", { ruv: FILE_RUV });
    assert.deepEqual(ruv && formatRuv(ruv), [
      "{replicageneration} 50000000000000070000",
      "{replica 3 ldap://host:3389}",
      "{replica 7 ldap://a:389} 50000001000000070000 7fffffff000000070000",
    ]);
    assert.isTrue(hasIssued(generator as CsnGenerator, "7fffffff000000030000" as Csn));
    assert.deepEqual(facts("consumer", { ruv: FILE_RUV }).ruv, FILE_RUV);
  });
});
