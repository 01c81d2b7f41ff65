// Threads of agreements without threads: the shipped code of the thread, messages that take their time, a link over the fake
// network. Its reader of the database is its own, as in a thread.
import type { Clock } from "../../src/base/index.ts";
import type { MemoryKv } from "../../src/kv/index.ts";
import { LinkCode, LinkError, type LinkSettings, judgeCapabilities } from "../../src/link/index.ts";
import {
  REST_SESSION_OID,
  TOTAL_CLEANED_OID,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
} from "../../src/protocol/index.ts";
import { AgreementThread, type OpenAgreementThread } from "../../src/replication/thread/index.ts";
import { replicaDataOf } from "../../src/server/replica-data.ts";
import { shippedSchema } from "../support/config-tree.ts";
import type { EventQueue, Life } from "./event-queue.ts";
import type { FakeNetwork, PipeEnd } from "./fake-network.ts";
import { FakeLink } from "./ldap-ends.ts";

const MESSAGE_MS = 0.05;
/** What the root DSE of a Concord announces of this. */
const CONTROLS = ["2.16.840.1.113730.3.4.13"];
const EXTENSIONS_389 = ["3", "4", "5", "6", "9", "12"].map((end) => `2.16.840.1.113730.3.5.${end}`);
const CAPABILITIES_389 = judgeCapabilities(CONTROLS, EXTENSIONS_389);
const CAPABILITIES = judgeCapabilities(CONTROLS, [
  ...EXTENSIONS_389,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
  TOTAL_CLEANED_OID,
  REST_SESSION_OID,
]);

export interface ThreadRunnerParts {
  readonly queue: EventQueue;
  readonly network: FakeNetwork;
  readonly clock: Clock;
  /** The server's name. */
  readonly host: string;
  readonly openKv: () => MemoryKv;
  readonly speaksAs389: () => boolean;
}

export class ThreadRunner {
  readonly #parts: ThreadRunnerParts;
  readonly #lives = new Set<Life>();
  readonly #ends = new Set<PipeEnd>();

  constructor(parts: ThreadRunnerParts) {
    this.#parts = parts;
  }

  /** With the process. */
  endAll(isTold: boolean): void {
    for (const life of this.#lives) life.isOver = true;
    for (const end of this.#ends) end.die(isTold);
  }

  readonly open: OpenAgreementThread = (start, events) => {
    const { queue, clock, openKv } = this.#parts;
    const life: Life = { isOver: false };
    /** Messages to the main thread arrive also when the thread has ended meanwhile, but not in a process that has. */
    const owner: Life = { isOver: false };
    this.#lives.add(life).add(owner);
    const ends = new Set<PipeEnd>();
    const end = (): void => {
      life.isOver = true;
      for (const open of ends) open.die(true);
      queue.schedule(MESSAGE_MS, () => events.exited(), owner);
    };
    const thread = new AgreementThread(start, {
      data: replicaDataOf(openKv(), start.backend, shippedSchema),
      clock,
      timers: queue.timersOf(life),
      openLink: async (settings) => {
        const link = await this.openLink(settings, life, ends);
        const capabilities = this.#parts.speaksAs389() ? CAPABILITIES_389 : CAPABILITIES;
        return { link, capabilities };
      },
      post: (message) =>
        void queue.schedule(MESSAGE_MS, () => events.receive(cloneOf(message)), owner),
      close: end,
    });
    queue.schedule(MESSAGE_MS, () => thread.start(), life);
    return {
      post: (message) =>
        void queue.schedule(MESSAGE_MS, () => thread.receive(cloneOf(message)), life),
      terminate: end,
    };
  };

  /** Connects and binds for somebody of this process. @throws LinkError */
  openLink(settings: LinkSettings, life: Life, ends: Set<PipeEnd>): Promise<FakeLink> {
    const { network, host, queue } = this.#parts;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const fail = (reason: string): void => {
        if (isOver || life.isOver) return;
        isOver = true;
        reject(new LinkError(LinkCode.serverDown, reason));
      };
      if (settings.timeoutMs > 0) {
        queue.schedule(settings.timeoutMs, () => fail("connecting took too long"), life);
      }
      network.connect(host, settings.host, {
        opened: (end) => {
          if (isOver || life.isOver) return end.die(true);
          isOver = true;
          ends.add(end);
          this.#ends.add(end);
          resolve(new FakeLink(end, queue.timersOf(life)));
        },
        refused: fail,
      });
    });
  }
}

/** As between threads, where plain objects and texts need not be taken apart and put together again. */
function cloneOf<T>(value: T): T {
  if (typeof value !== "object" || value === null) {
    // Symbols and functions do not travel.
    return typeof value === "symbol" || typeof value === "function"
      ? structuredClone(value)
      : value;
  }
  if (Array.isArray(value)) return value.map(cloneOf) as T;
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value);
  const clone: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) clone[name] = cloneOf(field);
  return clone as T;
}
