// The two ends of an LDAP connection over the fake network: at the server a real connection of the front end, at the caller a
// link as an agreement uses it (or a client).
import type { Timers } from "../../src/base/index.ts";
import { FrameSplitter, encodeBer } from "../../src/ber/index.ts";
import { type ConnectionOwner, LdapConnection } from "../../src/frontend/connection.ts";
import type { Transport } from "../../src/frontend/transport.ts";
import { LinkCode, LinkError } from "../../src/link/index.ts";
import {
  type Control,
  NO_CONTROLS,
  type Request,
  type ResponseMessage,
  decodeResponse,
  encodeRequest,
} from "../../src/protocol/index.ts";
import type { SupplierLink } from "../../src/replication/thread/index.ts";
import type { Identity } from "../../src/server/identity.ts";
import type { EventQueue, Life } from "./event-queue.ts";
import type { PipeEnd } from "./fake-network.ts";

export class FakeLink implements SupplierLink {
  onLost: SupplierLink["onLost"] = () => {};
  readonly isWritable = true;
  readonly #end: PipeEnd;
  readonly #timers: Timers;
  /** Who waits for an answer and hears of a loss. */
  readonly #waiting = new Set<(error: LinkError) => void>();
  readonly #splitter = new FrameSplitter();
  readonly #answers = new Map<number, (message: ResponseMessage) => void>();
  #messageId = 0;
  #isOver = false;

  constructor(end: PipeEnd, timers: Timers) {
    this.#end = end;
    this.#timers = timers;
    end.events = {
      received: (bytes) => this.#received(bytes),
      ended: () => this.#lose("connection was closed"),
      lost: () => this.#lose("connection was reset"),
    };
  }

  send(
    request: Request,
    controls: readonly Control[],
    onAnswer: (message: ResponseMessage) => void,
  ): void {
    if (this.#isOver) return;
    this.#messageId += 1;
    const messageId = this.#messageId;
    this.#answers.set(messageId, onAnswer);
    this.#end.send(encodeBer((writer) => encodeRequest(writer, { messageId, request, controls })));
  }

  /** Calls back with the final answer. */
  ask(
    request: Request,
    controls: readonly Control[],
    answered: (message: ResponseMessage) => void,
  ): void {
    this.send(request, controls, (message) => {
      if ("result" in message.response) answered(message);
    });
  }

  /** As the link of a server has it. @throws LinkError */
  request(
    request: Request,
    controls: readonly Control[],
    timeoutMs: number,
  ): Promise<readonly ResponseMessage[]> {
    return new Promise((resolve, reject) => {
      const fail = (error: LinkError): void => {
        callOff();
        this.#waiting.delete(fail);
        reject(error);
      };
      const late = (): void => fail(new LinkError(LinkCode.timeout, "no answer in time"));
      const callOff = this.#timers.after(timeoutMs, late);
      if (this.#isOver) return fail(new LinkError(LinkCode.serverDown, "connection is closed"));
      this.#waiting.add(fail);
      this.ask(request, controls, (message) => {
        callOff();
        this.#waiting.delete(fail);
        resolve([message]);
      });
    });
  }

  whenWritable(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (this.#isOver) return;
    this.send({ type: "unbind" }, NO_CONTROLS, () => {});
    this.#isOver = true;
    this.#answers.clear();
    this.#end.close();
  }

  #received(bytes: Buffer): void {
    this.#splitter.push(bytes);
    for (let frame = this.#splitter.next(); frame !== undefined; frame = this.#splitter.next()) {
      const message = decodeResponse(frame);
      const { messageId } = message;
      const answer = this.#answers.get(messageId);
      if ("result" in message.response) this.#answers.delete(messageId);
      answer?.(message);
      if (this.#isOver) return;
    }
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#answers.clear();
    this.#end.close();
    const error = new LinkError(LinkCode.serverDown, reason);
    for (const fail of [...this.#waiting]) fail(error);
    this.onLost(error);
  }
}

/** Puts a connection of the front end on one end. */
export function serveEnd(
  end: PipeEnd,
  how: {
    readonly owner: ConnectionOwner;
    readonly id: number;
    readonly identity: Identity | undefined;
    readonly queue: EventQueue;
    readonly life: Life;
  },
): LdapConnection {
  const { queue, life, identity } = how;
  let isPaused = false;
  const waiting: Buffer[] = [];
  const over = (reason: "clientClosed" | "connectionReset"): void => {
    end.close();
    queue.schedule(0, () => connection.socketClosed(reason), life);
  };
  const pour = (): void => {
    while (!isPaused && waiting.length > 0) connection.received(waiting.shift() as Buffer);
  };
  const transport = {
    kind: "ldap",
    peerAddress: "192.0.2.1",
    peerPort: 49_152,
    localAddress: "192.0.2.2",
    descriptor: how.id,
    writableLength: 0,
    unsentBytes: 0,
    readableBytes: 0,
    canSecure: false,
    write: (bytes: Uint8Array): boolean => {
      end.send(Buffer.from(bytes));
      return true;
    },
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
      queue.schedule(0, pour, life);
    },
    end: () => over("clientClosed"),
    destroy: () => over("clientClosed"),
  };
  const connection = new LdapConnection(
    how.owner,
    transport as unknown as Transport, // a class with sockets inside
    how.id,
    { openedAtMs: 0, nowMs: queue.now },
  );
  connection.identity = identity;
  connection.boundDn = identity?.dn ?? "";
  end.events = {
    received: (bytes) => {
      if (life.isOver) return;
      waiting.push(bytes);
      pour();
    },
    ended: () => {
      if (!life.isOver) connection.inputEnded();
    },
    lost: () => {
      if (!life.isOver) connection.socketClosed("connectionReset");
    },
  };
  return connection;
}
