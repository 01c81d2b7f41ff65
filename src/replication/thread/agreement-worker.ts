// Entry of the thread of one agreement (worker_threads): wires the driver to LMDB, sockets, timers and the main thread.
import { parentPort, workerData } from "node:worker_threads";
import { type Clock, type Log, type LogFields, type Millis, assert } from "../../base/index.ts";
import { openLink, readCapabilities } from "../../link/index.ts";
import type { Csn } from "../csn/index.ts";
import { AgreementDriver } from "./agreement-driver.ts";
import type { AgreementHostPort, AgreementWorld } from "./agreement-world.ts";
import { localMoment } from "./local-moment.ts";
import type { AgreementThreadStart, FromThread, LogLevel, ToThread } from "./messages.ts";
import type { ReplicaData, ReplicaDataModule } from "./replica-data.ts";
import type { SchemaFacts, SchemaPort } from "./schema-sharing.ts";

/** setTimeout does not count further. */
const TIMER_MS_MAX = 0x7fff_ffff;

const clock: Clock = { now: () => Date.now() as Millis };

/** Requests to the main thread that wait for its answer. */
class HostRequests {
  private readonly waiting = new Map<number, (answer: ToThread) => void>();
  private lastId = 0;

  ask<T>(make: (requestId: number) => FromThread, read: (answer: ToThread) => T): Promise<T> {
    this.lastId += 1;
    const requestId = this.lastId;
    return new Promise((resolve) => {
      this.waiting.set(requestId, (answer) => resolve(read(answer)));
      post(make(requestId));
    });
  }

  answer(requestId: number, message: ToThread): void {
    this.waiting.get(requestId)?.(message);
    this.waiting.delete(requestId);
  }
}

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}

function makeHost(requests: HostRequests, close: () => void): AgreementHostPort {
  return {
    nextCsn: () =>
      requests.ask<Csn | undefined>(
        (requestId) => ({ type: "csnWanted", requestId }),
        (answer) => (answer.type === "csnIssued" ? answer.csn : undefined),
      ),
    adjustGenerator: (csn) =>
      requests.ask<"moved" | "skew">(
        (requestId) => ({ type: "adjustWanted", requestId, csn }),
        (answer) => (answer.type === "generatorAdjusted" ? answer.verdict : "skew"),
      ),
    writeKeepAlive: (reason) => post({ type: "keepAliveWanted", reason }),
    keepConsumerRuv: (ruv) => post({ type: "consumerRuv", ruv }),
    noteConsumerReplicaId: (replicaId) => post({ type: "consumerReplicaId", replicaId }),
    showStatus: (status, phase) => post({ type: "status", status, phase }),
    refreshDone: () => post({ type: "refreshDone" }),
    missingIgnored: () => post({ type: "missingIgnored" }),
    ended: () => {
      post({ type: "ended" });
      close();
    },
  };
}

/** What is known of our schema; told anew whenever it changes. */
class SchemaWindow implements SchemaPort {
  #facts: SchemaFacts;
  readonly read: SchemaPort["read"];
  readonly #requests: HostRequests;

  constructor(facts: SchemaFacts, read: SchemaPort["read"], requests: HostRequests) {
    this.#facts = facts;
    this.read = read;
    this.#requests = requests;
  }

  facts(): SchemaFacts {
    return this.#facts;
  }

  use(facts: SchemaFacts): void {
    this.#facts = facts;
  }

  async learn(texts: Parameters<SchemaPort["learn"]>[0]): Promise<void> {
    await this.#requests.ask(
      (requestId) => ({ type: "schemaFound", requestId, texts }),
      (answer) => {
        if (answer.type === "schemaLearned") this.use(answer.schema);
      },
    );
  }

  noteSettled(csn: string): void {
    post({ type: "schemaSettled", csn });
  }
}

function makeLog(agreement: string): Log {
  const write =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void =>
      post({ type: "log", level, event, fields: { agreement, ...fields } });
  return {
    error: write("error"),
    warn: write("warn"),
    info: write("info"),
    debug: write("debug"),
  };
}

function makeTimer(): AgreementWorld["wakeAt"] {
  let timer: NodeJS.Timeout | undefined;
  return (time, wake) => {
    clearTimeout(timer);
    if (time === undefined) return;
    const delay = Math.min(Math.max(0, time - clock.now()), TIMER_MS_MAX);
    timer = setTimeout(wake, delay);
  };
}

async function run(start: AgreementThreadStart): Promise<void> {
  const module = (await import(start.dataModuleUrl)) as ReplicaDataModule;
  const data = module.openReplicaData(start.databaseFolder, start.backend);
  const requests = new HostRequests();
  const host = makeHost(requests, () => {
    parentPort?.close();
    void data.close();
  });
  const schema = openSchema(start, data, requests);
  const world: AgreementWorld = {
    host,
    data,
    log: makeLog(start.config.name),
    ...(schema === undefined ? {} : { schema }),
    moment: () => localMoment(clock),
    openLink: async (settings) => {
      const link = await openLink(settings);
      try {
        return { link, capabilities: await readCapabilities(link, settings.timeoutMs) };
      } catch (error) {
        link.destroy();
        throw error;
      }
    },
    wakeAt: makeTimer(),
    later: (step) => setImmediate(step),
  };
  const driver = new AgreementDriver(world, start.config, start);
  const notified = new Int32Array(start.notified);
  parentPort?.on("message", (message: ToThread) => {
    if (message.type === "changesAvailable") Atomics.store(notified, 0, 0);
    if (message.type === "schemaChanged") schema?.use(message.schema);
    receive(driver, requests, message);
  });
  driver.start();
}

function openSchema(
  start: AgreementThreadStart,
  data: ReplicaData,
  requests: HostRequests,
): SchemaWindow | undefined {
  const read = data.readSchema?.bind(data);
  return read === undefined ? undefined : new SchemaWindow(start.schema, read, requests);
}

function receive(driver: AgreementDriver, requests: HostRequests, message: ToThread): void {
  switch (message.type) {
    case "configure":
      driver.configure(message.config);
      return;
    case "changesAvailable":
    case "replicateNow":
    case "shutdown":
      driver.feed({ type: message.type });
      return;
    case "refresh":
      driver.feed({ type: "refreshAsked" });
      return;
    case "stopRefresh":
      driver.feed({ type: "refreshStopped" });
      return;
    case "schemaChanged":
      driver.schemaChanged();
      return;
    case "csnIssued":
    case "generatorAdjusted":
    case "schemaLearned":
      requests.answer(message.requestId, message);
      return;
  }
}

assert(parentPort !== null, "this file is the entry of a thread");
await run(workerData as AgreementThreadStart);
