// What belongs to a replacement of content is written in the transaction that replaces it, or not at all.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { importLdif } from "../../../src/server/index.ts";
import { type Backend, digestBackend, openSnapshot } from "../../../src/store/index.ts";
import { openNewInstance } from "../../support/offline-instance.ts";

const SUFFIX = "dc=example,dc=com";
const TABLE = "beside";
const KEY = Buffer.from("key");

suite("server/import-work", () => {
  for (const fails of [false, true]) {
    test(`server/import-work: rows of the swap are ${fails ? "gone, and the old content there, when it fails" : "there with the new content"}`, async () => {
      const { directory, folder, close } = await openNewInstance(SUFFIX);
      const backend = directory.backends.get("userroot") as Backend;
      const { kv, schema } = directory;
      const digest = (): unknown =>
        digestBackend(openSnapshot(kv, { name: "userroot", suffix: SUFFIX, schema }));
      const table = kv.bytesTable(TABLE);
      const run = (description: string, onSwap: () => void): Promise<unknown> => {
        const file = join(folder, "new.ldif");
        writeFileSync(
          file,
          `dn: ${SUFFIX}\nobjectClass: domain\ndc: example\ndescription: ${description}\n`,
        );
        return importLdif(directory, backend, {
          files: [file],
          badEntries: "fail",
          pace: "alone",
          onSwap,
        });
      };
      await run("old", () => {});
      const old = digest();
      const outcome = await run("new", () => {
        table.put(KEY, Buffer.from("row"));
        if (fails) throw new Error("planted");
      }).then(
        () => "done",
        (error: Error) => error.message,
      );
      kv.renew();
      assert.strictEqual(outcome, fails ? "planted" : "done");
      assert.strictEqual(table.getCopy(KEY) === undefined, fails);
      if (fails) assert.deepEqual(digest(), old);
      else assert.notDeepEqual(digest(), old);
      await close();
    });
  }
});
