// The main process, as a front-end process sees it: it gets what is not served here, and the answers come back.
//
// Who is bound on a connection is known on both sides. The main process tells it with the end of a bind; the front end tells it
// when it has made a connection anonymous by itself (TLS, a bind that could not be decoded), at the latest with the next request.
import { Socket } from "node:net";
import { type Log, type LogFields, assert } from "../base/index.ts";
import type {
  AcceptedFacts,
  CloseReason,
  Connection,
  DisconnectNotice,
  Reply,
} from "../frontend/index.ts";
import type { FrontCounters } from "./counters.ts";
import type { Frame } from "./frame.ts";
import { PIPE_DESCRIPTOR, type SentEvent } from "./front-process.ts";
import { PIPE_BYTES_MAX, TAKEN_BYTES_STEP } from "./limits.ts";
import {
  FromFront,
  type StoredTls,
  ToFront,
  decodeEnding,
  formatJson,
  parseJson,
} from "./messages.ts";
import { Pipe } from "./pipe.ts";

const NUMBER_MAX = 0xffff_ffff;

export interface MainLinkEvents {
  /** A connection that the main process has accepted, and that is to be served here. */
  accepted(socket: Socket, facts: AcceptedFacts): Connection;
  /** The main process wants this process to end in an orderly way. */
  stop(): void;
  /** The main process is gone. */
  closed(): void;
}

interface Known {
  readonly connection: Connection;
  /** Who is bound, as the main process knows it. */
  identity: unknown;
  /** Output that has gone to the client since the main process was told. */
  takenBytes: number;
}

export class MainLink {
  readonly #pipe: Pipe;
  readonly #events: MainLinkEvents;
  readonly #known = new Map<number, Known>();
  /** Requests that the main process has. */
  readonly #forwarded = new Map<number, Reply>();
  #lastNumber = 0;

  constructor(events: MainLinkEvents) {
    this.#events = events;
    const socket = new Socket({ fd: PIPE_DESCRIPTOR, readable: true, writable: true });
    this.#pipe = new Pipe(socket, {
      frame: (frame) => this.#receive(frame),
      closed: () => events.closed(),
    });
  }

  /** From now on connections may come. */
  open(): void {
    process.on("message", (facts: AcceptedFacts, socket: Socket | undefined) =>
      this.#accepted(facts, socket),
    );
    this.#pipe.send(FromFront.ready, 0, 0);
  }

  /** Events go to the log of the main process. */
  readonly log: Log = {
    error: (event, fields) => this.#log("error", event, fields),
    warn: (event, fields) => this.#log("warn", event, fields),
    info: (event, fields) => this.#log("info", event, fields),
    debug: (event, fields) => this.#log("debug", event, fields),
  };

  closed(id: number): void {
    this.#known.delete(id);
    this.#pipe.send(FromFront.closed, id, 0);
  }

  secured({ id, tls }: Connection): void {
    const known = this.#known.get(id);
    if (known === undefined || tls === undefined) return;
    known.identity = undefined;
    const { protocol, cipher, bits, clientCertificate } = tls;
    const stored: StoredTls = {
      protocol,
      cipher,
      bits,
      certificate: clientCertificate?.toString("base64"),
    };
    this.#pipe.send(FromFront.secured, id, 0, formatJson(stored));
  }

  /** Has a request served by the main process. */
  forward(connection: Connection, reply: Reply): void {
    const { request } = reply.message;
    const isExternal =
      connection.kind === "ldapi" &&
      request.type === "bind" &&
      request.authentication.method === "sasl";
    if (!isExternal) {
      this.#forward(connection, reply);
      return;
    }
    // Nothing overtakes it: a bind is alone.
    void connection.peerCredentials().then((credentials) => {
      const payload = formatJson(credentials ?? null);
      this.#pipe.send(FromFront.credentials, connection.id, 0, payload);
      this.#forward(connection, reply);
    });
  }

  count(counters: FrontCounters): void {
    this.#pipe.send(FromFront.counters, 0, 0, formatJson(counters));
  }

  /** @returns whether there was room */
  accessLines(lines: Buffer): boolean {
    if (this.#pipe.unsentBytes > PIPE_BYTES_MAX) return false;
    this.#pipe.send(FromFront.lines, 0, 0, lines);
    return true;
  }

  /** `done` is called when all that was sent has left this process. */
  flush(done: () => void): void {
    this.#pipe.flush(done);
  }

  #accepted(facts: AcceptedFacts, socket: Socket | undefined): void {
    this.#pipe.send(FromFront.opened, facts.id, 0);
    if (socket === undefined) {
      this.closed(facts.id);
      return;
    }
    socket.allowHalfOpen = true;
    const connection = this.#events.accepted(socket, facts);
    this.#known.set(facts.id, { connection, identity: undefined, takenBytes: 0 });
  }

  #forward(connection: Connection, reply: Reply): void {
    const known = this.#known.get(connection.id);
    if (known === undefined || reply.isAbandoned) return;
    if (connection.identity !== known.identity) {
      assert(connection.identity === undefined, "only the main process binds");
      known.identity = undefined;
      this.#pipe.send(FromFront.unbound, connection.id, 0);
    }
    const number = this.#nextNumber();
    this.#forwarded.set(number, reply);
    this.#pipe.send(FromFront.request, connection.id, number, reply.frame);
    reply.onAbandon(() => {
      this.#pipe.send(FromFront.abandoned, connection.id, number);
      // Of a connection that is gone the main process tells no ends.
      if (connection.isClosed) this.#forwarded.delete(number);
    });
  }

  #nextNumber(): number {
    do this.#lastNumber = this.#lastNumber === NUMBER_MAX ? 1 : this.#lastNumber + 1;
    while (this.#forwarded.has(this.#lastNumber));
    return this.#lastNumber;
  }

  #receive({ kind, connection: id, operation, payload }: Frame): void {
    if (kind === ToFront.stop) {
      this.#events.stop();
      return;
    }
    if (kind === ToFront.ended) {
      this.#ended(operation, payload);
      return;
    }
    const known = this.#known.get(id);
    if (known === undefined) return;
    switch (kind) {
      case ToFront.output:
        this.#relay(known, payload);
        break;
      case ToFront.identity: {
        const told = parseJson(payload) as { identity?: unknown; boundDn: string };
        known.identity = told.identity;
        known.connection.identity = told.identity;
        known.connection.boundDn = told.boundDn;
        break;
      }
      case ToFront.close: {
        const { reason, notice } = parseJson(payload) as {
          reason: CloseReason;
          notice?: DisconnectNotice;
        };
        known.connection.close(reason, notice);
        break;
      }
      default:
        assert(false, `the main process sends no frame of kind ${kind}`);
    }
  }

  #ended(number: number, payload: Buffer): void {
    const reply = this.#forwarded.get(number);
    if (reply === undefined) return;
    this.#forwarded.delete(number);
    const { code, message, facts } = decodeEnding(payload);
    Object.assign(reply.facts, facts);
    reply.finishWith(code, message);
  }

  #relay(known: Known, bytes: Buffer): void {
    const { output, isClosed } = known.connection;
    if (!isClosed) output.writer().append(bytes);
    if (isClosed || output.isReady()) this.#taken(known, bytes.length);
    else output.onReady(() => this.#taken(known, bytes.length));
  }

  #taken(known: Known, bytes: number): void {
    known.takenBytes += bytes;
    if (known.takenBytes < TAKEN_BYTES_STEP) return;
    this.#pipe.send(FromFront.taken, known.connection.id, known.takenBytes);
    known.takenBytes = 0;
  }

  #log(level: SentEvent["level"], event: string, fields: LogFields | undefined): void {
    const sent: SentEvent = { level, event, fields: fields ?? {} };
    this.#pipe.send(FromFront.event, 0, 0, formatJson(sent));
  }
}
