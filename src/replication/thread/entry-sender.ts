// Sends the content of a total initialization: what the actions `openSource` and `sendEntries` stand for. The suffix entry first,
// then the tree (replication-protocol 4.2). Another Concord gets entries with their state as it is stored, after the first one what
// is known of cleaned replica IDs, and after the last one the structure log; to the machine each request of it is one more entry.
import {
  MANAGE_DSA_IT_CONTROL,
  REPLICATION_ENTRY_OID,
  TOTAL_CLEANED_OID,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
  type TotalCleaned,
  encodeReplicationEntry,
  encodeTotalCleaned,
  encodeTotalState,
  encodeTotalStates,
  encodeTotalStructure,
} from "../../protocol/index.ts";
import type { Ruv } from "../ruv/index.ts";
import type { Fractional } from "../supplier/index.ts";
import { type EntrySource, filterEntry } from "../total/index.ts";
import type { SupplierLink } from "./agreement-world.ts";

/** States of so many bytes at most go together, larger ones alone: each request is answered, and stands in the access log. */
const STATES_BYTES = 16 * 1024;

export interface EntrySenderOptions {
  readonly fractional: Fractional;
  /** The RUV of Start, for a consumer that takes the structure log. */
  readonly told: Ruv | undefined;
  /** Of cleaned replica IDs, as of Start; for a consumer that is not to know of them, none. */
  readonly cleaned: readonly TotalCleaned[];
}

interface EntryRequest {
  readonly oid: string;
  readonly value: Buffer;
}

export class EntrySender {
  private readonly link: SupplierLink;
  private readonly source: EntrySource;
  private readonly onResult: (code: number) => void;
  private readonly requests: Iterator<EntryRequest>;

  constructor(
    link: SupplierLink,
    source: EntrySource,
    { fractional, told, cleaned }: EntrySenderOptions,
    onResult: (code: number) => void,
  ) {
    this.link = link;
    this.source = source;
    this.onResult = onResult;
    const content =
      told === undefined ? entries(source, fractional) : items(source, fractional, told);
    this.requests = withCleaned(content, cleaned);
  }

  sendEntries(entriesMax: number): {
    readonly sentEntries: number;
    readonly rest: "more" | "end" | "replaced";
  } {
    if (this.source.isReplaced()) return { sentEntries: 0, rest: "replaced" };
    for (let sentEntries = 0; sentEntries < entriesMax; sentEntries += 1) {
      const next = this.requests.next();
      if (next.done === true) return { sentEntries, rest: "end" };
      this.send(next.value);
    }
    return { sentEntries: entriesMax, rest: "more" };
  }

  close(): void {
    this.source.close();
  }

  private send({ oid, value }: EntryRequest): void {
    const request = { type: "extended", oid, value } as const;
    this.link.send(request, [MANAGE_DSA_IT_CONTROL], ({ response }) => {
      if ("result" in response) this.onResult(response.result.code);
    });
  }
}

/** What is known of cleaned IDs goes behind the suffix entry, which is the first of any initialization. */
function* withCleaned(
  content: Iterator<EntryRequest>,
  cleaned: readonly TotalCleaned[],
): Generator<EntryRequest> {
  let isDue = cleaned.length > 0;
  for (let next = content.next(); next.done !== true; next = content.next()) {
    yield next.value;
    if (isDue) yield { oid: TOTAL_CLEANED_OID, value: encodeTotalCleaned(cleaned) };
    isDue = false;
  }
}

/** As 389 takes them. */
function* entries(source: EntrySource, fractional: Fractional): Generator<EntryRequest> {
  const suffix = source.suffixEntry();
  if (suffix === undefined) return;
  const request = (entry: typeof suffix): EntryRequest => ({
    oid: REPLICATION_ENTRY_OID,
    value: encodeReplicationEntry(filterEntry(fractional, entry)),
  });
  yield request(suffix);
  for (const entry of source.entriesInTreeOrder()) yield request(entry);
}

/** The suffix entry goes alone, others together. A fractional consumer gets all operations on the tree, and so it gets all of the
 *  structure log. */
function* items(source: EntrySource, fractional: Fractional, told: Ruv): Generator<EntryRequest> {
  const states = new WaitingStates();
  let isFirst = true;
  for (const item of source.items(told)) {
    if (item.type === "structure") {
      yield* states.take();
      yield { oid: TOTAL_STRUCTURE_OID, value: encodeTotalStructure(item.part) };
      continue;
    }
    const { entry, node } = item.state;
    const state = encodeTotalState({ entry: filterEntry(fractional, entry), node });
    if (states.bytes + state.length > STATES_BYTES) yield* states.take();
    states.add(state);
    if (isFirst) yield* states.take();
    isFirst = false;
  }
  yield* states.take();
}

/** Encoded states that go together. */
class WaitingStates {
  /** Of all of them. */
  bytes = 0;
  private states: Buffer[] = [];

  add(state: Buffer): void {
    this.states.push(state);
    this.bytes += state.length;
  }

  /** The request that they are, if there are any. */
  *take(): Generator<EntryRequest> {
    const { states, bytes } = this;
    this.states = [];
    this.bytes = 0;
    if (states.length > 0) yield { oid: TOTAL_STATES_OID, value: encodeTotalStates(states, bytes) };
  }
}
