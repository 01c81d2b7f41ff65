// A real thread with its own LMDB reader and its own connection, against a replica in memory behind a real socket.
import { assert } from "chai";
import type { Log } from "../../../../src/base/index.ts";
import { openLmdb } from "../../../../src/kv/lmdb.ts";
import { type RequestMessage, SUCCESS } from "../../../../src/protocol/index.ts";
import {
  type AgreementStatus,
  NEW_STATUS,
  describeUpdate,
} from "../../../../src/replication/agreement/index.ts";
import type { UniqueId } from "../../../../src/replication/change/index.ts";
import { appendChange, readRuv, writeRuv } from "../../../../src/replication/changelog/index.ts";
import {
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  adjustGenerator,
  makeGenerator,
  nextCsn,
} from "../../../../src/replication/csn/index.ts";
import {
  type Ruv,
  advanceRuv,
  makeRuv,
  withOwnElement,
} from "../../../../src/replication/ruv/index.ts";
import { makeFractional } from "../../../../src/replication/supplier/index.ts";
import {
  type AgreementConfig,
  AgreementHost,
  NODE_TIMERS,
  openWorker,
} from "../../../../src/replication/thread/index.ts";
import { NO_SCHEMA_POLICY } from "../../../../src/schema/index.ts";
import { LdapResponder, type Send } from "../../../support/ldap-responder.ts";
import { MemoryReplica, SUFFIX } from "../../../support/memory-replica.ts";
import { makeTemporaryFolder } from "../../../support/temporary-folder.ts";

const RID = 1 as ReplicaId;
const PURL = "ldap://s1:389";
const WAIT_MS_MAX = 10_000;

/** The main thread of a supplier: one LMDB environment, one agreement. */
class Supplier {
  readonly folder = makeTemporaryFolder();
  private readonly kv = openLmdb(this.folder);
  private readonly tables = {
    changelog: this.kv.bytesTable("main/changelog"),
    window: this.kv.bytesTable("main/window"),
    meta: this.kv.bytesTable("main/meta"),
  };
  private generator: CsnGenerator = makeGenerator(RID, 1_000_000);
  status: AgreementStatus = NEW_STATUS;
  consumerReplicaId = 0;
  consumer: Ruv | undefined;
  readonly logged: string[] = [];
  private readonly waiters: (() => void)[] = [];
  readonly host: AgreementHost;

  constructor(port: number) {
    this.kv.transactSync(() => writeRuv(this.tables.meta, withOwnElement(makeRuv("g"), RID, PURL)));
    const write = (event: string): void => void this.logged.push(event);
    const log: Log = { error: write, warn: write, info: write, debug: write };
    this.host = new AgreementHost(
      {
        config: configFor(port),
        dataModuleUrl: new URL("../../../support/replica-data-module.js", import.meta.url).href,
        databaseFolder: this.folder,
        backend: "main",
        status: NEW_STATUS,
        consumer: undefined,
        schema: { csn: undefined, mayLearn: true, policy: NO_SCHEMA_POLICY },
        settledSchemaCsn: undefined,
      },
      {
        issueCsn: () => this.nextCsn(),
        adjustGenerator: (csn) => this.adjust(csn),
        writeKeepAlive: async () => {},
        keepConsumerRuv: (ruv) => {
          this.consumer = ruv;
        },
        noteConsumerReplicaId: (replicaId) => {
          this.consumerReplicaId = replicaId;
        },
        noteKin: () => {},
        learnSchema: () => Promise.reject(new Error("there is no schema to be learned")),
        keepSettledSchema: () => {},
        statusChanged: (status) => {
          this.status = status;
          for (const check of this.waiters) check();
        },
        refreshDone: () => {},
        missingIgnored: () => {},
        ended: () => {},
        onFatal: (error) => {
          throw error;
        },
      },
      { log, timers: NODE_TIMERS, openThread: openWorker },
    );
  }

  change(dn: string): void {
    const csn = this.nextCsn();
    const uniqueId = "00000000-00000000-00000000-00000001" as UniqueId;
    this.kv.transactSync(() => {
      appendChange(this.tables, { type: "delete", csn, uniqueId, dn }, 1_000_000);
      const ruv = readRuv(this.tables.meta);
      assert.ok(ruv !== undefined);
      writeRuv(this.tables.meta, advanceRuv(ruv, csn, 1_000_000));
    });
    this.host.notify();
  }

  private nextCsn(): Csn {
    const issued = nextCsn(this.generator, 1_000_000);
    assert.ok(issued.type === "issued");
    this.generator = issued.generator;
    return issued.csn;
  }

  private adjust(csn: Csn): "moved" | "skew" {
    const moved = adjustGenerator(this.generator, csn, 1_000_000);
    if (moved.type === "moved") this.generator = moved.generator;
    return moved.type;
  }

  /** Resolves at the status that fulfils `condition`. */
  whenStatus(condition: (status: AgreementStatus) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`status is ${describeUpdate(this.status.update, "").text}`)),
        WAIT_MS_MAX,
      );
      const check = (): void => {
        if (!condition(this.status)) return;
        clearTimeout(timer);
        resolve();
      };
      this.waiters.push(check);
      check();
    });
  }

  async close(): Promise<void> {
    await this.host.stop();
    await this.kv.close();
  }
}

function configFor(port: number): AgreementConfig {
  return {
    name: "to-consumer",
    suffix: SUFFIX,
    replicaId: RID,
    purl: PURL,
    consumerReplicaDn: "cn=replica,cn=dc\\3Dx,cn=mapping tree,cn=config",
    ignoreMissing: "never",
    times: {
      isEnabled: true,
      replicaId: RID,
      schedule: undefined,
      session: { timeoutMs: 5_000, windowChanges: 1000, releaseTimeoutMs: 0, restMs: 0 },
      backoffMinMs: 50,
      backoffMaxMs: 1_000,
      busyWaitMs: 50,
      sessionPauseMs: 0,
      protocolTimeoutMs: 2_000,
      fractional: makeFractional({ excluded: [], excludedTotal: [], stripped: [] }),
      keepAliveSkippedMax: 100,
    },
    link: {
      host: "127.0.0.1",
      port,
      identity: { transport: "ldap", bindMethod: "simple", bindDn: "cn=manager", password: "x" },
      bootstrap: undefined,
      tls: { rejectUnauthorized: true },
      timeoutMs: 5_000,
    },
  };
}

/** What a server answers beside replication. */
function answerPlain({ request }: RequestMessage, send: Send): void {
  const oid = (end: string): Buffer => Buffer.from(`2.16.840.1.113730.3.${end}`);
  if (request.type === "bind") {
    send({ type: "bindResponse", result: SUCCESS, serverCredentials: undefined });
  }
  if (request.type !== "search") return;
  const extensions = ["5.3", "5.4", "5.5", "5.6", "5.12"].map(oid);
  const attributes =
    request.base === ""
      ? [
          { type: "supportedControl", values: [oid("4.13")] },
          { type: "supportedExtension", values: extensions },
        ]
      : [{ type: "nsDS5ReplicaID", values: [Buffer.from("2")] }];
  send({ type: "searchEntry", dn: request.base, attributes });
  send({ type: "searchDone", result: SUCCESS });
}

const openConsumer = (replica: MemoryReplica): Promise<LdapResponder> => {
  let connections = 0;
  const ids = new WeakMap<object, number>();
  return LdapResponder.open((message, send, socket) => {
    const id = ids.get(socket) ?? (connections += 1);
    if (!ids.has(socket)) {
      ids.set(socket, id);
      socket.on("close", () => replica.requests.closed(id));
    }
    const connection = {
      id,
      boundDn: "cn=manager",
      label: `conn=${id}`,
      close: () => socket.destroySoon(),
    };
    const isTaken = replica.requests.handle(connection, message, send);
    if (!isTaken) answerPlain(message, send);
  });
};

const sentBy = (status: AgreementStatus): number => status.changes.get(RID)?.sent ?? 0;

suite("thread/agreement-host", function () {
  this.timeout(30_000);

  test("thread/agreement-host: changes of the main thread reach the consumer through the thread", async () => {
    const replica = new MemoryReplica(2);
    const consumer = await openConsumer(replica);
    const supplier = new Supplier(consumer.port);
    try {
      for (let n = 0; n < 300; n += 1) supplier.change(`cn=${n}`);
      await supplier.whenStatus((status) => sentBy(status) === 300 && !status.isUpdating);
      supplier.change("cn=last");
      await supplier.whenStatus((status) => sentBy(status) === 301 && !status.isUpdating);
      assert.lengthOf(replica.applied, 301);
      assert.equal(replica.applied.at(-1), "cn=last");
      assert.equal(supplier.consumerReplicaId, 2);
      assert.equal(supplier.consumer?.generation, "g");
    } finally {
      await supplier.close();
      await consumer.close();
    }
    assert.equal(replica.consumer.access.name, "free");
  });

  test("thread/agreement-host: an unreachable consumer is told, and new settings reach the thread", async () => {
    const replica = new MemoryReplica(2);
    const first = await openConsumer(replica);
    const { port } = first;
    await first.close();
    const supplier = new Supplier(port);
    try {
      supplier.change("cn=one");
      await supplier.whenStatus((status) => status.update?.ldapCode === -1);
      supplier.host.configure({
        ...configFor(port),
        times: { ...configFor(port).times, isEnabled: false },
      });
      await supplier.whenStatus((status) => status.update?.message === "agreement disabled");
      assert.include(supplier.logged, "agreement.connection.failed");
    } finally {
      await supplier.close();
    }
  });
});
