// Names as the structure rules see them. The normal forms come from the schema and are handed in.
import type { Rdn } from "../../dn/index.ts";
import type { UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import type { ResolveDescription } from "../registers/index.ts";

/** What differs between suffixes and servers. One value per backend and purge CSN. */
export interface StructureRules {
  /** Unique ID of the suffix entry: always live, never named, renamed or deleted. For the add of the suffix entry to an
   *  empty backend: the unique ID in that operation. */
  readonly suffixUniqueId: UniqueId;
  /** DN of the suffix. */
  readonly suffix: string;
  /** `concord-delete-after-rename: keep` (13.4): a delete does nothing when the entry had been renamed by an operation
   *  that the origin of the delete had not seen. */
  readonly keepRenamed: boolean;
  /** Operations up to it have no structural effect any more (13.8). */
  readonly purgeCsn: Csn | undefined;
  /** Normal form of an RDN as a set of assertions: `Schema.normalizeRdn`. */
  normalizeRdn(rdn: Rdn): string;
  readonly resolve: ResolveDescription;
}
