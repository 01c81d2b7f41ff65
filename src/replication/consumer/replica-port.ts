// What the consumer side of a replica needs of the server around it. The server implements it for each replica; the tests
// and the simulator do so in memory. Calls are synchronous; what takes time answers through a callback.
import type { LdapResult } from "../../protocol/index.ts";
import type { Change } from "../change/index.ts";
import type { Csn, CsnGenerator, ReplicaId } from "../csn/index.ts";
import type { Ruv, RuvElement } from "../ruv/index.ts";
import type { ReadItem } from "../total/index.ts";

export interface ReplicaPort {
  /** Normal form. */
  readonly suffix: string;
  readonly replicaId: ReplicaId;
  /** Of this server: `ldap://host:port`. */
  readonly purl: string;
  /** The replica is being configured, its data imported or restored, or the server stops: suppliers come back later. */
  readonly isUnavailable: boolean;
  /** This replica is sending a total initialization: it takes changes, but no other data. */
  readonly isTotalBusy: boolean;
  /** nsds5ReplicaReleaseTimeout is set: a session may be asked to make room. */
  readonly offersRelease: boolean;
  readonly ignoreTimeSkew: boolean;
  nowSeconds(): number;
  /** undefined: a replica without data, or whose data is being replaced. Own element first when updatable. */
  ruv(): Ruv | undefined;
  generator(): CsnGenerator | undefined;
  /** What only older changes could make matter has been forgotten; undefined: nothing has. */
  purgeCsn(): Csn | undefined;
  /** In memory at once; it is stored with the next change. */
  setGenerator(generator: CsnGenerator): void;
  /** Whether `bindDn` (normal form) is one of the bind DNs or in one of the groups; groups are reloaded when due. */
  maySupply(bindDn: string): boolean;
  /** Whether this change is acknowledged and dropped, because its replica ID was cleaned (CleanAllRUV). */
  isCleaned(csn: Csn): boolean;
  /** Whether a supplier with this own element was given up: it comes back without having been initialized. */
  isGivenUp(supplier: RuvElement): boolean;
  /** Which servers to refer writers to (replication-protocol 11.1), and what peers hold of ours (catch-up gate). `supplierId`
   *  undefined: a read-only supplier, whose update vector begins with the element of another server. */
  hearSupplier(ruv: Ruv, supplierId: ReplicaId | undefined): void;
  /** Begin and end of an incremental session: replica ID and purl of the supplier, and the purls that it knows, for the RUV. */
  learnSupplier(supplier: Ruv): void;
  /** Queues the change. Changes of one session are run in the order of these calls. */
  queueChange(queued: QueuedChange): void;
  /** Opens an empty staging area beside the data; false: that is not possible now. */
  beginImport(): boolean;
  /** Puts an entry, or what comes beside them, into the staging area; `refused`: it cannot be decoded or stored. Settled in
   *  the order of the calls. */
  putEntry(read: ReadItem, settled: (outcome: "put" | "orphan" | "refused") => void): void;
  /** Completes the staging area, installs `ruv` and what has come of cleaned IDs, resets the changelog, closes the catch-up gate,
   *  and swaps, all in one transaction; then `done`. */
  finishImport(ruv: Ruv, done: (outcome: "swapped" | "failed") => void): void;
  abortImport(): void;
}

/** `stale`: it is refused with STALE_RESULT. */
export type ChangeVerdict = "apply" | "covered" | "stale" | "discard";

/** A change on its way through the write queue. */
export interface QueuedChange {
  readonly change: Change;
  /** Who brings it; undefined: a read-only replica. */
  readonly supplierId: ReplicaId | undefined;
  /** What is to be done with it: asked inside the transaction, when its turn has come. `discard`: the session has failed or
   *  is over, there is no answer any more. */
  admit(ruv: Ruv): ChangeVerdict;
  /** Told inside the transaction, right after it was applied, covered or refused: those behind it in the same batch must
   *  know. */
  settle(result: LdapResult): void;
  /** Told when the transaction is on disk. */
  committed(): void;
}

/** A connection of a supplier, as the consumer side sees it. */
export interface SupplierConnection {
  readonly id: number;
  /** Normal form; "" = anonymous. */
  readonly boundDn: string;
  /** For logs: `conn=7`. */
  readonly label: string;
  close(): void;
}
