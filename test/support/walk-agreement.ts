// One agreement between two servers of a walk: its driver runs beside the supplier, in the place of the thread, and reads the
// same tables as its main thread.
import type { Millis } from "../../src/base/index.ts";
import { judgeCapabilities } from "../../src/link/index.ts";
import {
  NEW_STATUS,
  agreementTimes,
  describeUpdate,
} from "../../src/replication/agreement/index.ts";
import { readRuv } from "../../src/replication/changelog/index.ts";
import {
  type AgreementConfig,
  AgreementDriver,
  type AgreementWorld,
} from "../../src/replication/thread/index.ts";
import { ConfigSession } from "./config-tree.ts";
import { WalkClient } from "./walk-client.ts";
import { NOW_MS, SUFFIX, type WalkServer, identity } from "./walk-server.ts";
import type { WalkTrace } from "./walk-trace.ts";

export const SUPPLIER_DN = "cn=supplier,cn=config";
const REPLICA_DN = `cn=replica,cn="${SUFFIX}",cn=mapping tree,cn=config`;
const CONTROLS = ["2.16.840.1.113730.3.4.13"];
const EXTENSIONS = ["3", "4", "5", "6", "9", "12"].map((end) => `2.16.840.1.113730.3.5.${end}`);
const TURNS_MAX = 1_000;

export class WalkAgreement {
  readonly #driver: AgreementDriver;
  readonly #trace: WalkTrace;
  #phase = "";
  statusText = "";

  constructor(supplier: WalkServer, consumer: WalkServer, trace: WalkTrace) {
    this.#trace = trace;
    const config = configOf(supplier);
    this.#driver = new AgreementDriver(this.#world(supplier, consumer), config, {
      status: NEW_STATUS,
      consumer: undefined,
    });
  }

  #world(supplier: WalkServer, consumer: WalkServer): AgreementWorld {
    const trace = this.#trace;
    const [replica] = supplier.actions.replicas.all();
    if (replica === undefined) throw new Error("the supplier has a replica");
    const host = (text: string): void => trace.note("replication/thread", text);
    return {
      data: {
        renew: () => supplier.kv.renew(),
        changelog: () => {
          const { tables } = supplier.backend;
          return readRuv(tables.meta) === undefined ? undefined : tables;
        },
        cleanedIds: () => new Map(),
        openEntries: () => {
          throw new Error("no walk initializes");
        },
        close: () => Promise.resolve(),
      },
      log: supplier.log,
      moment: () => ({
        now: NOW_MS as Millis,
        wall: NOW_MS as Millis,
        localDay: 0,
        localSeconds: 0,
      }),
      later: (step) => setImmediate(step),
      wakeAt: () => {},
      openLink: () =>
        Promise.resolve({
          link: new WalkClient(consumer, trace, identity(SUPPLIER_DN)),
          capabilities: judgeCapabilities(CONTROLS, EXTENSIONS),
        }),
      host: {
        nextCsn: () => {
          host("asks the main thread for a CSN for the session");
          return Promise.resolve(replica.sessionCsn());
        },
        adjustGenerator: (csn) => {
          host(`tells the main thread that the consumer holds ${csn}`);
          return Promise.resolve(replica.adjustGenerator(csn));
        },
        writeKeepAlive: (reason) => host(`asks the main thread for the keep-alive (${reason})`),
        keepConsumerRuv: () => host("tells the main thread the RUV of the consumer"),
        noteConsumerReplicaId: () => {},
        noteKin: () => {},
        showStatus: (status, phase) => {
          this.#phase = phase;
          this.statusText = describeUpdate(status.update, "agreement").text;
          host(`shows its status: ${this.statusText}`);
        },
        refreshDone: () => {},
        missingIgnored: () => {},
        ended: () => {},
      },
    };
  }

  start(): Promise<void> {
    this.#driver.start();
    return this.#untilWaiting();
  }

  /** What the main thread's message does. */
  changesAvailable(): Promise<void> {
    this.#trace.note("replication/thread", "hears that there are changes");
    this.#phase = "";
    this.#driver.feed({ type: "changesAvailable" });
    return this.#untilWaiting();
  }

  async #untilWaiting(): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#phase === "waitingForChanges") return;
    }
    throw new Error(`the agreement came to rest in the phase ${this.#phase}`);
  }
}

function configOf(supplier: WalkServer): AgreementConfig {
  const config = new ConfigSession(supplier.directory.config);
  config.add(`cn=to-consumer,${REPLICA_DN}`, {
    objectClass: ["top", "nsds5ReplicationAgreement"],
    cn: "to-consumer",
    nsDS5ReplicaRoot: SUFFIX,
    nsDS5ReplicaHost: "consumer.example.com",
    nsDS5ReplicaPort: "389",
    nsDS5ReplicaBindDN: SUPPLIER_DN,
    nsDS5ReplicaCredentials: "secret",
  });
  const [settings] = config.tree.snapshot.agreements;
  const [replica] = supplier.actions.replicas.all();
  if (settings === undefined || replica === undefined) throw new Error("it was just added");
  const bind = { transport: "ldap", bindMethod: "simple", bindDn: "", password: "" } as const;
  return {
    name: settings.name,
    suffix: replica.suffix,
    replicaId: replica.replicaId,
    purl: replica.purl,
    consumerReplicaDn: REPLICA_DN,
    times: agreementTimes(settings, replica.settings),
    link: {
      host: settings.host,
      port: settings.port,
      identity: bind,
      bootstrap: undefined,
      tls: { rejectUnauthorized: true },
      timeoutMs: 0,
    },
    ignoreMissing: "never",
  };
}
