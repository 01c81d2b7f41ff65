// One end of the socket pair between the main process and a front-end process. What is sent in a turn of the event loop leaves
// in one write, after the sockets that had something to read have been read.
import type { Socket } from "node:net";
import { readThroughSharedBuffer } from "../frontend/index.ts";
import { type Frame, FrameReader, FrameWriter } from "./frame.ts";

export interface PipeEvents {
  frame(frame: Frame): void;
  /** The other process is gone. Called once. */
  closed(): void;
}

export class Pipe {
  readonly #socket: Socket;
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader();
  #isFlushScheduled = false;
  #isClosed = false;

  constructor(given: Socket, events: PipeEvents) {
    const socket = readThroughSharedBuffer(given, (chunk) => {
      for (const frame of this.#reader.push(chunk)) events.frame(frame);
      return true;
    });
    this.#socket = socket;
    const closed = (): void => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      socket.destroy();
      events.closed();
    };
    socket.once("end", closed);
    socket.once("close", closed);
    socket.on("error", closed);
  }

  /** Bytes that the other process has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength + this.#writer.length;
  }

  send(kind: number, connection: number, operation: number, payload?: Uint8Array): void {
    if (this.#isClosed) return;
    this.#writer.put(kind, connection, operation, payload);
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => this.flush());
  }

  /** Sends what waits; `done` is called when the system has it. */
  flush(done?: () => void): void {
    this.#isFlushScheduled = false;
    if (this.#isClosed) {
      done?.();
      return;
    }
    const bytes = this.#writer.view();
    if (bytes.length === 0) {
      if (done !== undefined) this.#socket.write(bytes, done);
      return;
    }
    this.#socket.write(bytes, done);
    if (this.#socket.writableLength > 0) this.#writer.giveAway();
    else this.#writer.reset();
  }
}
