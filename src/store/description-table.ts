// The stored table of attribute descriptions, one for all backends: number → text.
import type { DescriptionRow } from "../entry/index.ts";
import type { IdTable, Kv, WriteSet } from "../kv/index.ts";
import { raiseGeneration } from "./generations.ts";

const TABLE = "description";

export const descriptionTable = (kv: Kv): IdTable => kv.idTable(TABLE);

export function* readDescriptions(kv: Kv): Iterable<DescriptionRow> {
  kv.renew();
  for (const { key, value } of descriptionTable(kv).range()) {
    yield { id: key, text: value.toString("utf8") };
  }
}

export function putDescriptions(kv: Kv, writes: WriteSet, rows: readonly DescriptionRow[]): void {
  if (rows.length === 0) return;
  const table = writes.table(descriptionTable(kv));
  for (const { id, text } of rows) table.put(id, Buffer.from(text, "utf8"));
  raiseGeneration(kv, writes, "descriptions");
}
