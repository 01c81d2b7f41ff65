// Whether the consumer has counted our last own change. A 389 consumer answers a delete of what is already dead, or a rename
// that came too late, with success, and changes that it ignores with an error to be ignored; in both cases its RUV stays where
// it was until the next change of the same replica (389: ldbm_delete.c, urp.c cancel the CSN). Until then the two look out of
// step to every tool. So after such a change the consumer's RUV is asked for once more, and if it stands behind, a
// keep-alive is written, which takes it along. Attempts become rarer, should that not help.
//
// A 389 consumer also forgets what it has counted: when it has learned of a replica from others and hears of its URL for the
// first time, in the Start of its own server, it puts a new element without CSNs into its RUV, ahead of the old one (seen on
// 2.3.1). So an element of ours without a URL in the answer to our first Start is a doubt, too: next time everything is sent
// again, and where nothing of that has an effect, a keep-alive is counted.
//
// Only the last own change matters: a later one that is counted takes the RUV along by itself. Changes of other servers
// are theirs to confirm; nobody else can write with their replica ID.
import type { Millis } from "../../base/index.ts";
import { type Csn, type ReplicaId, csnReplicaId } from "../csn/index.ts";
import { type Ruv, findElement, ruvMaxCsn } from "../ruv/index.ts";
import type { ChangeResult } from "../supplier/index.ts";

/** How long after the answer the consumer is asked; doubled with each attempt. */
const DOUBT_WAIT_MS = 1_000;
/** The longest wait between two attempts. */
const DOUBT_WAIT_MAX_MS = 300_000;

export interface Doubt {
  /** Our last change, which the consumer may not have counted. */
  readonly csn: Csn;
  /** Keep-alives that were asked for because of it. */
  readonly attempts: number;
  /** When the consumer is asked. */
  readonly checkAt: Millis;
}

/** What is doubtful after these answers. */
export function noteAnswers(
  doubt: Doubt | undefined,
  results: readonly ChangeResult[],
  now: Millis,
): Doubt | undefined {
  const last = results.findLast(({ own }) => own !== undefined);
  if (last === undefined) return doubt;
  // What is sent again has no effect there.
  if (doubt !== undefined && last.csn <= doubt.csn) return doubt;
  if (last.own === "counted") return undefined;
  return { csn: last.csn, attempts: 0, checkAt: (now + DOUBT_WAIT_MS) as Millis };
}

/** What is doubtful after the consumer has answered our first Start with this RUV. */
export function noteIntroduction(
  doubt: Doubt | undefined,
  consumer: Ruv,
  { replicaId, now }: { readonly replicaId: ReplicaId; readonly now: Millis },
): Doubt | undefined {
  const own = findElement(consumer, replicaId);
  if (own?.maxCsn === undefined || own.purl !== undefined || doubt !== undefined) return doubt;
  return { csn: own.maxCsn, attempts: 0, checkAt: (now + DOUBT_WAIT_MS) as Millis };
}

/** What is doubtful when the consumer has this RUV, and whether a keep-alive is due. */
export function settleDoubt(
  doubt: Doubt | undefined,
  consumer: Ruv,
  now: Millis,
): { readonly doubt: Doubt | undefined; readonly isKeepAliveDue: boolean } {
  if (doubt === undefined) return { doubt, isKeepAliveDue: false };
  const max = ruvMaxCsn(consumer, csnReplicaId(doubt.csn));
  if (max !== undefined && max >= doubt.csn) return { doubt: undefined, isKeepAliveDue: false };
  if (now < doubt.checkAt) return { doubt, isKeepAliveDue: false };
  const attempts = doubt.attempts + 1;
  const waitMs = Math.min(DOUBT_WAIT_MS * 2 ** attempts, DOUBT_WAIT_MAX_MS);
  return {
    doubt: { ...doubt, attempts, checkAt: (now + waitMs) as Millis },
    isKeepAliveDue: true,
  };
}
