// The stored form of the tree: LDIF in the layout of 389's dse.ldif, so that administrators can read and mend it while the
// server is down. Only what is set is written; passwords are hashes and credentials sealed by then. Task entries do not
// outlive the process.
import { type LdifInvalidRecord, LdifReader, type LdifRecord, LdifWriter } from "../ldif/index.ts";
import { CONFIG_DN, findDn, formatShownDn, tidySuffixName } from "./config-dn.ts";
import { ConfigEntry } from "./config-entry.ts";
import { ConfigTree } from "./config-tree.ts";
import { isWithin, kindOf, parentOf } from "./entry-kind.ts";
import { type StockEntries, writeStored } from "./stock-entries.ts";
import type { ConfigContext } from "./tree-view.ts";

/** Ends a record, with the line before. */
const RECORD_END = "\n\n";

/** Content of config/dse.ldif, parents before children. */
export function formatDse(tree: ConfigTree): Buffer {
  const writer = new LdifWriter();
  for (const entry of tree.storedEntries()) {
    if (kindOf(entry.normalDn) !== "task") writeStored(entry, writer);
  }
  return writer.take();
}

export interface LoadedDse {
  readonly tree: ConfigTree;
  /** What could not be read, for the log: the rest is used. */
  readonly faults: readonly string[];
}

/** The tree that `bytes` describe, with the entries that no server can do without. Values share their memory. `stock` was made
 *  with the schema of `context`; the tree is the same without it. */
export function loadDse(bytes: Buffer, context: ConfigContext, stock?: StockEntries): LoadedDse {
  const faults: string[] = [];
  const bare = ConfigTree.createBare(context, stock);
  const entries = new Map<string, ConfigEntry>();
  for (const record of readRecords(bytes, stock)) {
    const read = record.type === "stock" ? record.entry : readEntry(record, bare);
    const entry = typeof read === "string" ? undefined : read;
    if (entry === undefined) {
      faults.push(`line ${record.line}: ${read as string}`);
      continue;
    }
    const parent = parentOf(entry.normalDn);
    if (entry.normalDn !== CONFIG_DN && !bare.has(parent) && !entries.has(parent)) {
      faults.push(`line ${record.line}: ${record.dn ?? ""} has no parent`);
      continue;
    }
    entries.set(entry.normalDn, entry);
  }
  return { tree: bare.replaced([...entries.values()], []), faults };
}

/** A record that has the text of an entry of the stock. */
interface StockRecord {
  readonly type: "stock";
  readonly line: number;
  readonly dn: string;
  readonly entry: ConfigEntry;
}

function* readRecords(
  bytes: Buffer,
  stock: StockEntries | undefined,
): Iterable<LdifRecord | LdifInvalidRecord | StockRecord> {
  const reader = new LdifReader();
  const text = stock === undefined ? "" : bytes.toString("latin1");
  let start = 0;
  for (let end = text.indexOf(RECORD_END); end >= 0; end = text.indexOf(RECORD_END, start)) {
    const entry = stock?.byText.get(text.slice(start, end));
    const next = end + RECORD_END.length;
    if (entry === undefined) yield* reader.feed(bytes.subarray(start, next));
    else {
      yield { type: "stock", line: reader.line + 1, dn: entry.dn, entry };
      reader.passOver(text.slice(start, next).split("\n").length - 1);
    }
    start = next;
  }
  yield* reader.feed(bytes.subarray(start));
  yield* reader.end();
}

/** @returns what is wrong with it when it is no entry of cn=config */
function readEntry(record: LdifRecord | LdifInvalidRecord, tree: ConfigTree): ConfigEntry | string {
  if (record.type === "invalid") return record.error.message;
  if (record.type !== "content") return "is no entry";
  const { schema } = tree.context;
  const written = findDn(record.dn);
  const dn = written === undefined ? undefined : tidySuffixName(written, schema);
  const normalDn = dn === undefined ? "" : schema.normalizeDn(dn);
  if (dn === undefined || !isWithin(normalDn, CONFIG_DN)) {
    return `${record.dn} is not below ${CONFIG_DN}`;
  }
  const attributes = record.attributes
    .filter(({ values }) => values.length > 0)
    .map(({ type, values }) => ({ description: tree.descriptions.get(type), values }));
  return new ConfigEntry({ dn: formatShownDn(dn), normalDn }, tree.descriptions, attributes);
}
