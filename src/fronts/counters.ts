// What front-end processes count for cn=monitor, and how it is added up.
import { type OperationCounters, newOperationCounters } from "../monitor/index.ts";

/** What a process has counted since its start, and the counts of connections that have changed since the last report. */
export interface FrontCounters {
  readonly operations: OperationCounters;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly connections: readonly (readonly [id: number, requests: number, finished: number])[];
}

export const NO_COUNTERS: FrontCounters = {
  operations: newOperationCounters(),
  receivedBytes: 0,
  sentBytes: 0,
  connections: [],
};

/** The sums; of connections none are left. */
export function addCounters(a: FrontCounters, b: FrontCounters): FrontCounters {
  return {
    operations: addOperations(a.operations, b.operations),
    receivedBytes: a.receivedBytes + b.receivedBytes,
    sentBytes: a.sentBytes + b.sentBytes,
    connections: [],
  };
}

export function addOperations(a: OperationCounters, b: OperationCounters): OperationCounters {
  const sum = { ...a };
  for (const name of Object.keys(sum) as (keyof OperationCounters)[]) sum[name] += b[name];
  return sum;
}
