// The operations of one connection that have not ended, oldest first, and how they are given up (RFC 4511 §4.11).
// A read that is given up has ended with that. An update may be in a transaction already: it only loses its voice, and
// counts until whoever runs it ends it.
import type { Operation } from "./operation.ts";

export class Outstanding {
  /** Mostly one, which comes and goes: a set would make a new table every few times. */
  readonly #operations: Operation[] = [];

  get count(): number {
    return this.#operations.length;
  }

  /** Of those that are there now. */
  [Symbol.iterator](): Iterator<Operation> {
    return [...this.#operations].values();
  }

  add(operation: Operation): void {
    this.#operations.push(operation);
  }

  delete(operation: Operation): void {
    if (this.#operations.at(-1) === operation) {
      this.#operations.pop();
      return;
    }
    const at = this.#operations.indexOf(operation);
    if (at >= 0) this.#operations.splice(at, 1);
  }

  /** The operation with this message ID for whose answer the client still waits. */
  find(messageId: number): Operation | undefined {
    for (const operation of this.#operations)
      if (operation.message.messageId === messageId && !operation.isAbandoned) return operation;
    return undefined;
  }

  abandon(operation: Operation): void {
    operation.abandon();
    if (isRead(operation)) operation.finish();
  }

  abandonReads(): void {
    for (const operation of this) if (isRead(operation)) this.abandon(operation);
  }

  /** Nobody is there to be answered. */
  abandonAll(): void {
    for (const operation of this) operation.abandon();
  }
}

function isRead(operation: Operation): boolean {
  const { type } = operation.message.request;
  return type === "search" || type === "compare";
}
