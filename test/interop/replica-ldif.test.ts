// Replica LDIF between Concord and 389: what Concord exports, 389 imports (ldif2db), runs with, and exports again (db2ldif -r);
// read back, it is the same replica, value by value with CSNs, tombstones and update vector.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { formatRuv } from "../../src/replication/ruv/index.ts";
import { mustRun } from "../support/child.ts";
import { NsSlapd } from "../support/ns-slapd.ts";
import { StoreBackend } from "../support/store-backend.ts";
import { projectRoot } from "../support/trace-file.ts";

const SUFFIX = "dc=example,dc=com";
const NS_SLAPD = "/usr/sbin/ns-slapd";

suite("interop/replica-ldif", () => {
  let server: NsSlapd | undefined;
  teardown(async () => {
    await server?.remove();
    server = undefined;
  });

  test("interop/replica-ldif: a replica goes to 389 and back without loss", async () => {
    const captured = readFileSync(join(projectRoot(), "test/data/store/389-replica.ldif"));
    const concord = new StoreBackend(SUFFIX).replicate();
    const { ruv } = concord.importLdif(captured);
    server = await NsSlapd.create({ suffix: SUFFIX, suffixEntry: true });
    await server.stop();
    const to389 = join(server.folder, "to389.ldif");
    const from389 = join(server.folder, "from389.ldif");
    writeFileSync(to389, concord.export({ withState: true }));
    const common = ["-D", join(server.folder, "config"), "-n", "userRoot"];
    await mustRun(NS_SLAPD, ["ldif2db", ...common, "-i", to389]);
    await mustRun(NS_SLAPD, ["db2ldif", ...common, "-r", "-a", from389]);
    const back = new StoreBackend(SUFFIX).replicate();
    const loaded = back.importLdif(readFileSync(from389));
    assert.deepEqual(loaded.refusals, []);
    assert.deepEqual(back.verify(), []);
    assert.deepEqual(loaded.ruv && formatRuv(loaded.ruv), ruv && formatRuv(ruv));
    assert.deepEqual(back.dns(), concord.dns());
    assert.deepEqual(back.digest(), concord.digest());
  }).timeout(300_000);
});
