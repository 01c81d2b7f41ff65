// What a replica does to its update vector and changelog when an ID is cleaned, and what stays of that over a restart. The store is
// in memory; the write queue is the real one.
import { assert } from "chai";
import { type Clock, type Millis, SILENT_LOG } from "../../../src/base/index.ts";
import { WriteQueue, WriteSet } from "../../../src/kv/index.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import { countChanges } from "../../../src/replication/changelog/index.ts";
import type { SuppliedContent, SuppliedId } from "../../../src/replication/clean-ruv/index.ts";
import {
  type Csn,
  type ReplicaId,
  csnSeconds,
  makeCsn,
  makeGenerator,
} from "../../../src/replication/csn/index.ts";
import { type Ruv, findElement } from "../../../src/replication/ruv/index.ts";
import { CleanedReplicas } from "../../../src/server/cleaned-replicas.ts";
import type { Directory } from "../../../src/server/directory.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "dc=example,dc=com";
const ROOT = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
const GONE = 7 as ReplicaId;
const OWN = 3 as ReplicaId;
const NOW = 1_700_000_000;
const csn = (seconds: number): Csn => makeCsn(seconds, 0, GONE);

class Setup {
  readonly store = new StoreBackend(SUFFIX).replicate(OWN);
  readonly directory: Directory;
  cleaned: CleanedReplicas;

  constructor() {
    const attributes = [
      { type: "objectClass", values: [Buffer.from("top"), Buffer.from("device")] },
    ];
    const added = { type: "add", uniqueId: ROOT, dn: SUFFIX, parentUniqueId: undefined } as const;
    this.store.apply({ ...added, csn: makeCsn(NOW - 100, 0, 1), attributes });
    for (const seconds of [90, 80, 70]) this.touch(csn(NOW - seconds));
    const clock: Clock = { now: () => (NOW * 1000) as Millis };
    const queue = new WriteQueue(this.store.kv, clock, {
      isRefusal: () => false,
      busyError: () => new Error("busy"),
      onFatal: (error) => {
        throw error;
      },
    });
    const parts = { clock, queue, log: SILENT_LOG, kv: this.store.kv };
    this.directory = parts as unknown as Directory;
    this.cleaned = this.reopened();
  }

  /** As after a restart. */
  reopened(): CleanedReplicas {
    return new CleanedReplicas(this.directory, this.store.backend);
  }

  /** As a total initialization does; gives the update vector. */
  take(content: SuppliedContent): Ruv {
    const { ruv, put, swapped } = this.cleaned.take(content, OWN);
    this.store.kv.transactSync(() => {
      const writes = new WriteSet();
      put(writes);
      writes.apply();
    });
    swapped();
    return ruv;
  }

  touch(at: Csn): void {
    const mods = [
      { operation: "replace" as const, type: "description", values: [Buffer.from(at)] },
    ];
    this.store.apply({ type: "modify", csn: at, uniqueId: ROOT, dn: SUFFIX, mods });
  }

  get max(): Csn | undefined {
    const { ruv } = this.store.backend.newest;
    return ruv && findElement(ruv, GONE)?.maxCsn;
  }

  get logged(): number {
    this.store.kv.renew();
    return countChanges(this.store.backend.tables);
  }
}

const EXACTLY = { maxCsn: undefined, everything: false };

suite("server/cleaned replicas", () => {
  test("server/cleaned-replicas: the ID leaves the RUV, and all of its changes are dropped", async () => {
    const setup = new Setup();
    assert.strictEqual(setup.max, csn(NOW - 70));
    await setup.cleaned.clean(GONE, EXACTLY);
    assert.isUndefined(setup.max);
    assert.isTrue(setup.cleaned.drops(csn(NOW - 70), GONE));
    assert.isTrue(setup.cleaned.drops(csn(NOW + 10), GONE));
    assert.isFalse(setup.cleaned.drops(makeCsn(NOW, 0, 1), 1 as ReplicaId));
    assert.deepEqual(setup.store.verify(), []);
    assert.isTrue(setup.reopened().ids.get(GONE)?.isCleaning);
  });

  test("server/cleaned-replicas: an abort brings the element back as it was", async () => {
    const setup = new Setup();
    await setup.cleaned.clean(GONE, EXACTLY);
    await setup.reopened().restore(GONE);
    assert.strictEqual(setup.max, csn(NOW - 70));
    assert.strictEqual(setup.logged, 4);
    assert.deepEqual(setup.store.verify(), []);
    assert.isFalse(setup.reopened().drops(csn(NOW - 70), GONE));
  });

  test("server/cleaned-replicas: when the task is through its records are gone, and a new holder is let in", async () => {
    const setup = new Setup();
    await setup.cleaned.clean(GONE, EXACTLY);
    assert.isTrue(setup.cleaned.drops(csn(NOW - 60), GONE));
    await setup.cleaned.finish(GONE);
    assert.strictEqual(setup.logged, 1);
    const cleaned = setup.reopened();
    assert.isTrue(cleaned.drops(csn(NOW - 60), GONE));
    assert.isFalse(cleaned.drops(csn(NOW - 59), GONE));
    setup.touch(csn(NOW));
    assert.strictEqual(setup.max, csn(NOW));
    assert.deepEqual(setup.store.verify(), []);
    // Too late for an abort.
    await cleaned.restore(GONE);
    assert.isTrue(cleaned.ids.has(GONE));
  });

  test("server/cleaned-replicas: a forced cleaning ends all that can have been issued, whatever is known", async () => {
    const setup = new Setup();
    await setup.cleaned.clean(GONE, { maxCsn: csn(NOW - 65), everything: true });
    await setup.cleaned.finish(GONE);
    assert.isTrue(setup.cleaned.drops(csn(NOW), GONE));
    assert.isFalse(setup.cleaned.drops(csn(NOW + 1), GONE));
  });

  test("server/cleaned-replicas: content that came from elsewhere is cleaned too", async () => {
    const setup = new Setup();
    await setup.cleaned.clean(GONE, EXACTLY);
    await setup.cleaned.finish(GONE);
    setup.touch(csn(NOW - 75));
    assert.strictEqual(setup.max, csn(NOW - 75));
    await setup.cleaned.cleanContent(OWN);
    assert.isUndefined(setup.max);
  });

  test("server/cleaned-replicas: an ID that was cleaned before stays so, whatever becomes of another task", async () => {
    const setup = new Setup();
    await setup.cleaned.clean(GONE, EXACTLY);
    await setup.cleaned.finish(GONE);
    const before = setup.cleaned.ids.get(GONE);
    await setup.cleaned.clean(GONE, { maxCsn: csn(NOW - 70), everything: false });
    assert.deepEqual(setup.cleaned.ids.get(GONE), before);
    await setup.cleaned.restore(GONE);
    assert.deepEqual(setup.reopened().ids.get(GONE), before);
    // Somebody has shown more than was cleaned here.
    await setup.cleaned.clean(GONE, { maxCsn: csn(NOW - 60), everything: false });
    assert.isTrue(setup.cleaned.ids.get(GONE)?.isCleaning);
  });

  test("server/cleaned-replicas: of an ID without changes nothing is dropped while a task goes on; when it is through the ID is clean", async () => {
    const setup = new Setup();
    const unknown = 9 as ReplicaId;
    await setup.cleaned.clean(unknown, EXACTLY);
    assert.isFalse(setup.cleaned.ids.has(unknown));
    assert.isFalse(setup.cleaned.drops(makeCsn(NOW, 0, unknown), unknown));
    await setup.cleaned.finish(unknown);
    assert.isTrue(setup.reopened().ids.has(unknown));
    // One whose changes have come in the last moment is not.
    await setup.cleaned.clean(8 as ReplicaId, EXACTLY);
    setup.touch(makeCsn(NOW, 0, 8));
    await setup.cleaned.finish(8 as ReplicaId);
    assert.isFalse(setup.cleaned.ids.has(8 as ReplicaId));
    assert.deepEqual(setup.store.verify(), []);
  });

  test("server/cleaned-replicas: the end of another task leaves the changes of a new holder in the changelog", async () => {
    const setup = new Setup();
    await setup.cleaned.clean(GONE, EXACTLY);
    await setup.cleaned.finish(GONE);
    await setup.cleaned.clean(GONE, EXACTLY);
    setup.touch(csn(NOW));
    await setup.cleaned.finish(GONE);
    assert.strictEqual(setup.logged, 2);
    assert.deepEqual(setup.store.verify(), []);
  });

  test("server/cleaned-replicas: an ID that becomes that of this server is forgotten", async () => {
    const setup = new Setup();
    await setup.cleaned.clean(GONE, EXACTLY);
    await setup.cleaned.forget(GONE);
    assert.strictEqual(setup.reopened().ids.size, 0);
  });

  test("server/cleaned-replicas: local changes go above those of a cleaned ID, after a restart too", async () => {
    const setup = new Setup();
    const ahead = csn(NOW + 500);
    setup.touch(ahead);
    await setup.cleaned.clean(GONE, { maxCsn: undefined, everything: false });
    await setup.cleaned.finish(GONE);
    assert.isAbove(csnSeconds(setup.store.backend.issueCsn(NOW, {})), NOW + 499);
    setup.store.backend.useGenerator(makeGenerator(OWN, NOW));
    setup.store.backend.cleanedCsn = undefined;
    setup.reopened();
    assert.isTrue(setup.store.backend.issueCsn(NOW, {}) > ahead);
  });

  /** Of a supplier with these changes of the ID, as far as it shows any. */
  const contentOf = (
    maxCsn: Csn | undefined,
    ...cleaned: readonly SuppliedId[]
  ): SuppliedContent => {
    const shown = { replicaId: GONE, purl: undefined, minCsn: maxCsn, lastModifiedSeconds: 0 };
    return { ruv: { generation: "g", elements: [{ ...shown, maxCsn }] }, cleaned };
  };

  test("server/cleaned-replicas: content of a supplier that lacks changes of a cleaned ID is not clean", async () => {
    const setup = new Setup();
    await setup.cleaned.clean(GONE, EXACTLY);
    await setup.cleaned.finish(GONE);
    setup.take(contentOf(csn(NOW - 70)));
    setup.take(contentOf(undefined));
    assert.isTrue(setup.cleaned.ids.has(GONE));
    setup.take(contentOf(csn(NOW - 75)));
    assert.isFalse(setup.cleaned.ids.has(GONE));
    assert.strictEqual(setup.reopened().ids.size, 0);
  });

  const finished = (seconds: number): SuppliedId => {
    const at = csn(seconds);
    return { replicaId: GONE, maxCsn: at, floorCsn: at, element: undefined };
  };

  test("server/cleaned-replicas: what a supplier has cleaned is clean here with its content, and stays so over a restart", () => {
    const setup = new Setup();
    const ruv = setup.take(contentOf(undefined, finished(NOW + 100)));
    assert.isUndefined(findElement(ruv, GONE));
    for (const cleaned of [setup.cleaned, setup.reopened()]) {
      assert.isTrue(cleaned.drops(csn(NOW + 100), GONE));
      assert.isFalse(cleaned.drops(csn(NOW + 101), GONE));
    }
    assert.isAbove(csnSeconds(setup.store.backend.issueCsn(NOW, {})), NOW + 99);
  });

  test("server/cleaned-replicas: of content that does not come into its place nothing is kept", () => {
    const setup = new Setup();
    setup.cleaned.take(contentOf(undefined, finished(NOW)), OWN);
    for (const cleaned of [setup.cleaned, setup.reopened()])
      assert.strictEqual(cleaned.ids.size, 0);
  });
});
