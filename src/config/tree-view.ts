// The tree as its readers within this room see it: snapshot.ts, shown-entry.ts and the rules need no more.
import type { Schema } from "../schema/index.ts";
import type { ConfigDescriptions } from "./config-descriptions.ts";
import type { ConfigEntry, TextAttribute } from "./config-entry.ts";
import type { InstanceDefaults } from "./fields/field.ts";
import type { LiveValues } from "./live-values.ts";
import type { ConfigSnapshot } from "./settings.ts";

export interface ConfigContext {
  readonly schema: Schema;
  readonly instance: InstanceDefaults;
  readonly live: LiveValues;
}

export interface TreeView {
  readonly context: ConfigContext;
  readonly descriptions: ConfigDescriptions;
  readonly snapshot: ConfigSnapshot;
  has(normalDn: string): boolean;
  /** As stored: without defaults and computed attributes. */
  findStored(normalDn: string): ConfigEntry | undefined;
  /** As shown to a client. */
  find(normalDn: string): ConfigEntry | undefined;
  /** Normal DNs of the entries right below. */
  childNames(normalDn: string): readonly string[];
  /** An entry for this tree; the shown DN is made from `dn`, which must be one. */
  makeEntry(dn: string, attributes: readonly TextAttribute[]): ConfigEntry;
}
