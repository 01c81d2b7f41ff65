// Two suppliers and one consumer under load. While one streams, the other is told that the replica is busy: it waits as
// configured, asks again, and with nsds5ReplicaReleaseTimeout it gets its turn long before the first has finished. Being
// busy is no error and is not logged as one. The sessions are made long by a proxy that slows down the first supplier,
// and the waits are measured at the proxy of the second.
import { assert } from "chai";
import {
  createAgreement,
  enableReplica,
  initialize,
  readAgreement,
  readRuv,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";
import { inParallel } from "../support/sample-directory.ts";
import { waitFor } from "../support/wait-for.ts";
import { WatchingProxy } from "../support/watching-proxy.ts";
import { Nodes, SUFFIX } from "./peer.ts";

const TIMEOUT_MS = 300_000;
const RELEASE_SECONDS = 4;
const BUSY_WAIT_SECONDS = 2;
const BACKLOG_CHANGES = 4_000;
const BYTES_PER_SECOND = 60_000;
/** Waits are counted in whole seconds, and a loaded machine is late. */
const EARLY_MS = 1_100;
const LATE_MS = 3_000;

type Part = "streaming" | "waiting" | "consumer";

/** Who of them is ns-slapd; the others are Concord. */
const CASTS: readonly { readonly title: string; readonly nsSlapd: readonly Part[] }[] = [
  { title: "Concord alone", nsSlapd: [] },
  { title: "ns-slapd streams, Concord waits", nsSlapd: ["streaming"] },
  { title: "Concord streams, ns-slapd waits for ns-slapd", nsSlapd: ["waiting", "consumer"] },
];

for (const { title, nsSlapd } of CASTS) {
  suite(`interop/busy-consumer: ${title}`, function () {
    this.timeout(TIMEOUT_MS);
    const nodes = new Nodes();
    const proxies: WatchingProxy[] = [];
    let streaming: Node;
    let waiting: Node;
    let consumer: Node;
    let streamingName: string;
    let waitingName: string;
    let waitingProxy: WatchingProxy;

    suiteSetup(async () => {
      streaming = await createNode("streaming");
      waiting = await createNode("waiting");
      consumer = await createNode("consumer");
      const settings = { nsds5ReplicaReleaseTimeout: String(RELEASE_SECONDS) };
      await enableReplica(streaming, "supplier", { replicaId: 1, settings });
      await enableReplica(waiting, "supplier", { replicaId: 2, settings });
      await enableReplica(consumer, "consumer", { settings });
      for (const target of [waiting, consumer]) {
        const name = await createAgreement(streaming, target);
        await initialize(streaming, name);
        await setAgreement(streaming, name, { nsds5ReplicaEnabled: "off" });
      }
      const slow = await openProxy(BYTES_PER_SECOND);
      waitingProxy = await openProxy();
      streamingName = `${streaming.server.name}-to-${consumer.server.name}`;
      await setAgreement(streaming, streamingName, { nsDS5ReplicaPort: String(slow.port) });
      waitingName = await createAgreement(waiting, consumer, {
        nsDS5ReplicaPort: String(waitingProxy.port),
        nsds5ReplicaBusyWaitTime: String(BUSY_WAIT_SECONDS),
        nsds5ReplicaEnabled: "off",
      });
    });
    suiteTeardown(async () => {
      for (const proxy of proxies) proxy.close();
      await nodes.removeAll();
    });

    test(`interop/busy-consumer: ${title}: the second waits as configured and gets its turn`, async () => {
      await writeBacklog();
      await waiting.client.add(`cn=urgent,${SUFFIX}`, { objectClass: "device", cn: "urgent" });
      const urgent = (await readRuv(waiting)).elements.get(2)?.max as string;
      const last = (await readRuv(streaming)).elements.get(1)?.max as string;
      const before = await seen(1);
      await setAgreement(streaming, streamingName, { nsds5ReplicaEnabled: "on" });
      await waitFor(async () => (await seen(1)) > before, "the first one streams", TIMEOUT_MS);

      await setAgreement(waiting, waitingName, { nsds5ReplicaEnabled: "on" });
      await waitFor(
        async () => /busy/.test((await readAgreement(waiting, waitingName)).update),
        "the second one is told that the replica is busy",
        TIMEOUT_MS,
      );
      await waitFor(async () => (await seen(2)) >= urgent, "the second gets its turn", TIMEOUT_MS);
      assert.isTrue((await seen(1)) < last, "the first was still at work");
      assertWaits();

      await waitFor(async () => (await seen(1)) >= last, "the first one finishes", TIMEOUT_MS);
      await waitForConvergenceOfBoth();
    });

    test(`interop/busy-consumer: ${title}: being busy is not logged as an error`, () => {
      for (const { server } of [streaming, waiting, consumer]) {
        const errors = server
          .readErrorLog()
          .split("\n")
          .filter((line) => /\bERR\b|"level":"?(error|50)/.test(line));
        assert.deepEqual(errors, [], server.name);
      }
    });

    function createNode(part: Part): Promise<Node> {
      const options = { suffix: SUFFIX, suffixEntry: part === "streaming" };
      return nsSlapd.includes(part) ? nodes.addNsSlapd(options) : nodes.addConcord(options);
    }

    /** Between two attempts lies the configured wait, neither less nor much more. */
    function assertWaits(): void {
      const times = waitingProxy.startTimes;
      const waits = times.slice(1).map((time, index) => time - (times[index] as number));
      console.log(`waits of the second supplier: ${waits.map((wait) => `${wait} ms`).join(", ")}`);
      assert.isAtLeast(waits.length, 1, "it asked more than once");
      for (const wait of waits) {
        assert.isAtLeast(wait, BUSY_WAIT_SECONDS * 1_000 - EARLY_MS);
        assert.isAtMost(wait, BUSY_WAIT_SECONDS * 1_000 + LATE_MS);
      }
    }

    async function waitForConvergenceOfBoth(): Promise<void> {
      const name = `${streaming.server.name}-to-${waiting.server.name}`;
      await setAgreement(streaming, name, { nsds5ReplicaEnabled: "on" });
      await createAgreement(waiting, streaming);
      await waitForConvergence([streaming, waiting, consumer]);
    }

    async function writeBacklog(): Promise<void> {
      await inParallel(
        Array.from({ length: BACKLOG_CHANGES }, (_, index) => index),
        async (index) => {
          await streaming.client.replace(SUFFIX, "description", `backlog ${index}`);
        },
      );
    }

    /** The newest CSN of a supplier that the consumer has. */
    async function seen(replicaId: number): Promise<string> {
      return (await readRuv(consumer)).elements.get(replicaId)?.max ?? "";
    }

    async function openProxy(bytesPerSecond?: number): Promise<WatchingProxy> {
      const proxy = await WatchingProxy.open({
        targetPort: consumer.server.port,
        ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
      });
      proxies.push(proxy);
      return proxy;
    }
  });
}
