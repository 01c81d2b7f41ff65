// Settling on the write queue: an answer is of one moment, also while others write; what is done when little is written. The store
// is in memory; the write queue is the real one.
import { assert } from "chai";
import type { Clock, Millis } from "../../../src/base/index.ts";
import { WriteQueue } from "../../../src/kv/index.ts";
import { applyAndLog } from "../../../src/operation/index.ts";
import { LdapError } from "../../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import { makeCsn } from "../../../src/replication/csn/index.ts";
import { NODE_TIMERS } from "../../../src/replication/thread/index.ts";
import { DigestLeaves } from "../../../src/store/index.ts";
import { DigestSettling } from "../../../src/server/digest-settling.ts";
import type { Directory } from "../../../src/server/directory.ts";
import { StoreBackend } from "../../support/store-backend.ts";
import { waitFor } from "../../support/wait-for.ts";

const SUFFIX = "dc=example,dc=com";
const ROOT = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
const ENTRIES = 100;
const NOW = 1_700_000_000;

const idOf = (n: number): UniqueId =>
  `bbbbbbbb-00000000-00000000-${n.toString(16).padStart(8, "0")}` as UniqueId;

class Setup {
  readonly store = new StoreBackend(SUFFIX).replicate();
  readonly backends = new Map([["b", this.store.backend]]);
  readonly queue: WriteQueue;
  readonly settling: DigestSettling;
  /** Passes by itself at each look, so that slices have an end. */
  elapsedMs = 0;
  isBusy = false;
  fault: unknown;
  #last = 0;

  constructor() {
    this.store.apply(this.addition(ROOT, SUFFIX, undefined));
    for (let n = 0; n < ENTRIES; n += 1) {
      this.store.apply(this.addition(idOf(n), `cn=e${n},${SUFFIX}`, ROOT));
    }
    const clock: Clock = { now: () => (NOW * 1000) as Millis };
    this.queue = new WriteQueue(this.store.kv, clock, {
      isRefusal: (error) => error instanceof LdapError,
      busyError: () => new Error("busy"),
      onFatal: (error) => {
        this.fault = error;
      },
    });
    const elapsedMs = (): number => {
      this.elapsedMs += 2;
      return this.elapsedMs;
    };
    const timers = { ...NODE_TIMERS, elapsedMs };
    const { kv } = this.store;
    const parts = { clock, timers, queue: this.queue, kv, backends: this.backends };
    this.settling = new DigestSettling(parts as unknown as Directory, {
      isBusy: () => this.isBusy,
      onDefect: (error) => {
        this.fault = error;
      },
    });
  }

  get stale(): number {
    this.store.kv.renew();
    return this.store.backend.tables.stale.count();
  }

  addition(uniqueId: UniqueId, dn: string, parentUniqueId: UniqueId | undefined): Change {
    const attributes = [
      { type: "objectClass", values: [Buffer.from("top"), Buffer.from("device")] },
    ];
    return { type: "add", csn: this.#csn(), uniqueId, dn, attributes, parentUniqueId };
  }

  /** Another description of so many entries. */
  async modify(count: number): Promise<void> {
    const { backend } = this.store;
    for (let n = 0; n < count; n += 1) {
      const change: Change = {
        type: "modify",
        csn: this.#csn(),
        uniqueId: idOf(n),
        dn: `cn=e${n},${SUFFIX}`,
        mods: [{ operation: "replace", type: "description", values: [Buffer.from(`${n}`)] }],
      };
      await this.queue.submit((writes) => {
        const txn = backend.begin(writes);
        applyAndLog(backend, txn, writes, change, {
          origin: "replicated",
          now: (NOW * 1000) as Millis,
        });
        backend.saveDescriptions(writes);
      });
    }
  }

  read(): Promise<string> {
    return this.settling.read(this.store.backend, ({ digest, stale }) => {
      assert.deepEqual([...stale.keys()], []);
      return DigestLeaves.read(digest).root().toString("hex");
    });
  }

  check(): void {
    assert.isUndefined(this.fault);
    this.store.kv.renew();
    assert.deepEqual(this.store.verify(), []);
  }

  #csn(): ReturnType<typeof makeCsn> {
    this.#last += 1;
    return makeCsn(NOW + this.#last, 0, 1);
  }
}

suite("server/digest-settling", () => {
  test("server/digest-settling: an answer has no stale entry, after as many slices as it takes", async () => {
    const setup = new Setup();
    assert.equal(setup.stale, ENTRIES + 1);
    assert.equal(await setup.read(), setup.store.digest().digest);
    assert.isAbove(setup.queue.statistics().operations, 1);
    assert.equal(setup.stale, 0);
    setup.check();
  });

  test("server/digest-settling: who asks gets an answer while others go on writing", async () => {
    const setup = new Setup();
    let isWriting = true;
    const writing = (async () => {
      while (isWriting) await setup.modify(ENTRIES);
    })();
    await Promise.all([setup.read(), setup.read()]);
    isWriting = false;
    await writing;
    assert.equal(await setup.read(), setup.store.digest().digest);
    setup.check();
  });

  test("server/digest-settling: a refusal is the answer, and nothing is wrong", async () => {
    const setup = new Setup();
    const answer = setup.settling.read(setup.store.backend, () => {
      throw new LdapError("unwillingToPerform", "no");
    });
    assert.equal(((await answer.catch((error: unknown) => error)) as Error).message, "no");
    setup.check();
  });

  test("server/digest-settling: when little is written marks go by themselves", async () => {
    const setup = new Setup();
    await setup.modify(ENTRIES);
    setup.settling.tick();
    await setup.queue.whenIdle();
    assert.equal(setup.stale, ENTRIES + 1, "there were writes just now");
    setup.settling.tick();
    await waitFor(() => setup.stale === 0 || setup.fault !== undefined, "all is settled", 10_000);
    await setup.settling.stop();
    setup.check();
  }).timeout(20_000);

  test("server/digest-settling: not while a total initialization goes on; behind it the marks go", async () => {
    const setup = new Setup();
    setup.isBusy = true;
    setup.settling.tick();
    assert.equal(setup.queue.statistics().waiting, 0);
    setup.isBusy = false;
    setup.settling.tick();
    setup.isBusy = true; // one begins
    await setup.settling.stop();
    const left = setup.stale;
    assert.isAbove(left, 0);
    assert.isBelow(left, ENTRIES + 1);
    setup.check();
  });

  test("server/digest-settling: it ends with the server, and leaves a suffix without replica alone", async () => {
    const setup = new Setup();
    setup.store.backend.keepsState = false;
    setup.settling.tick();
    assert.equal(setup.queue.statistics().waiting, 0);
    setup.store.backend.keepsState = true;
    setup.settling.tick();
    await setup.settling.stop();
    assert.isAbove(setup.stale, 0);
    setup.check();
  });
});
