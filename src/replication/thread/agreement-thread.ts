// The thread of one agreement, whatever it runs in: the driver, and the messages that it exchanges with the main thread. A worker
// gives it LMDB, sockets and timers (agreement-worker.ts), the simulator what stands for them.
import type { Clock, Log, LogFields, Timers } from "../../base/index.ts";
import type { LinkSettings } from "../../link/index.ts";
import type { Csn } from "../csn/index.ts";
import { AgreementDriver } from "./agreement-driver.ts";
import type { AgreementHostPort, AgreementWorld, OpenedLink } from "./agreement-world.ts";
import { localMoment } from "./local-moment.ts";
import type { AgreementThreadStart, FromThread, LogLevel, ToThread } from "./messages.ts";
import type { ReplicaData } from "./replica-data.ts";
import type { SchemaFacts, SchemaPort } from "./schema-sharing.ts";

export interface AgreementThreadParts {
  readonly data: ReplicaData;
  readonly clock: Clock;
  readonly timers: Timers;
  /** @throws LinkError */
  openLink(settings: LinkSettings): Promise<OpenedLink>;
  /** To the main thread, in this order. */
  post(message: FromThread): void;
  /** The agreement has ended as it was told. */
  close(): void;
}

type Post = AgreementThreadParts["post"];

/** Requests to the main thread that wait for its answer. */
class HostRequests {
  readonly #post: Post;
  readonly #waiting = new Map<number, (answer: ToThread) => void>();
  #lastId = 0;

  constructor(post: Post) {
    this.#post = post;
  }

  ask<T>(make: (requestId: number) => FromThread, read: (answer: ToThread) => T): Promise<T> {
    this.#lastId += 1;
    const requestId = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(requestId, (answer) => resolve(read(answer)));
      this.#post(make(requestId));
    });
  }

  answer(requestId: number, message: ToThread): void {
    this.#waiting.get(requestId)?.(message);
    this.#waiting.delete(requestId);
  }
}

function makeHost(requests: HostRequests, post: Post, close: () => void): AgreementHostPort {
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
    noteKin: (replicaId) => post({ type: "kin", replicaId }),
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
  readonly #post: Post;

  constructor(
    facts: SchemaFacts,
    read: SchemaPort["read"],
    { requests, post }: { readonly requests: HostRequests; readonly post: Post },
  ) {
    this.#facts = facts;
    this.read = read;
    this.#requests = requests;
    this.#post = post;
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
    this.#post({ type: "schemaSettled", csn });
  }
}

export class AgreementThread {
  readonly #notified: Int32Array;
  readonly #requests: HostRequests;
  readonly #schema: SchemaWindow | undefined;
  readonly #driver: AgreementDriver;
  /** How often the main thread was told the update vector of the consumer. */
  #told = 0;

  constructor(start: AgreementThreadStart, parts: AgreementThreadParts) {
    const { data, clock, timers } = parts;
    const post: Post = (message) => {
      if (message.type === "consumerRuv") this.#told += 1;
      parts.post(message);
    };
    this.#notified = new Int32Array(start.notified);
    this.#requests = new HostRequests(post);
    const readSchema = data.readSchema?.bind(data);
    this.#schema =
      readSchema && new SchemaWindow(start.schema, readSchema, { requests: this.#requests, post });
    const world: AgreementWorld = {
      host: makeHost(this.#requests, post, () => parts.close()),
      data,
      log: makeLog(start.config.name, post),
      ...(this.#schema === undefined ? {} : { schema: this.#schema }),
      moment: () => localMoment(clock, timers),
      openLink: (settings) => parts.openLink(settings),
      wakeAt: makeAlarm(timers),
      later: (step) => timers.later(step),
    };
    this.#driver = new AgreementDriver(world, start.config, start);
  }

  start(): void {
    this.#driver.start();
  }

  /** A message of the main thread. */
  receive(message: ToThread): void {
    switch (message.type) {
      case "configure":
        this.#driver.configure(message.config);
        return;
      case "changesAvailable":
        Atomics.store(this.#notified, 0, 0);
        // What was known before may be of data that the consumer has no longer.
        this.#driver.changesAvailable(message.heard === this.#told ? message.known : []);
        return;
      case "replicateNow":
      case "shutdown":
        this.#driver.feed({ type: message.type });
        return;
      case "consumerChanged":
        this.#driver.feed(message);
        return;
      case "refresh":
        this.#driver.feed({ type: "refreshAsked" });
        return;
      case "stopRefresh":
        this.#driver.feed({ type: "refreshStopped" });
        return;
      case "schemaChanged":
        this.#schema?.use(message.schema);
        this.#driver.schemaChanged();
        return;
      case "csnIssued":
      case "generatorAdjusted":
      case "schemaLearned":
        this.#requests.answer(message.requestId, message);
        return;
    }
  }
}

function makeLog(agreement: string, post: Post): Log {
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

function makeAlarm(timers: Timers): AgreementWorld["wakeAt"] {
  let callOff: () => void = () => {};
  return (time, wake) => {
    callOff();
    callOff = time === undefined ? () => {} : timers.after(time - timers.elapsedMs(), wake);
  };
}
