// Sends the entries of a total initialization: what the actions `openSource` and `sendEntries` stand for. The suffix entry first,
// then the tree (replication-protocol 4.2).
import {
  REPLICATION_ENTRY_OID,
  MANAGE_DSA_IT_CONTROL,
  encodeReplicationEntry,
} from "../../protocol/index.ts";
import type { Fractional } from "../supplier/index.ts";
import { type EntrySource, type TotalEntry, filterEntry } from "../total/index.ts";
import type { SupplierLink } from "./agreement-world.ts";

export class EntrySender {
  private readonly link: SupplierLink;
  private readonly source: EntrySource;
  private readonly fractional: Fractional;
  private readonly onResult: (code: number) => void;
  private readonly entries: Iterator<TotalEntry>;

  constructor(
    link: SupplierLink,
    source: EntrySource,
    fractional: Fractional,
    onResult: (code: number) => void,
  ) {
    this.link = link;
    this.source = source;
    this.fractional = fractional;
    this.onResult = onResult;
    this.entries = allEntries(source);
  }

  sendEntries(entriesMax: number): { readonly sentEntries: number; readonly rest: "more" | "end" } {
    for (let sentEntries = 0; sentEntries < entriesMax; sentEntries += 1) {
      const next = this.entries.next();
      if (next.done === true) return { sentEntries, rest: "end" };
      this.send(next.value);
    }
    return { sentEntries: entriesMax, rest: "more" };
  }

  close(): void {
    this.source.close();
  }

  private send(entry: TotalEntry): void {
    const value = encodeReplicationEntry(filterEntry(this.fractional, entry));
    const request = { type: "extended", oid: REPLICATION_ENTRY_OID, value } as const;
    this.link.send(request, [MANAGE_DSA_IT_CONTROL], ({ response }) => {
      if ("result" in response) this.onResult(response.result.code);
    });
  }
}

function* allEntries(source: EntrySource): Generator<TotalEntry> {
  const suffix = source.suffixEntry();
  if (suffix === undefined) return;
  yield suffix;
  yield* source.entriesInTreeOrder();
}
