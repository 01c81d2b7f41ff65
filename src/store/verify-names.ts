// The table of names without a holder: who held a name last, and glue that wants it.
import { RecordFlag, recordFlags } from "../entry/index.ts";
import { type UniqueId, decodeUniqueId } from "../replication/change/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";
import type { Report } from "./verify-finding.ts";

const UNIQUE_ID_BYTES = 16;

export function verifyNames(backend: Backend, report: Report): void {
  const { tables, schema } = backend;
  const listedGlue = new Set<string>();
  for (const { key, value } of tables.last.range()) {
    const name = Buffer.from(key).toString("hex");
    if (value.length % UNIQUE_ID_BYTES !== 1 || (value[0] as number) > 1) {
      report("name", `row ${name} cannot be read`);
      continue;
    }
    const parent = decodeUniqueId(Buffer.from(key));
    const ids: UniqueId[] = [];
    for (let at = 1; at < value.length; at += UNIQUE_ID_BYTES) ids.push(decodeUniqueId(value, at));
    const txn = new BackendTxn(backend, tables, backend.descriptions);
    for (const id of ids) {
      if (txn.structure.getNode(id) === undefined)
        report("name", `row ${name} names ${id}, which has no node`);
    }
    for (const id of ids.slice(value[0])) {
      const node = txn.structure.getNode(id);
      if (node?.parent !== parent)
        report("name", `row ${name} lists glue ${id}, which stands elsewhere`);
      listedGlue.add(id);
    }
  }
  for (const id of tables.entry.keys()) {
    const record = tables.entry.getCopy(id);
    if (record === undefined || (recordFlags(record) & RecordFlag.glue) === 0) continue;
    const txn = new BackendTxn(backend, tables, backend.descriptions);
    const { uniqueId } = txn.writer.getEntry(id as Parameters<typeof txn.writer.getEntry>[0]);
    const node = txn.structure.getNode(uniqueId);
    if (node === undefined || node.conflict) continue;
    if (!listedGlue.delete(uniqueId)) {
      report(
        "name",
        `glue ${uniqueId} (${schema.normalizeDnText(node.rdn)}) is not listed under its name`,
      );
    }
  }
  for (const id of listedGlue) report("name", `${id} is listed as glue, but is none`);
}
