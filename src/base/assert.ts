// Assertions stay on in production: a broken invariant must stop the process before it reaches the disk.

/** What only this program can get wrong. The process logs it and ends; it is never answered to a client. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws AssertionError unless `condition` holds; `fact` says what should hold. */
export function assert(condition: unknown, fact: string): asserts condition {
  if (!condition) throw new AssertionError(fact);
}
