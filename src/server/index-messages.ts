// What the main thread and the thread that makes index keys tell each other.
import type { IndexWork, IndexingStart } from "../store/index.ts";

/** Handed over as `workerData`. */
export interface IndexThreadStart {
  readonly databaseFolder: string;
  readonly indexing: IndexingStart;
  /** Of 32-bit numbers, see `Signal`. */
  readonly signals: SharedArrayBuffer;
  readonly step: StepTimes;
}

/** How long one transaction takes. */
export interface StepTimes {
  readonly msMax: number;
  /** When others wait for it. */
  readonly msMin: number;
}

/** Numbers that the main thread sets to 1. */
export const Signal = {
  /** Others wait to write. */
  wanted: 0,
  stopped: 1,
} as const;
export const SIGNALS_BYTES = 8;

export type ToIndexThread =
  | { readonly type: "work"; readonly work: readonly IndexWork[] }
  /** It may write once. */
  | { readonly type: "write" }
  /** No work comes any more. */
  | { readonly type: "end" };

export type FromIndexThread =
  /** So many more pieces of work have been looked at. */
  | { readonly type: "collected" }
  | { readonly type: "wantsWrite" }
  | { readonly type: "wrote" }
  /** Everything is written. */
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly isStorage: boolean; readonly reason: string };
