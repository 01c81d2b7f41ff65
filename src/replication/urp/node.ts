// The structure state of a suffix (conflict-resolution 13.3): one node per entry that is or was known, one slot per name.
// Nodes, slots and the structure log are all that has to be stored; glue, conflict names, tombstones and marks are derived
// (see `form.ts`).
import type { UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import type { RenameEffect } from "../registers/index.ts";

/** placeholder: not yet seen; it stands for the parent that an operation named. */
export type Life = "live" | "dead" | "placeholder";

/** The structure state of one entry. Immutable. The suffix entry has no node: it is always live. */
export interface StructureNode {
  readonly life: Life;
  /** Resolved once, when the entry was named. */
  readonly parent: UniqueId;
  /** The wanted RDN: text as written, without an nsuniqueid assertion. Shown with one if `conflict`. */
  readonly rdn: string;
  /** CSN of the operation that gave name and parent; CSN_ZERO when the entry came without (LDIF import). */
  readonly naming: Csn;
  /** Kind of that operation. */
  readonly how: "ADD" | "MODRDN";
  /** Another living entry held the wanted name when the entry was named. */
  readonly conflict: boolean;
  /** CSN of the delete that took effect; set iff dead. */
  readonly death: Csn | undefined;
  /** What effective renames did to attribute values, oldest first; kept until the purge CSN has passed them. */
  readonly effects: readonly RenameEffect[];
}

/** A name: (parent, normal form of the RDN without nsuniqueid assertion). `holder` and `last` are structure state; `glue` is
 *  derived, kept here so that it needs no table of its own. Immutable. */
export interface Slot {
  /** The living entry without conflict flag that has this name. */
  readonly holder: UniqueId | undefined;
  /** The entry that held the name last; equals `holder` while there is one. */
  readonly last: UniqueId | undefined;
  /** Glue without conflict flag that wants this name; nearly always empty. */
  readonly glue: readonly UniqueId[];
}

export const EMPTY_SLOT: Slot = { holder: undefined, last: undefined, glue: [] };

export const isEmptySlot = (slot: Slot): boolean =>
  slot.holder === undefined && slot.last === undefined && slot.glue.length === 0;

/** Children of one entry, or of the suffix entry, as the tree is shown. */
export interface ChildCounts {
  /** Shown children: living ones, conflict entries and glue: numSubordinates. */
  readonly shown: number;
  /** Tombstones: tombstoneNumSubordinates. */
  readonly tombstones: number;
  /** Placeholders that are not shown. */
  readonly placeholders: number;
}
