// The stored form of the tree: LDIF in the layout of 389's dse.ldif, so that administrators can read and mend it while the
// server is down. Only what is set is written; passwords are hashes and credentials sealed by then. Task entries do not
// outlive the process.
import type { AttributeValues } from "../protocol/index.ts";
import { LdifReader, LdifWriter } from "../ldif/index.ts";
import { ConfigEntry } from "./config-entry.ts";
import { ConfigTree } from "./config-tree.ts";
import { CONFIG_DN, findDn, formatShownDn, tidySuffixName } from "./config-dn.ts";
import { isWithin, kindOf, parentOf } from "./entry-kind.ts";
import type { ConfigContext } from "./tree-view.ts";

/** Content of config/dse.ldif, parents before children. */
export function formatDse(tree: ConfigTree): Buffer {
  const writer = new LdifWriter();
  for (const entry of tree.storedEntries()) {
    if (kindOf(entry.normalDn) === "task") continue;
    writer.writeRecord({ type: "content", line: 0, dn: entry.dn, attributes: attributesOf(entry) });
  }
  return writer.take();
}

const attributesOf = (entry: ConfigEntry): readonly AttributeValues[] =>
  Array.from(entry.attributes(), ({ description, values }) => ({ type: description.text, values }));

export interface LoadedDse {
  readonly tree: ConfigTree;
  /** What could not be read, for the log: the rest is used. */
  readonly faults: readonly string[];
}

/** The tree that `bytes` describe, with the entries that no server can do without. Values share their memory. */
export function loadDse(bytes: Buffer, context: ConfigContext): LoadedDse {
  const faults: string[] = [];
  let tree = ConfigTree.createBare(context);
  const entries = new Map<string, ConfigEntry>();
  const reader = new LdifReader();
  for (const record of [...reader.feed(bytes), ...reader.end()]) {
    if (record.type !== "content") {
      const reason = record.type === "invalid" ? record.error.message : "is no entry";
      faults.push(`line ${record.line}: ${reason}`);
      continue;
    }
    const written = findDn(record.dn);
    const dn = written === undefined ? undefined : tidySuffixName(written, context.schema);
    const normalDn = dn === undefined ? "" : context.schema.normalizeDn(dn);
    if (dn === undefined || !isWithin(normalDn, CONFIG_DN)) {
      faults.push(`line ${record.line}: ${record.dn} is not below ${CONFIG_DN}`);
      continue;
    }
    const parent = parentOf(normalDn);
    if (normalDn !== CONFIG_DN && !tree.has(parent) && !entries.has(parent)) {
      faults.push(`line ${record.line}: ${record.dn} has no parent`);
      continue;
    }
    const attributes = record.attributes
      .filter(({ values }) => values.length > 0)
      .map(({ type, values }) => ({
        description: tree.descriptions.get(type),
        values,
      }));
    entries.set(
      normalDn,
      new ConfigEntry({ dn: formatShownDn(dn), normalDn }, tree.descriptions, attributes),
    );
  }
  tree = tree.replaced([...entries.values()], []);
  return { tree, faults };
}
