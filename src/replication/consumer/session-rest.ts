// A session whose supplier has sent everything, and which it keeps until somebody else wants it (docs/wire/rest-session.md). It is
// given away when none of its changes is on its way: at once, or when the last one has been answered.
import { ReplicationResponseCode } from "../../protocol/index.ts";
import type { SessionAnswer } from "./replica-consumer.ts";

type Answer = (answer: SessionAnswer) => void;

export class SessionRest {
  #unanswered = 0;
  #isWanted = false;
  #answer: Answer | undefined;

  /** The supplier keeps the session; `answer` tells it when it is over. */
  ask(answer: Answer): void {
    this.release();
    this.#answer = answer;
  }

  changeQueued(): void {
    this.#unanswered += 1;
  }

  changeSettled(): void {
    this.#unanswered -= 1;
  }

  /** Another supplier was turned away. */
  want(): void {
    this.#isWanted = true;
  }

  /** Whether the session can be given away. */
  get isIdle(): boolean {
    return this.#answer !== undefined && this.#unanswered === 0;
  }

  get isDue(): boolean {
    return this.#isWanted && this.isIdle;
  }

  /** The session is over; nothing happens to one that was not asked to be kept. */
  release(): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.({ code: ReplicationResponseCode.releaseSucceeded, ruv: undefined });
  }
}
