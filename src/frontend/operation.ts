// One request in progress: what the handler answers through, and what the connection knows of it.
//
// Life: running → finished (final response sent, or `finish`), or running → abandoned → finished. An abandoned search is
// forgotten by its connection at once; an abandoned update is only mute: it may be in a transaction already, and a Bind
// behind it still waits for it.
import { assert } from "../base/index.ts";
import type { BerWriter } from "../ber/index.ts";
import type { Control, LdapError, RequestMessage, Response } from "../protocol/index.ts";
import { encodeResponse, finalResponse, finalResponseType } from "../protocol/index.ts";
import type { Output } from "./output.ts";
import type { Reply, ReplyFacts } from "./request-handler.ts";

/** What an operation tells its connection. */
export interface OperationOwner {
  readonly output: Output;
  /** The operation has ended: no more output of it follows. */
  operationEnded(operation: Operation): void;
}

const NO_CONTROLS: readonly Control[] = [];
const NO_CODE = -1;

export class Operation implements Reply {
  readonly message: RequestMessage;
  readonly frame: Buffer;
  readonly facts: ReplyFacts = { entryCount: 0, notes: "", csn: "", boundDn: "" };
  /** Position among the requests of the connection, from 0 (389: op=). */
  readonly number: number;
  /** Of the final response; -1 while there is none. */
  resultCode = NO_CODE;
  resultMessage = "";
  /** Milliseconds of a monotonic clock; only kept when an access log is on. */
  receivedAtMs = 0;
  startedAtMs = 0;
  isEnded = false;
  wasAbandoned = false;
  readonly #owner: OperationOwner;
  #onAbandon: (() => void) | undefined;

  constructor(owner: OperationOwner, message: RequestMessage, number: number, frame: Buffer) {
    this.#owner = owner;
    this.message = message;
    this.number = number;
    this.frame = frame;
  }

  get isAbandoned(): boolean {
    return this.wasAbandoned || this.isEnded;
  }

  send(response: Response, controls: readonly Control[] = NO_CONTROLS): void {
    const isFinal = isFinalResponse(response);
    if (!this.isAbandoned) {
      const { messageId } = this.message;
      encodeResponse(this.#owner.output.writer(), { messageId, response, controls });
      if (response.type === "searchEntry") this.facts.entryCount += 1;
      if ("result" in response) {
        this.resultCode = response.result.code;
        this.resultMessage = response.result.message;
      }
    }
    if (isFinal) this.finish();
  }

  /** The final answer of a handler that threw. */
  refuse(error: LdapError): void {
    const type = finalResponseType(this.message.request.type);
    if (type === undefined) this.finish();
    else this.send(finalResponse(type, error.result()));
  }

  writer(): BerWriter {
    assert(!this.isAbandoned, "nothing is written for an abandoned operation");
    return this.#owner.output.writer();
  }

  finish(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#onAbandon = undefined;
    this.#owner.operationEnded(this);
  }

  finishWith(resultCode: number, resultMessage: string): void {
    this.resultCode = resultCode;
    this.resultMessage = resultMessage;
    this.finish();
  }

  ready(): boolean {
    return this.isAbandoned || this.#owner.output.isReady();
  }

  onDrain(callback: () => void): void {
    this.#owner.output.onReady(callback);
  }

  onAbandon(callback: () => void): void {
    assert(this.#onAbandon === undefined, "one listener waits for an abandon");
    this.#onAbandon = callback;
  }

  /** The client, or the end of its connection, gives the operation up. */
  abandon(): void {
    if (this.isAbandoned) return;
    this.wasAbandoned = true;
    const callback = this.#onAbandon;
    this.#onAbandon = undefined;
    callback?.();
  }
}

function isFinalResponse(response: Response): boolean {
  switch (response.type) {
    case "searchEntry":
    case "searchReference":
    case "intermediateResponse":
      return false;
    case "bindResponse":
    case "searchDone":
    case "modifyResponse":
    case "addResponse":
    case "deleteResponse":
    case "modifyDnResponse":
    case "compareResponse":
    case "extendedResponse":
      return true;
  }
}
