// What a fractional agreement need not read again. The RUV of a consumer stands still while changes are skipped, so by the RUV
// alone every session would read and skip the whole run anew (389 does, and counts it each time). The memory holds for each
// replica ID how far the agreement has come, and the CSN that the consumer must at least have for that to be true: the
// last one sent. A consumer below it did not take what was sent, or was set back: then the RUV alone counts.
import { CSN_ZERO, type Csn, type ReplicaId, maxCsn } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";

interface Memory {
  readonly base: Csn;
  readonly reached: Csn;
}

export type SkipMemory = ReadonlyMap<ReplicaId, Memory>;

export const NO_SKIP_MEMORY: SkipMemory = new Map();

/** From where on `consumer` is served, for each replica ID exclusive. */
export function startOf(memory: SkipMemory, consumer: Ruv): Map<ReplicaId, Csn> {
  const start = new Map<ReplicaId, Csn>();
  for (const { replicaId, maxCsn: max } of consumer.elements) {
    if (max !== undefined) start.set(replicaId, max);
  }
  for (const [replicaId, { base, reached }] of memory) {
    const max = start.get(replicaId);
    if ((max ?? CSN_ZERO) >= base) start.set(replicaId, maxCsn(max, reached) ?? reached);
  }
  return start;
}

/** After a session that came to its end: everything up to `reached` was sent and answered, or skipped. */
export function rememberSkips(
  consumer: Ruv,
  reached: ReadonlyMap<ReplicaId, Csn>,
  lastSent: ReadonlyMap<ReplicaId, Csn>,
): SkipMemory {
  const memory = new Map<ReplicaId, Memory>();
  const had = startOf(NO_SKIP_MEMORY, consumer);
  for (const [replicaId, csn] of reached) {
    const base = maxCsn(had.get(replicaId), lastSent.get(replicaId)) ?? CSN_ZERO;
    memory.set(replicaId, { base, reached: csn });
  }
  return memory;
}
