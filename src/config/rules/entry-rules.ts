// What distinguishes the kinds of entries when they are added, modified and deleted. prepare.ts does what is the same for all.
import type { Mod } from "../../protocol/index.ts";
import type { ConfigEntry, TextAttribute } from "../config-entry.ts";
import type { ConfigEvent } from "../events.ts";
import type { TreeView } from "../tree-view.ts";
import type { FieldPolicy } from "./field-policy.ts";

/** Who changes the tree and when; what a pure room cannot know by itself. */
export interface ChangeContext {
  /** DN of the bound identity, for creatorsName and modifiersName. */
  readonly callerDn: string;
  /** Generalized time of now. */
  readonly timestamp: string;
  /** A new nsUniqueId. */
  newUniqueId(): string;
}

/** Entries that come with the added or modified one. */
export interface RuleOutcome {
  /** The entry as it is to be stored. */
  readonly entry: ConfigEntry;
  /** Entries put in or changed beside it, parents first. */
  readonly others?: readonly ConfigEntry[];
  /** Events that do not follow from comparing snapshots. They are resolved after the new tree stands. */
  readonly events?: (after: TreeView) => readonly ConfigEvent[];
}

export interface EntryRules {
  readonly policy: FieldPolicy;
  /** Checks a new entry and completes it. @throws LdapError */
  readonly add?: (tree: TreeView, entry: ConfigEntry, change: ChangeContext) => RuleOutcome;
  /** Checks an entry after its modification, and completes it. @throws LdapError */
  readonly modify?: (
    tree: TreeView,
    before: ConfigEntry,
    after: ConfigEntry,
    mods: readonly Mod[],
  ) => RuleOutcome;
  /** @throws LdapError when the entry may not be deleted */
  readonly checkDelete?: (tree: TreeView, entry: ConfigEntry) => void;
  /** Other names for attributes of this entry, lower case. */
  readonly aliases?: ReadonlyMap<string, string>;
}

/** Attributes of entries that the server makes at run time. */
export function serverMadeStamp(creator: string, change: ChangeContext): readonly TextAttribute[] {
  return [
    ["creatorsName", creator],
    ["modifiersName", creator],
    ["createTimestamp", change.timestamp],
    ["modifyTimestamp", change.timestamp],
    ["nsUniqueId", change.newUniqueId()],
  ];
}
