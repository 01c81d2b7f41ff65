// Where a total initialization gets its entries from (replication-protocol 4.2; conflict-resolution 13.7). The store implements
// it; the agreement thread and the tests know only this.
import type { ReplicationEntry, TotalState, TotalStructure } from "../../protocol/index.ts";
import type { SuppliedId } from "../clean-ruv/index.ts";
import type { Ruv } from "../ruv/index.ts";

/** As it goes on the wire: values with their CSNs, effects of renames joined in. */
export type TotalEntry = ReplicationEntry;

/** What goes to another Concord: entries with their state as it is stored, then what the tree keeps beside them. */
export type TotalItem =
  | { readonly type: "state"; readonly state: TotalState }
  | { readonly type: "structure"; readonly part: TotalStructure };

/** What a consumer is sent, by whatever supplier. */
export type ReceivedItem =
  | { readonly type: "entry"; readonly entry: TotalEntry }
  | { readonly type: "cleaned"; readonly ids: readonly SuppliedId[] }
  | { readonly type: "states"; readonly states: readonly TotalState[] }
  | { readonly type: "structure"; readonly part: TotalStructure };

/** Decodes it. undefined: that is not possible. */
export type ReadItem = () => ReceivedItem | undefined;

export interface EntrySource {
  /** The RUV when it was opened: everything it covers is in the entries. */
  readonly ruv: Ruv;
  /** Entries and tombstones that there are, for progress. */
  readonly entriesEstimate: number;
  /** undefined: there is no data. */
  suffixEntry(): TotalEntry | undefined;
  /** All others, parent before child, tombstones and conflict entries included, without the RUV entry. Read lazily: the
   *  consumer of the iteration decides when to go on. */
  entriesInTreeOrder(): Iterable<TotalEntry>;
  /** Instead of entries, to another Concord: everything, the suffix entry first. `told`: the RUV of Start. */
  items(told: Ruv): Iterable<TotalItem>;
  /** The content that is being sent is not that of the replica any more. */
  isReplaced(): boolean;
  /** Lets go of the snapshot. */
  close(): void;
}
