// The tree below cn=config as a value: entries by normal DN, never changed in place. A change is made in two phases:
// `prepare` checks a request and gives the next tree with events (prepare.ts); the server stores that tree, swaps it in, and
// acts on the events. Readers of the old tree are not disturbed.
//
// Stored are only values that were set. What is shown adds defaults and computed attributes (shown-entry.ts).
import { assert } from "../base/index.ts";
import type { Schema } from "../schema/index.ts";
import { ConfigDescriptions } from "./config-descriptions.ts";
import { ConfigEntry, type TextAttribute } from "./config-entry.ts";
import {
  SERVER_DN,
  TASKS_DN,
  findDn,
  formatShownDn,
  otherSpelling,
  tidySuffixName,
} from "./config-dn.ts";
import { type DefaultEntry, defaultEntries, requiredEntries } from "./default-tree.ts";
import { isWithin, parentOf } from "./entry-kind.ts";
import { CONFIG_ENTRIES_MAX } from "./limits.ts";
import type { LiveValues } from "./live-values.ts";
import type { ConfigSnapshot } from "./settings.ts";
import type { StockEntries } from "./stock-entries.ts";
import { buildSnapshot } from "./snapshot.ts";
import type { ConfigContext, TreeView } from "./tree-view.ts";
import { showEntry } from "./shown-entry.ts";
import { LdapError } from "../protocol/index.ts";

export class ConfigTree implements TreeView {
  readonly context: ConfigContext;
  readonly descriptions: ConfigDescriptions;
  /** Parents before children. */
  readonly #entries: ReadonlyMap<string, ConfigEntry>;
  #children: ReadonlyMap<string, readonly string[]> | undefined;
  #snapshot: ConfigSnapshot | undefined;

  private constructor(
    context: ConfigContext,
    descriptions: ConfigDescriptions,
    entries: ReadonlyMap<string, ConfigEntry>,
  ) {
    this.context = context;
    this.descriptions = descriptions;
    this.#entries = entries;
  }

  /** The tree of a new server. */
  static create(context: ConfigContext): ConfigTree {
    return ConfigTree.#fromDefaults(context, defaultEntries());
  }

  /** The tree with nothing but what no server can do without. `stock` was made with the schema of `context`. */
  static createBare(context: ConfigContext, stock?: StockEntries): ConfigTree {
    if (stock === undefined) return ConfigTree.#fromDefaults(context, requiredEntries());
    return new ConfigTree(context, stock.descriptions, new Map()).replaced(stock.required, []);
  }

  static #fromDefaults(context: ConfigContext, defaults: readonly DefaultEntry[]): ConfigTree {
    const empty = new ConfigTree(context, new ConfigDescriptions(context.schema), new Map());
    return empty.replaced(
      defaults.map(([dn, attributes]) => empty.makeEntry(dn, attributes)),
      [],
    );
  }

  /** An entry for this tree; the shown DN is made from `dn`, which must be one. */
  makeEntry(dn: string, attributes: readonly TextAttribute[]): ConfigEntry {
    const parsed = findDn(dn);
    assert(parsed !== undefined, `${dn} is a DN`);
    const { schema } = this.context;
    const tidied = tidySuffixName(parsed, schema);
    const name = { dn: formatShownDn(tidied), normalDn: schema.normalizeDn(tidied) };
    return ConfigEntry.fromTexts(name, this.descriptions, attributes);
  }

  get size(): number {
    return this.#entries.size;
  }

  get snapshot(): ConfigSnapshot {
    this.#snapshot ??= buildSnapshot(this);
    return this.#snapshot;
  }

  /** As stored: without defaults and computed attributes. */
  findStored(normalDn: string): ConfigEntry | undefined {
    return this.#entries.get(this.#keyOf(normalDn));
  }

  #keyOf(normalDn: string): string {
    return this.#entries.has(normalDn) ? normalDn : otherSpelling(normalDn, this.context.schema);
  }

  /** Stored entries, parents first. */
  storedEntries(): Iterable<ConfigEntry> {
    return this.#entries.values();
  }

  /** As shown to a client. Names of mapping tree entries are also found when the suffix in them is spelled differently. */
  find(normalDn: string): ConfigEntry | undefined {
    const stored = this.findStored(normalDn);
    return stored === undefined ? undefined : showEntry(this, stored);
  }

  has(normalDn: string): boolean {
    return this.findStored(normalDn) !== undefined;
  }

  childNames(normalDn: string): readonly string[] {
    this.#children ??= collectChildren(this.#entries.keys());
    return this.#children.get(this.#keyOf(normalDn)) ?? [];
  }

  *children(normalDn: string): IterableIterator<ConfigEntry> {
    for (const name of this.childNames(normalDn)) {
      const entry = this.find(name);
      if (entry !== undefined) yield entry;
    }
  }

  /** The entry itself and all below it, parents first. */
  *subtree(normalDn: string): IterableIterator<ConfigEntry> {
    const entry = this.find(normalDn);
    if (entry === undefined) return;
    yield entry;
    for (const name of this.childNames(normalDn)) yield* this.subtree(name);
  }

  /** The tree with entries put in (or over those of the same name) and others taken out. */
  replaced(put: readonly ConfigEntry[], removed: readonly string[]): ConfigTree {
    const entries = new Map(this.#entries);
    for (const name of removed) entries.delete(name);
    for (const entry of put) entries.set(entry.normalDn, entry);
    if (entries.size > CONFIG_ENTRIES_MAX) {
      throw new LdapError("unwillingToPerform", "Too many configuration entries");
    }
    return new ConfigTree(this.context, this.descriptions, entries);
  }

  /** A change that the server itself makes: attributes are replaced without checks (no values: removed).
   *  Nothing happens when there is no such entry. */
  updated(
    normalDn: string,
    attributes: readonly TextAttribute[],
    at: { readonly timestamp: string; readonly by?: string },
  ): ConfigTree {
    const entry = this.findStored(normalDn);
    if (entry === undefined) return this;
    const stamp: readonly TextAttribute[] = [
      ["modifiersName", at.by ?? SERVER_DN],
      ["modifyTimestamp", at.timestamp],
    ];
    return this.replaced([entry.with([...attributes, ...stamp])], []);
  }

  /** The tree without the entry of a task that is over. */
  withoutTask(normalDn: string): ConfigTree {
    assert(isWithin(normalDn, TASKS_DN), "only task entries expire");
    return this.has(normalDn) ? this.replaced([], [normalDn]) : this;
  }

  /** The same entries under another schema. */
  withSchema(schema: Schema): ConfigTree {
    const descriptions = new ConfigDescriptions(schema);
    const entries = new Map<string, ConfigEntry>();
    for (const [name, entry] of this.#entries) entries.set(name, entry.redescribed(descriptions));
    return new ConfigTree({ ...this.context, schema }, descriptions, entries);
  }

  /** The same entries with other sources of live values. */
  withLiveValues(live: LiveValues): ConfigTree {
    return new ConfigTree({ ...this.context, live }, this.descriptions, this.#entries);
  }
}

function collectChildren(names: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>();
  for (const name of names) {
    const parent = parentOf(name);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [name]);
    else siblings.push(name);
  }
  return children;
}
