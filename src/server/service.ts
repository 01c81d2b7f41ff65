// What the handlers of requests share.
import type { NodeHash } from "../auth/index.ts";
import type { EntryView } from "../entry/index.ts";
import type { Connection } from "../frontend/index.ts";
import type { ConnectionCounters, OperationCounters } from "../monitor/index.ts";
import type { Access, WriteEffects } from "../operation/index.ts";
import type { Backend, BackendReader } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import type { Identity } from "./identity.ts";
import type { MemoryTree } from "./memory-source.ts";
import type { UpdateRequest } from "./update-request.ts";

/** What an answer to an access question depends on besides the entry. */
export interface AccessSubject {
  readonly identity: Identity | undefined;
  readonly connection: Connection;
}

export interface Service {
  readonly directory: Directory;
  readonly hash: NodeHash;
  /** Normal DNs of entries whose password is being hashed anew: many connections may bind as one user. */
  readonly hashesUnderWay: Set<string>;
  readonly operations: OperationCounters;
  readonly connections: ConnectionCounters;
  /** The rights of a caller in an operation that sees the committed state. */
  readAccessFor(subject: AccessSubject): Access;
  /** The rights of a caller in a write. `reader`: the state that the operation sees. */
  accessFor(subject: AccessSubject, reader: BackendReader | undefined): Access;
  /** Whether the caller is a supplier of the replica whose entry this DN names. */
  maySupply(normalDn: string, identity: Identity | undefined): boolean;
  /** Notes a change that a client has made, when there is an audit log. */
  audit(request: UpdateRequest, identity: Identity | undefined): void;
  /** What the server does after a write by a client is on disk. */
  afterWrite(backend: Backend, effects: WriteEffects): void;
  /** Made anew for each search. */
  rootDse(): EntryView;
  monitorTree(): MemoryTree;
  schemaEntry(): EntryView;
  /** As a supplier that is 389 sees it. */
  schemaEntryFor389(): EntryView;
  /** The configuration entry that stands for the update vector of a suffix (replication-protocol 2.3). */
  findRuvEntry(normalSuffix: string): EntryView | undefined;
}
