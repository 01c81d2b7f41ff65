// Counters of the running server: plain numbers that the rim raises and this room shows. All count from the start of the
// process unless their name says otherwise.

export interface OperationCounters {
  anonymousBinds: number;
  unauthenticatedBinds: number;
  simpleBinds: number;
  saslBinds: number;
  failedBinds: number;
  operationsStarted: number;
  operationsCompleted: number;
  compares: number;
  adds: number;
  deletes: number;
  modifies: number;
  renames: number;
  searches: number;
  oneLevelSearches: number;
  subtreeSearches: number;
  referralsSent: number;
  refusedAccesses: number;
  /** Operations that ended with another code than success, compareTrue or compareFalse. */
  errors: number;
  entriesSent: number;
  bytesReceived: number;
  bytesSent: number;
}

export interface ConnectionCounters {
  /** Connections that are open now. */
  open: number;
  /** Connections ever accepted. */
  accepted: number;
}

export function newOperationCounters(): OperationCounters {
  return {
    anonymousBinds: 0,
    unauthenticatedBinds: 0,
    simpleBinds: 0,
    saslBinds: 0,
    failedBinds: 0,
    operationsStarted: 0,
    operationsCompleted: 0,
    compares: 0,
    adds: 0,
    deletes: 0,
    modifies: 0,
    renames: 0,
    searches: 0,
    oneLevelSearches: 0,
    subtreeSearches: 0,
    referralsSent: 0,
    refusedAccesses: 0,
    errors: 0,
    entriesSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
  };
}

export const newConnectionCounters = (): ConnectionCounters => ({ open: 0, accepted: 0 });
