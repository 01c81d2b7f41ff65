// The entries of a new server, made once, and found by their text in dse.ldif: most of what a configuration holds is as it came, and
// need not be read again when the server starts from a snapshot that holds them. They are good for the schema they were made with,
// and for no other.
import { LdifWriter } from "../ldif/index.ts";
import type { ConfigDescriptions } from "./config-descriptions.ts";
import type { ConfigEntry } from "./config-entry.ts";
import { ConfigTree } from "./config-tree.ts";
import type { ConfigContext } from "./tree-view.ts";

export interface StockEntries {
  readonly descriptions: ConfigDescriptions;
  /** By the lines of the record, without the empty one after it; each byte is a character. */
  readonly byText: ReadonlyMap<string, ConfigEntry>;
  /** Those that no server can do without. */
  readonly required: readonly ConfigEntry[];
}

/** Entries do not depend on the instance of `context`. */
export function makeStockEntries(context: ConfigContext): StockEntries {
  const tree = ConfigTree.createBare(context);
  const { descriptions } = tree;
  const byText = new Map<string, ConfigEntry>();
  for (const entry of ConfigTree.create(context).storedEntries()) {
    byText.set(textOf(entry), entry.redescribed(descriptions));
  }
  // Who reads a configuration asks for every setting by its name: the names are known from then on.
  void tree.replaced([...byText.values()], []).snapshot;
  return { descriptions, byText, required: [...tree.storedEntries()] };
}

/** Writes the record of an entry as it stands in dse.ldif. */
export function writeStored(entry: ConfigEntry, writer: LdifWriter): void {
  const attributes = Array.from(entry.attributes(), ({ description, values }) => ({
    type: description.text,
    values,
  }));
  writer.writeRecord({ type: "content", line: 0, dn: entry.dn, attributes });
}

function textOf(entry: ConfigEntry): string {
  const writer = new LdifWriter();
  writeStored(entry, writer);
  return writer.take().toString("latin1").trimEnd();
}
