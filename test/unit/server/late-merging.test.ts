// Merging late changes on the write queue: begun by writers, in slices among their operations, and what searches find meanwhile. The
// store is in memory; the write queue is the real one.
import { assert } from "chai";
import type { Clock, Millis } from "../../../src/base/index.ts";
import { LATE_CODES_MAX } from "../../../src/index/index.ts";
import { WriteQueue } from "../../../src/kv/index.ts";
import { parseFilter } from "../../../src/filter/index.ts";
import { planCandidates } from "../../../src/index/index.ts";
import { applyAndLog } from "../../../src/operation/index.ts";
import { LdapError } from "../../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import { makeCsn } from "../../../src/replication/csn/index.ts";
import { NODE_TIMERS } from "../../../src/replication/thread/index.ts";
import { LateMerging } from "../../../src/server/late-merging.ts";
import type { Directory } from "../../../src/server/directory.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "dc=example,dc=com";
const ROOT = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
const NOW = 1_700_000_000;
/** Of a description; it has nearly all trigrams of LETTERS letters. */
const LETTERS = 8;
const VALUE_BYTES = 2000;
const FILLING_WRITES = LATE_CODES_MAX / LETTERS ** 3;

const idOf = (n: number): UniqueId =>
  `bbbbbbbb-00000000-00000000-${n.toString(16).padStart(8, "0")}` as UniqueId;

class Setup {
  readonly store = new StoreBackend(SUFFIX).replicate();
  readonly backends = new Map([["b", this.store.backend]]);
  readonly queue: WriteQueue;
  readonly merging: LateMerging;
  fault: unknown;
  #elapsedMs = 0;
  #last = 0;
  #random = 1;

  constructor() {
    this.store.apply(this.#addition(ROOT, SUFFIX, undefined));
    const clock: Clock = { now: () => (NOW * 1000) as Millis };
    this.queue = new WriteQueue(this.store.kv, clock, {
      isRefusal: (error) => error instanceof LdapError,
      busyError: () => new Error("busy"),
      onFatal: (error) => {
        this.fault = error;
      },
    });
    // Passes by itself at each look, so that slices have an end.
    const elapsedMs = (): number => {
      this.#elapsedMs += 2;
      return this.#elapsedMs;
    };
    const timers = { ...NODE_TIMERS, elapsedMs };
    const parts = { clock, timers, queue: this.queue, kv: this.store.kv, backends: this.backends };
    this.merging = new LateMerging(parts as unknown as Directory);
    this.store.backend.onLateFull = () => this.merging.start(this.store.backend);
  }

  get lateRows(): number {
    this.store.kv.renew();
    return this.store.backend.tables.late.count();
  }

  add(n: number): Promise<void> {
    return this.#submit(this.#addition(idOf(n), `cn=e${n},${SUFFIX}`, ROOT));
  }

  remove(n: number): Promise<void> {
    const csn = this.#csn();
    return this.#submit({ type: "delete", csn, uniqueId: idOf(n), dn: `cn=e${n},${SUFFIX}` });
  }

  /** How many candidates there are besides those in the way. */
  isFound(n: number): boolean {
    const { backend, schema, kv } = this.store;
    kv.renew();
    const filter = parseFilter(`(cn=*e${n})`);
    const plan = planCandidates(filter, schema, backend.catalog, backend.tables.index);
    const id = backend.reader.idOfDn(`cn=e${n},${SUFFIX}`);
    return !plan.scan && id !== undefined && plan.ids.has(id);
  }

  check(): void {
    assert.isUndefined(this.fault);
    this.store.kv.renew();
    assert.deepEqual(this.store.verify(), []);
  }

  #submit(change: Change): Promise<void> {
    const { backend } = this.store;
    return this.queue.submit((writes) => {
      const txn = backend.begin(writes);
      const now = (NOW * 1000) as Millis;
      applyAndLog(backend, txn, writes, change, { origin: "replicated", now });
      backend.saveDescriptions(writes);
    });
  }

  #addition(uniqueId: UniqueId, dn: string, parentUniqueId: UniqueId | undefined): Change {
    const attributes = [
      { type: "objectClass", values: [Buffer.from("top"), Buffer.from("device")] },
      { type: "description", values: [this.#letters()] },
    ];
    return { type: "add", csn: this.#csn(), uniqueId, dn, attributes, parentUniqueId };
  }

  #letters(): Buffer {
    const letters = Buffer.alloc(VALUE_BYTES);
    for (let i = 0; i < VALUE_BYTES; i += 1) {
      this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      letters[i] = 0x61 + ((this.#random >> 16) % LETTERS);
    }
    return letters;
  }

  #csn(): ReturnType<typeof makeCsn> {
    this.#last += 1;
    return makeCsn(NOW + this.#last, 0, 1);
  }
}

suite("server/late-merging", () => {
  test("server/late-merging: writers begin it, and it ends by itself", async () => {
    const setup = new Setup();
    let count = 0;
    while (setup.lateRows >= count) {
      await setup.add(count);
      assert.isTrue(setup.isFound(count));
      assert.isBelow(count, 4 * FILLING_WRITES, "nothing has been merged");
      count += 1;
    }
    setup.check();
    assert.isAbove(count, FILLING_WRITES / 2);
    await setup.merging.stop();
    for (let n = 0; n < count; n += 1) assert.isTrue(setup.isFound(n), `entry ${n}`);
    setup.check();
  }).timeout(60_000);

  test("server/late-merging: everything is found while it goes on", async () => {
    const setup = new Setup();
    const count = 12;
    for (let n = 0; n < count; n += 1) await setup.add(n);
    const operations = setup.queue.statistics().operations;
    let isMerged = false;
    const merging = setup.merging.merge(setup.store.backend).then((isWhole) => {
      isMerged = isWhole;
    });
    let more = count;
    for (; !isMerged; more += 1) {
      await setup.add(more);
      if (more % 3 === 0) await setup.remove(more - count);
      for (let n = more - count + 1; n <= more; n += 1) {
        if (n % 3 !== (more - count) % 3) assert.isTrue(setup.isFound(n), `entry ${n}`);
      }
      setup.check();
    }
    await merging;
    const slices = setup.queue.statistics().operations - operations - (more - count);
    assert.isAbove(slices, 10);
    assert.isAbove(setup.lateRows, 0, "what was written meanwhile is for the next time");
    assert.isTrue(await setup.merging.merge(setup.store.backend));
    assert.equal(setup.lateRows, 0);
    setup.check();
  }).timeout(60_000);

  test("server/late-merging: who asks while another merges has his turn after that", async () => {
    const setup = new Setup();
    const { backend } = setup.store;
    for (let n = 0; n < 6; n += 1) await setup.add(n);
    const first = setup.merging.merge(backend);
    const second = setup.merging.merge(backend);
    let isFirstDone = false;
    void first.then(() => {
      isFirstDone = true;
    });
    await setup.remove(3);
    setup.merging.start(backend);
    assert.isTrue(await second);
    assert.isTrue(isFirstDone);
    assert.equal(backend.lateRows.codes, 0);
    assert.equal(setup.lateRows, 0);
    setup.check();
  }).timeout(60_000);

  test("server/late-merging: cut off anywhere it leaves nothing wrong", async () => {
    const setup = new Setup();
    const { store } = setup;
    for (let n = 0; n < 6; n += 1) await setup.add(n);
    for (let round = 0; round < 8; round += 1) {
      // Each slice is over at once, and the merging stops in the middle of one of them.
      let looks = 0;
      const elapsedMs = (): number => {
        looks += 1;
        if (looks === 1 + 6 * round) void merging.stop();
        return looks * 100;
      };
      const { queue, backends } = setup;
      const parts = { timers: { ...NODE_TIMERS, elapsedMs }, queue, kv: store.kv, backends };
      const merging = new LateMerging(parts as unknown as Directory);
      assert.isFalse(await merging.merge(store.backend));
      if (round % 2 === 0) await setup.remove(round / 2);
      else await setup.add(100 + round);
      setup.check();
    }
    assert.isTrue(await setup.merging.merge(store.backend));
    assert.equal(setup.lateRows, 0);
    setup.check();
  }).timeout(60_000);

  test("server/late-merging: of an index that is no more nothing is kept", async () => {
    const setup = new Setup();
    const { backend } = setup.store;
    for (let n = 0; n < 3; n += 1) await setup.add(n);
    const index = backend.indexes.find(setup.store.schema.attributeType("description"))!;
    await setup.queue.submit((writes) =>
      backend.putIndexes(writes, backend.indexes.retired(index)),
    );
    assert.isTrue(await setup.merging.merge(backend));
    assert.equal(setup.lateRows, 0);
    await setup.queue.submit((writes) =>
      backend.putIndexes(writes, backend.indexes.freed(index.tag)),
    );
    setup.check();
  });

  test("server/late-merging: after the content has been replaced the new one is merged", async () => {
    const setup = new Setup();
    const { store } = setup;
    for (let n = 0; n < 3; n += 1) await setup.add(n);
    const end = setup.merging.merge(store.backend);
    await setup.queue.runAlone(() =>
      store.importLdif(`dn: ${SUFFIX}\nobjectClass: domain\ndc: example\n`),
    );
    assert.isTrue(await end);
    assert.equal(setup.lateRows, 0);
    setup.check();
  });
});
