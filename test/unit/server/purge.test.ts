// The background task around the slices of the store: when a run is due, one transaction a slice, the purge CSN with the first of
// them, how a run ends early. The store is in memory; the write queue is the real one.
import { assert } from "chai";
import type { Clock, Millis } from "../../../src/base/index.ts";
import { SILENT_LOG } from "../../../src/base/index.ts";
import { WriteQueue } from "../../../src/kv/index.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import { type Csn, type ReplicaId, makeCsn } from "../../../src/replication/csn/index.ts";
import type { Ruv } from "../../../src/replication/ruv/index.ts";
import { NODE_TIMERS } from "../../../src/replication/thread/index.ts";
import { Backend } from "../../../src/store/index.ts";
import type { Directory } from "../../../src/server/directory.ts";
import { Purge } from "../../../src/server/purge.ts";
import { StoreBackend } from "../../support/store-backend.ts";
import { waitFor } from "../../support/wait-for.ts";

const SUFFIX = "dc=example,dc=com";
const ROOT = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
const OWN = 3;
const DAY = 86_400;
const NOW = 1_700_000_000;
const SETTINGS = { purgeDelaySec: 7 * DAY, tombstonePurgeIntervalSec: DAY };

const idOf = (n: number): UniqueId =>
  `bbbbbbbb-00000000-00000000-${n.toString(16).padStart(8, "0")}` as UniqueId;
const values = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

class Setup {
  readonly store = new StoreBackend(SUFFIX).replicate(OWN);
  seconds = NOW;
  namesForgotten = 0;
  fault: unknown;
  readonly purge: Purge;
  readonly queue: WriteQueue;

  constructor(entries: number) {
    this.add(ROOT, SUFFIX, 0, undefined);
    for (let n = 1; n <= entries; n += 1) {
      this.add(idOf(n), `cn=e${n},${SUFFIX}`, n, ROOT);
      if (n % 2 === 0) {
        const csn = makeCsn(NOW - 30 * DAY + n, 0, 2);
        this.store.apply({ type: "delete", csn, uniqueId: idOf(n), dn: `cn=e${n},${SUFFIX}` });
      }
    }
    for (const replicaId of [1, 2]) this.touch(replicaId, 20 * DAY);
    const clock: Clock = { now: () => (this.seconds * 1000) as Millis };
    this.queue = new WriteQueue(this.store.kv, clock, {
      isRefusal: () => false,
      busyError: () => new Error("busy"),
      onFatal: (error) => {
        this.fault = error;
      },
    });
    const timers = { ...NODE_TIMERS, elapsedMs: () => this.seconds * 1000 };
    const parts = { clock, timers, queue: this.queue, log: SILENT_LOG };
    const directory = parts as unknown as Directory;
    this.purge = new Purge(directory, this.store.backend, {
      afterWrite: (backend, effects) => {
        if (effects.namesChanged) this.namesForgotten += 1;
        backend.reader.forgetNames();
      },
      onDefect: (error) => {
        this.fault = error;
      },
    });
  }

  add(uniqueId: UniqueId, dn: string, n: number, parentUniqueId: UniqueId | undefined): void {
    const csn = makeCsn(NOW - 40 * DAY + n, 0, 1);
    const attributes = [{ type: "objectClass", values: values("top", "device") }];
    this.store.apply({ type: "add", csn, uniqueId, dn, attributes, parentUniqueId });
  }

  /** A change of a replica, so many seconds ago. */
  touch(replicaId: number, ageSeconds: number): void {
    const csn = makeCsn(NOW - ageSeconds, 0, replicaId);
    const mods = [{ operation: "replace" as const, type: "description", values: values("x") }];
    this.store.apply({ type: "modify", csn, uniqueId: ROOT, dn: SUFFIX, mods });
  }

  get local(): Ruv {
    const { ruv } = this.store.backend.newest;
    if (ruv === undefined) throw new Error("it is a replica");
    return ruv;
  }

  tick(settings: typeof SETTINGS = SETTINGS): void {
    const ownReplicaId = OWN as ReplicaId;
    this.purge.tick({ settings, ownReplicaId, local: this.local, partners: [this.local] });
  }

  async ended(): Promise<void> {
    await waitFor(() => !this.purge.isActive || this.fault !== undefined, "the run ends", 10_000);
    assert.isUndefined(this.fault);
    this.store.kv.renew();
  }

  tombstones(): number {
    return this.store.dns().filter((dn) => dn.startsWith("nsuniqueid=")).length;
  }
}

suite("server/purge", () => {
  test("server/purge: a run takes old tombstones away and changes nothing that is shown", async () => {
    const setup = new Setup(450);
    assert.equal(setup.tombstones(), 225);
    const before = setup.store.digest({ withoutState: true });
    setup.seconds += DAY;
    setup.tick();
    assert.isTrue(setup.purge.isActive);
    await setup.ended();
    assert.equal(setup.tombstones(), 0);
    assert.deepEqual(setup.store.digest({ withoutState: true }), before);
    assert.deepEqual(setup.store.verify(), []);
    assert.isAbove(setup.namesForgotten, 0);
  }).timeout(20_000);

  test("server/purge: the purge CSN is stored, and bounded by what the partners have", async () => {
    const setup = new Setup(4);
    setup.seconds += DAY;
    setup.tick();
    await setup.ended();
    // What was heard last of the other two is older than the purge delay.
    const expected = makeCsn(NOW - 20 * DAY, 0, 0);
    assert.equal(setup.store.backend.purgeCsn, expected);
    const { suffix, kv, backend } = setup.store;
    const again = new Backend(kv, { name: "b", suffix, descriptions: backend.descriptions });
    assert.equal(again.purgeCsn, expected);
  }).timeout(10_000);

  test("server/purge: local changes are numbered above it when the clock has been set back", async () => {
    const setup = new Setup(2);
    const ahead = makeCsn(NOW + 500, 0, 0);
    await setup.purge.run(ahead);
    const { suffix, kv, backend } = setup.store;
    assert.isTrue(backend.issueCsn(NOW, {}) > ahead);
    const again = new Backend(kv, { name: "b", suffix, descriptions: backend.descriptions });
    assert.isTrue(again.issueCsn(NOW, {}) > ahead);
  }).timeout(10_000);

  test("server/purge: it begins soon after the start and comes back after the interval", async () => {
    const setup = new Setup(2);
    setup.tick();
    assert.isFalse(setup.purge.isActive);
    setup.seconds += 300;
    setup.tick();
    assert.isTrue(setup.purge.isActive);
    await setup.ended();
    setup.seconds += DAY - 1;
    setup.tick();
    assert.isFalse(setup.purge.isActive);
    setup.seconds += 1;
    setup.tick();
    assert.isTrue(setup.purge.isActive);
    await setup.ended();
  }).timeout(10_000);

  test("server/purge: without delay or interval nothing is purged", () => {
    const setup = new Setup(2);
    setup.seconds += 100 * DAY;
    setup.tick({ ...SETTINGS, purgeDelaySec: -1 });
    setup.tick({ ...SETTINGS, tombstonePurgeIntervalSec: 0 });
    assert.isFalse(setup.purge.isActive);
    assert.isUndefined(setup.store.backend.purgeCsn);
  });

  test("server/purge: a run that is stopped ends after its slice, and nothing is wrong", async () => {
    const setup = new Setup(600);
    const running = setup.purge.run(makeCsn(NOW, 0, 0));
    await setup.purge.stop();
    await running;
    setup.store.kv.renew();
    assert.isAbove(setup.tombstones(), 0);
    assert.deepEqual(setup.store.verify(), []);
  }).timeout(20_000);

  test("server/purge: a suffix that is no replica any more is left alone", async () => {
    const setup = new Setup(4);
    setup.store.backend.keepsState = false;
    const count = await setup.purge.run(makeCsn(NOW, 0, 0) as Csn);
    assert.deepEqual(count, { removed: 0, shrunk: 0 });
    assert.isUndefined(setup.store.backend.purgeCsn);
  });
});
