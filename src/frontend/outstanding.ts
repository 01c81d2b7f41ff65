// The operations of one connection that have not ended, oldest first, and how they are given up (RFC 4511 §4.11).
// A read that is given up has ended with that. An update may be in a transaction already: it only loses its voice, and
// counts until whoever runs it ends it.
import type { Operation } from "./operation.ts";

export class Outstanding {
  readonly #operations = new Set<Operation>();

  get count(): number {
    return this.#operations.size;
  }

  [Symbol.iterator](): Iterator<Operation> {
    return this.#operations.values();
  }

  add(operation: Operation): void {
    this.#operations.add(operation);
  }

  delete(operation: Operation): void {
    this.#operations.delete(operation);
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
    for (const operation of this.#operations) if (isRead(operation)) this.abandon(operation);
  }

  /** Nobody is there to be answered. */
  abandonAll(): void {
    for (const operation of this.#operations) operation.abandon();
  }
}

function isRead(operation: Operation): boolean {
  const { type } = operation.message.request;
  return type === "search" || type === "compare";
}
