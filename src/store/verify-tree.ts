// The tree against the records, and the counts of children against the tree.
import {
  type EntryId,
  RecordFlag,
  recordFlags,
  recordParentId,
  recordRdn,
  recordUniqueId,
} from "../entry/index.ts";
import { decodeUniqueId, encodeUniqueId } from "../replication/change/index.ts";
import type { Backend } from "./backend.ts";
import { lastAllottedId } from "./last-id.ts";
import { decodeStateRow } from "./state-rows.ts";
import { type BackendTables, tombstoneKey, treeKey } from "./tables.ts";
import type { Report } from "./verify-finding.ts";

const TOMBSTONE_BYTE_AT = 4;
const TOMBSTONE_BYTE = 0x00;

interface Counts {
  shown: number;
  tombstones: number;
  placeholders: number;
}

export function verifyTree(backend: Backend, report: Report): void {
  const { tables } = backend;
  const counts = new Map<number, Counts>();
  let roots = 0;
  for (const { key, value } of tables.tree.range()) {
    const parentId = Buffer.from(key).readUInt32BE(0);
    const id = value.readUInt32BE(0) as EntryId;
    if (parentId === 0) {
      roots += 1;
      if (id !== backend.reader.suffixId)
        report("suffix", `entry ${id} has no parent and is not the suffix entry`);
    }
    const record = tables.entry.getCopy(id);
    if (record === undefined) {
      verifyHidden(tables, { key: Buffer.from(key), parentId, id }, report);
      if (parentId !== 0) countsOf(counts, parentId).placeholders += 1;
      continue;
    }
    const expected = keyOf(backend, record);
    if (!expected.equals(key))
      report(
        "tree",
        `row ${Buffer.from(key).toString("hex")} names entry ${id}, which is called ${recordRdn(record)}`,
      );
    if (parentId === 0) continue;
    if ((recordFlags(record) & RecordFlag.tombstone) === 0) countsOf(counts, parentId).shown += 1;
    else countsOf(counts, parentId).tombstones += 1;
  }
  if (roots > 1) report("suffix", `the tree has ${roots} roots`);
  if (roots === 0 && tables.entry.count() > 0)
    report("suffix", "there are entries and no suffix entry");
  verifyCounts(tables, counts, report);
  verifyUniqueIds(tables, report);
}

/** A name without a record stands for a placeholder that is not shown. */
function verifyHidden(
  tables: BackendTables,
  row: { readonly key: Buffer; readonly parentId: number; readonly id: EntryId },
  report: Report,
): void {
  const { node } = decodeStateRow(tables.state.getCopy(row.id));
  const isHiddenKey = row.key.length === 21 && row.key[TOMBSTONE_BYTE_AT] === TOMBSTONE_BYTE;
  if (!isHiddenKey || node?.life !== "placeholder") {
    report("tree", `row ${row.key.toString("hex")} names entry ${row.id}, which is not there`);
    return;
  }
  const uidRow = tables.uid.get(row.key.subarray(5));
  if (uidRow?.readUInt32BE(0) !== row.id)
    report("tree", `placeholder ${row.id} is called by another unique ID`);
  const parentRow = tables.uid.get(encodeUniqueId(node.parent));
  if (parentRow?.readUInt32BE(0) !== row.parentId)
    report("tree", `placeholder ${row.id} stands below ${row.parentId}, not below its parent`);
}

function countsOf(counts: Map<number, Counts>, id: number): Counts {
  let found = counts.get(id);
  if (found === undefined) {
    found = { shown: 0, tombstones: 0, placeholders: 0 };
    counts.set(id, found);
  }
  return found;
}

function verifyCounts(tables: BackendTables, counts: Map<number, Counts>, report: Report): void {
  const text = (one: Counts): string =>
    `${one.shown} children, ${one.tombstones} tombstones and ${one.placeholders} placeholders`;
  for (const { key: id, value } of tables.children.range()) {
    const stored = {
      shown: value.readUInt32BE(0),
      tombstones: value.readUInt32BE(4),
      placeholders: value.readUInt32BE(8),
    };
    const actual = counts.get(id) ?? { shown: 0, tombstones: 0, placeholders: 0 };
    counts.delete(id);
    if (text(stored) !== text(actual)) {
      report("children", `entry ${id} counts ${text(stored)}, but has ${text(actual)}`);
    }
  }
  for (const [id, actual] of counts) {
    report("children", `entry ${id} counts nothing, but has ${text(actual)}`);
  }
}

function keyOf(backend: Backend, record: Buffer): Buffer {
  const parentId = recordParentId(record);
  if ((recordFlags(record) & RecordFlag.tombstone) !== 0) {
    return tombstoneKey(parentId, recordUniqueId(record));
  }
  return treeKey(parentId, backend.schema.normalizeDnText(recordRdn(record)));
}

function verifyUniqueIds(tables: BackendTables, report: Report): void {
  const seen = new Set<number>();
  const last = lastAllottedId(tables);
  for (const { key, value } of tables.uid.range()) {
    const id = value.readUInt32BE(0) as EntryId;
    const uniqueId = decodeUniqueId(Buffer.from(key));
    if (seen.has(id))
      report("uniqueId", `several unique IDs stand for entry ${id}, among them ${uniqueId}`);
    seen.add(id);
    const record = tables.entry.getCopy(id);
    if (record !== undefined && recordUniqueId(record) !== uniqueId) {
      report("uniqueId", `${uniqueId} stands for entry ${id}, which has ${recordUniqueId(record)}`);
    }
    if (id > last) report("uniqueId", `${uniqueId} stands for entry ${id}, which is to come`);
  }
  for (const id of tables.state.keys()) {
    if (!seen.has(id) && !isLeftToSettle(tables, id)) {
      report("uniqueId", `entry ${id} has state, but no unique ID`);
    }
  }
}

/** A removed entry that the digest tree still counts. */
function isLeftToSettle(tables: BackendTables, id: number): boolean {
  const { node, registers, digest, isStale } = decodeStateRow(tables.state.getCopy(id));
  return node === undefined && registers.length === 0 && digest !== undefined && isStale;
}
