// Time limits of one connection, judged from what a look at it every second shows. A step over values: it is told the
// time and what can be seen, and gives the reason to close, if there is one. The hot path keeps no time stamps for it.
import {
  CLOSING_MS_MAX,
  HALF_CLOSED_MS_MAX,
  HANDSHAKE_MS_MAX,
  REQUEST_INCOMPLETE_MS_MAX,
} from "./limits.ts";
import type { CloseReason } from "./request-handler.ts";
import type { FrontendSettings } from "./settings.ts";

/** What a look at the connection shows. */
export interface ConnectionView {
  readonly state: "open" | "handshaking" | "halfClosed" | "closing";
  readonly requestCount: number;
  readonly finishedCount: number;
  readonly outstandingCount: number;
  readonly isIdleAllowed: boolean;
  /** Bytes of a request whose rest is awaited; 0 while reading is held back. */
  readonly incompleteBytes: number;
  /** Bytes that the peer has not taken yet. */
  readonly unsentBytes: number;
}

/** What was seen for how long. A time is that of the first look at which it was so. */
export class ConnectionWatch {
  #state: ConnectionView["state"] = "open";
  #stateSinceMs: number;
  #activityCount = -1;
  #activeAtMs: number;
  #incompleteBytes = 0;
  #incompleteSinceMs: number;
  #unsentBytes = 0;
  #unsentSinceMs: number;

  constructor(nowMs: number) {
    this.#stateSinceMs = nowMs;
    this.#activeAtMs = nowMs;
    this.#incompleteSinceMs = nowMs;
    this.#unsentSinceMs = nowMs;
  }

  /** "closingTooLong": the close has begun before and does not come to its end. */
  check(
    view: ConnectionView,
    nowMs: number,
    settings: FrontendSettings,
  ): CloseReason | "closingTooLong" | undefined {
    this.#note(view, nowMs);
    const stateMs = nowMs - this.#stateSinceMs;
    if (view.state === "closing") return stateMs > CLOSING_MS_MAX ? "closingTooLong" : undefined;
    if (view.state === "handshaking" && stateMs > HANDSHAKE_MS_MAX) return "handshakeFailed";
    if (view.state === "halfClosed" && stateMs > HALF_CLOSED_MS_MAX) return "clientClosed";
    if (this.#unsentBytes > 0 && nowMs - this.#unsentSinceMs > settings.writeBlockedMsMax)
      return "writeBlocked";
    if (this.#incompleteBytes > 0 && nowMs - this.#incompleteSinceMs > REQUEST_INCOMPLETE_MS_MAX)
      return "requestIncomplete";
    const idleMs = nowMs - this.#activeAtMs;
    if (settings.idleTimeoutMs > 0 && idleMs > settings.idleTimeoutMs) return "idle";
    return undefined;
  }

  #note(view: ConnectionView, nowMs: number): void {
    if (view.state !== this.#state) {
      this.#state = view.state;
      this.#stateSinceMs = nowMs;
    }
    const activityCount = view.requestCount + view.finishedCount;
    const isActive = activityCount !== this.#activityCount;
    if (isActive || view.outstandingCount > 0 || view.isIdleAllowed) this.#activeAtMs = nowMs;
    // A request that grows without end is not complete: only a new request counts as progress.
    if (isActive || view.incompleteBytes === 0 || this.#incompleteBytes === 0)
      this.#incompleteSinceMs = nowMs;
    if (view.unsentBytes !== this.#unsentBytes || view.unsentBytes === 0)
      this.#unsentSinceMs = nowMs;
    this.#activityCount = activityCount;
    this.#incompleteBytes = view.incompleteBytes;
    this.#unsentBytes = view.unsentBytes;
  }
}
