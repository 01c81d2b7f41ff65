// Where a total initialization gets its entries from: one snapshot of the data (replication-protocol 4.2;
// conflict-resolution 13.7). The store implements it; the agreement thread and the tests know only this.
import type { ReplicationEntry } from "../../protocol/index.ts";
import type { Ruv } from "../ruv/index.ts";

/** As it goes on the wire: values with their CSNs, effects of renames joined in. */
export type TotalEntry = ReplicationEntry;

export interface EntrySource {
  /** The RUV of the snapshot: everything it covers is in the entries. */
  readonly ruv: Ruv;
  /** Entries and tombstones that there are, for progress. */
  readonly entriesEstimate: number;
  /** undefined: there is no data. */
  suffixEntry(): TotalEntry | undefined;
  /** All others, parent before child, tombstones and conflict entries included, without the RUV entry. Read lazily: the
   *  consumer of the iteration decides when to go on. */
  entriesInTreeOrder(): Iterable<TotalEntry>;
  /** Lets go of the snapshot. */
  close(): void;
}
