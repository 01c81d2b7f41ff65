// Output of one connection: gathers the responses of a turn in one buffer and gives them to the socket in one write.
//
// The buffer (a BerWriter) is borrowed from a pool of the thread at the first byte and returned at the flush, so that an
// idle connection holds none. After a write that the kernel took whole, the same memory is used again; otherwise the
// socket keeps it and the writer gets new memory. What a received chunk is answered with is flushed at its end, or with what other connections
// have to say (gathering.ts); what is written at other times by a microtask, so that the answers of one committed batch share a write.
//
// Two bounds hold a producer back: OUTPUT_TURN_BYTES_MAX in a turn (the others get their turn) and UNSENT_BYTES_MAX that
// the peer has not taken. Who is held back waits in `#waiting`, which is served in order while there is room.
import { BerWriter } from "../ber/index.ts";
import type { Gathering } from "./gathering.ts";
import {
  OUTPUT_BUFFER_BYTES,
  OUTPUT_TURN_BYTES_MAX,
  OUTPUT_WRITERS_KEPT_MAX,
  UNSENT_BYTES_MAX,
} from "./limits.ts";

/** The part of a socket that output needs. */
export interface OutputSink {
  readonly writableLength: number;
  /** Whether the memory of what was written may be used again at once, however much waits. */
  readonly copies?: boolean;
  write(bytes: Uint8Array, done?: () => void): boolean;
}

const idleWriters: BerWriter[] = [];

export class Output {
  #sink: OutputSink;
  #writer: BerWriter | undefined;
  #turnBytes = 0;
  #isTurnScheduled = false;
  #isClosed = false;
  #isHeld = false;
  readonly #waiting: (() => void)[] = [];

  constructor(sink: OutputSink) {
    this.#sink = sink;
  }

  /** Where the next message is to be written; flushed without further ado. */
  writer(): BerWriter {
    if (this.#writer === undefined) {
      this.#writer = idleWriters.pop() ?? new BerWriter(OUTPUT_BUFFER_BYTES);
      if (!this.#isHeld) queueMicrotask(() => this.flush());
    }
    return this.#writer;
  }

  /** A chunk is being worked on: whoever calls this calls `release` at its end. */
  hold(): void {
    this.#isHeld = true;
  }

  /** The end of the chunk. What was written leaves with the others of `gathering`, without one at once. */
  release(gathering: Gathering | undefined): void {
    if (gathering === undefined || this.#writer === undefined) this.flush();
    else gathering.add(this);
  }

  get unsentBytes(): number {
    return this.#sink.writableLength + (this.#writer?.length ?? 0);
  }

  isReady(): boolean {
    const written = this.#writer?.length ?? 0;
    return (
      this.#turnBytes + written < OUTPUT_TURN_BYTES_MAX &&
      this.#sink.writableLength + written <= UNSENT_BYTES_MAX
    );
  }

  /** Calls back in a later turn, when there is room or when the connection has gone. */
  onReady(callback: () => void): void {
    this.#waiting.push(callback);
    if (this.#isClosed || this.#sink.writableLength <= UNSENT_BYTES_MAX) this.#scheduleTurn();
  }

  /** Gives what was written to the socket; `done` is called when the kernel has it. */
  flush(done?: () => void): void {
    const writer = this.#writer;
    this.#isHeld = false;
    if (writer === undefined) {
      if (done !== undefined) this.#sink.write(Buffer.alloc(0), done);
      return;
    }
    this.#writer = undefined;
    const bytes = writer.view();
    if (bytes.length > 0 && !this.#isClosed) {
      this.#turnBytes += bytes.length;
      if (this.#turnBytes >= OUTPUT_TURN_BYTES_MAX) this.#scheduleTurn();
      this.#sink.write(bytes, done);
      if (this.#sink.copies !== true && this.#sink.writableLength > 0) writer.take();
    }
    writer.reset();
    if (idleWriters.length < OUTPUT_WRITERS_KEPT_MAX) idleWriters.push(writer);
  }

  /** The socket has sent everything. */
  drained(): void {
    if (this.#waiting.length > 0) this.#scheduleTurn();
  }

  /** Continues on the TLS socket that now wraps the first one. All has been flushed. */
  replaceSink(sink: OutputSink): void {
    this.#sink = sink;
  }

  /** Drops what comes from now on and lets all who wait find out. */
  close(): void {
    this.#isClosed = true;
    if (this.#waiting.length > 0) this.#scheduleTurn();
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    setImmediate(() => this.#startTurn());
  }

  #startTurn(): void {
    this.#isTurnScheduled = false;
    this.#turnBytes = 0;
    const last = this.#waiting.at(-1);
    while (this.#waiting.length > 0 && (this.#isClosed || this.isReady())) {
      const callback = this.#waiting.shift();
      callback?.();
      if (callback === last) break;
    }
    this.flush();
    const mayGoOn = this.#isClosed || this.#sink.writableLength <= UNSENT_BYTES_MAX;
    if (this.#waiting.length > 0 && mayGoOn) this.#scheduleTurn();
  }
}
