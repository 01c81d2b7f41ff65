// A total initialization as 389 sends it (captured messages), into the staging tables of a backend on the memory store.
import { assert } from "chai";
import { Descriptions } from "../../../src/entry/index.ts";
import { MemoryKv, WriteSet } from "../../../src/kv/index.ts";
import { decodeReplicationEntry, decodeRequest } from "../../../src/protocol/index.ts";
import { Backend, StagedBackend, readDescriptions } from "../../../src/store/index.ts";
import { readCaptured } from "../../support/captured-messages.ts";
import { shippedSchema } from "../../support/config-tree.ts";

const NAMES = Array.from({ length: 12 }, (_, i) => `30-total2-entry-${String(i).padStart(2, "0")}`);

async function importCaptured(batch: number): Promise<{ backend: Backend; outcomes: string[] }> {
  const kv = new MemoryKv();
  const schema = shippedSchema();
  const descriptions = new Descriptions(schema, () => readDescriptions(kv));
  const backend = new Backend(kv, { name: "userroot", suffix: "dc=example,dc=com", descriptions });
  const staged = new StagedBackend(backend);
  const outcomes: string[] = [];
  for (let at = 0; at < NAMES.length; at += batch) {
    await kv.transact(() => {
      const writes = new WriteSet();
      for (const name of NAMES.slice(at, at + batch)) {
        const { request } = decodeRequest(readCaptured(name));
        if (request.type !== "extended") continue;
        outcomes.push(staged.put(writes, decodeReplicationEntry(request.value)));
      }
      writes.apply();
    });
  }
  await kv.transact(() => {
    const writes = new WriteSet();
    backend.putPointer(writes, staged.set);
    writes.apply();
  });
  backend.reload();
  return { backend, outcomes };
}

const EXPECTED = [
  "cn=repl keep alive 1,dc=example,dc=com",
  "cn=repl keep alive 2,dc=example,dc=com",
  "dc=example,dc=com",
  "nsuniqueid=215f4701-e5f011f1-998384b6-a1ba8aa1,uid=u3b,ou=other,dc=example,dc=com",
  "nsuniqueid=fd9c019c-e5ef11f1-998384b6-a1ba8aa1,uid=u2,ou=people,dc=example,dc=com",
  "ou=other,dc=example,dc=com",
  "ou=people,dc=example,dc=com",
  "uid=raw1,ou=people,dc=example,dc=com",
  "uid=u1,ou=people,dc=example,dc=com",
  "uid=u4,ou=people,dc=example,dc=com",
];

suite("store/staged-backend", () => {
  for (const batch of [1, 2, 5, NAMES.length]) {
    test(`store/staged-backend: a total initialization of 389 is taken whole, ${batch} a transaction`, async () => {
      const { backend, outcomes } = await importCaptured(batch);
      assert.deepEqual([...new Set(outcomes)], ["put"]);
      const dns = backend.reader.idsFrom(1, 100).map((id) => backend.reader.getEntry(id).dn);
      assert.deepEqual(dns.sort(), EXPECTED);
      const children = backend.reader.childCount(backend.reader.suffixId!);
      assert.equal(children, 4);
    });
  }
});
