// An open connection to another server on which requests are pipelined (RFC 4511 §3.1). Answers are matched by message ID;
// requests that are sent in one turn of the event loop leave in one write. No timers: whoever waits, watches the time.
//
// Invariants: `onLost` is called once, and after it nothing else · a handler hears of its request's messages until the final
// one, in the order of arrival · no more than OUTPUT_BYTES_MAX wait for the socket if the caller heeds `isWritable`.
import type { Socket } from "node:net";
import { type TLSSocket, connect as connectTls } from "node:tls";
import { assert } from "../base/index.ts";
import { BerWriter, FrameError, FrameSplitter } from "../ber/index.ts";
import {
  type Control,
  NO_CONTROLS,
  NOTICE_OF_DISCONNECTION_OID,
  ProtocolError,
  type Request,
  type ResponseMessage,
  decodeResponse,
  encodeRequest,
} from "../protocol/index.ts";
import {
  ANSWER_BYTES_MAX,
  CLOSE_MS,
  MESSAGE_ID_MAX,
  OUTPUT_BYTES_MAX,
  PENDING_REQUESTS_MAX,
} from "./limits.ts";
import { LinkCode, LinkError } from "./link-error.ts";
import type { ClientTls } from "./link-settings.ts";

/** Called for each message that answers a request; entries and references come before the final one. */
export type AnswerHandler = (message: ResponseMessage) => void;

const isFinal = ({ response }: ResponseMessage): boolean =>
  response.type !== "searchEntry" &&
  response.type !== "searchReference" &&
  response.type !== "intermediateResponse";

export class Link {
  /** Called once when the connection is gone, unless `close` was called before. */
  onLost: (error: LinkError) => void = () => {};
  private socket: Socket;
  private splitter = new FrameSplitter(ANSWER_BYTES_MAX);
  private readonly writer = new BerWriter();
  private readonly pending = new Map<number, AnswerHandler>();
  private readonly waiting: (() => void)[] = [];
  private lastMessageId = 0;
  private isFlushAsked = false;
  private isOver = false;
  private unlisten: () => void = () => {};

  /** `socket` is connected. */
  constructor(socket: Socket) {
    this.socket = socket;
    this.listen(socket);
  }

  get isClosed(): boolean {
    return this.isOver;
  }

  /** Requests without a final answer. */
  get unanswered(): number {
    return this.pending.size;
  }

  /** Whether more should be sent now. */
  get isWritable(): boolean {
    return this.writer.length + this.socket.writableLength < OUTPUT_BYTES_MAX;
  }

  /** Resolves when `isWritable` is true again, or the connection is gone. */
  whenWritable(): Promise<void> {
    if (this.isOver || this.isWritable) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Queues a request; on a closed link it is dropped, its handler never called. */
  send(request: Request, controls: readonly Control[], onAnswer: AnswerHandler): void {
    if (this.isOver) return;
    assert(this.pending.size < PENDING_REQUESTS_MAX, "the sender heeds its window");
    const messageId = this.nextMessageId();
    encodeRequest(this.writer, { messageId, request, controls });
    this.pending.set(messageId, onAnswer);
    this.askFlush();
  }

  /** One request and its final answer, with what came before it. @throws LinkError */
  request(
    request: Request,
    controls: readonly Control[],
    timeoutMs: number,
  ): Promise<readonly ResponseMessage[]> {
    return new Promise((resolve, reject) => {
      const messages: ResponseMessage[] = [];
      const lost = this.onLost;
      const timer =
        timeoutMs > 0
          ? setTimeout(
              () => finish(new LinkError(LinkCode.timeout, "no answer in time")),
              timeoutMs,
            )
          : undefined;
      const finish = (error: LinkError | undefined): void => {
        clearTimeout(timer);
        this.onLost = lost;
        if (error === undefined) resolve(messages);
        else reject(error);
      };
      this.onLost = finish;
      if (this.isOver) finish(new LinkError(LinkCode.serverDown, "connection is closed"));
      this.send(request, controls, (message) => {
        messages.push(message);
        if (isFinal(message)) finish(undefined);
      });
    });
  }

  /** After the answer to StartTLS: nothing received in the clear is read any more. @throws LinkError */
  secure(settings: ClientTls, timeoutMs: number): Promise<void> {
    assert(this.pending.size === 0, "StartTLS is not pipelined");
    const plain = this.socket;
    this.unlisten();
    this.splitter = new FrameSplitter(ANSWER_BYTES_MAX);
    const secured = connectTls({ ...settings, socket: plain });
    return handshake(secured, timeoutMs).then(() => {
      this.socket = secured;
      this.listen(secured);
    });
  }

  /** Unbinds and closes; `onLost` is not called. */
  close(): void {
    if (this.isOver) return;
    this.end();
    encodeRequest(this.writer, {
      messageId: this.nextMessageId(),
      request: { type: "unbind" },
      controls: NO_CONTROLS,
    });
    const { socket } = this;
    socket.end(this.writer.take());
    socket.destroySoon();
    // A peer that reads nothing any more must not keep the socket.
    setTimeout(() => socket.destroy(), CLOSE_MS).unref();
  }

  /** Closes at once, without a word. */
  destroy(): void {
    if (!this.isOver) this.end();
    this.socket.destroy();
  }

  private listen(socket: Socket): void {
    const data = (chunk: Buffer): void => this.receive(chunk);
    const drain = (): void => this.release();
    const error = (cause: Error): void =>
      this.lose(new LinkError(LinkCode.serverDown, cause.message, { cause }));
    const close = (): void =>
      this.lose(new LinkError(LinkCode.serverDown, "connection was closed"));
    socket.on("data", data).on("drain", drain).on("error", error).on("close", close);
    this.unlisten = () => {
      socket.off("data", data).off("drain", drain).off("error", error).off("close", close);
    };
  }

  private nextMessageId(): number {
    this.lastMessageId = this.lastMessageId >= MESSAGE_ID_MAX ? 1 : this.lastMessageId + 1;
    return this.lastMessageId;
  }

  private askFlush(): void {
    if (this.isFlushAsked) return;
    this.isFlushAsked = true;
    setImmediate(() => {
      this.isFlushAsked = false;
      if (this.isOver) return;
      if (this.writer.length > 0) this.socket.write(this.writer.take());
      // What the kernel took at once is followed by no "drain".
      if (this.isWritable) this.release();
    });
  }

  private receive(chunk: Buffer): void {
    if (this.isOver) return;
    this.splitter.push(chunk);
    try {
      for (let frame = this.splitter.next(); frame !== undefined; frame = this.splitter.next()) {
        this.answer(decodeResponse(frame));
        if (this.isOver) return;
      }
    } catch (error) {
      if (!(error instanceof FrameError || error instanceof ProtocolError)) throw error;
      this.lose(new LinkError(LinkCode.serverDown, error.message, { cause: error }));
    }
  }

  private answer(message: ResponseMessage): void {
    const { messageId, response } = message;
    if (messageId === 0) {
      const isNotice =
        response.type === "extendedResponse" && response.oid === NOTICE_OF_DISCONNECTION_OID;
      if (isNotice) this.lose(new LinkError(LinkCode.serverDown, "peer disconnects"));
      return;
    }
    const handler = this.pending.get(messageId);
    if (handler === undefined) return; // an answer that nobody waits for any more
    if (isFinal(message)) this.pending.delete(messageId);
    handler(message);
  }

  private lose(error: LinkError): void {
    if (this.isOver) return;
    this.end();
    this.socket.destroy();
    this.onLost(error);
  }

  private end(): void {
    this.isOver = true;
    this.pending.clear();
    this.release();
  }

  private release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** Waits for the end of a handshake. @throws LinkError */
export function handshake(socket: TLSSocket, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer =
      timeoutMs > 0
        ? setTimeout(() => fail(new Error("TLS handshake took too long")), timeoutMs)
        : undefined;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new LinkError(LinkCode.connectError, error.message, { cause: error }));
    };
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve();
    });
  });
}
