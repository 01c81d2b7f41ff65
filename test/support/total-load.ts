// A total initialization between two test backends as one Concord gets it from another, over the bytes of its messages.
import {
  decodeTotalStates,
  decodeTotalStructure,
  encodeTotalState,
  encodeTotalStates,
  encodeTotalStructure,
} from "../../src/protocol/index.ts";
import { decodeUniqueId } from "../../src/replication/change/index.ts";
import { toReplicatedAttributes } from "../../src/replication/registers/index.ts";
import type { Ruv } from "../../src/replication/ruv/index.ts";
import type { TotalItem } from "../../src/replication/total/index.ts";
import { BackendStateSource, BackendTxn, type BulkLoad } from "../../src/store/index.ts";
import { storedRegisters } from "../../src/store/repair-state.ts";
import { decodeStateRow } from "../../src/store/state-rows.ts";
import type { EntryId } from "../../src/entry/index.ts";
import type { StoreBackend } from "./store-backend.ts";

export interface TotalOptions {
  /** Called before each item is read. */
  readonly meanwhile?: (items: number) => void;
  readonly bytesMax?: number;
  /** What goes over the wire instead. */
  readonly forge?: (item: TotalItem) => readonly TotalItem[];
}

export interface TotalResult {
  readonly refusals: readonly string[];
  /** As `BulkLoad.complete`. */
  readonly completed: ReturnType<BulkLoad["complete"]>;
}

/** Replaces the content of `to` by that of `from`. */
export function initialize(
  from: StoreBackend,
  to: StoreBackend,
  { meanwhile = () => {}, bytesMax, forge = (item) => [item] }: TotalOptions = {},
): TotalResult {
  const { ruv } = from.backend.committed;
  if (ruv === undefined) throw new Error("the supplier is a replica");
  const load = to.load();
  const refusals: string[] = [];
  let count = 0;
  for (const item of sent(from, ruv, bytesMax)) {
    for (const forged of forge(item)) {
      const refusal = receive(load, forged);
      if (refusal !== undefined) refusals.push(refusal);
    }
    count += 1;
    if (count % 7 === 0) to.commit(load);
    meanwhile(count);
  }
  to.commit(load, { everything: true });
  const completed = load.complete();
  to.swap(load, { ruv, generator: to.backend.newest.generator });
  return { refusals, completed };
}

function sent(from: StoreBackend, told: Ruv, bytesMax: number | undefined): Iterable<TotalItem> {
  const source = new BackendStateSource(from.snapshot());
  return bytesMax === undefined ? source.items(told) : source.items(told, bytesMax);
}

function receive(load: BulkLoad, item: TotalItem): string | undefined {
  if (item.type === "structure") {
    return load.addStructure(decodeTotalStructure(encodeTotalStructure(item.part)))?.reason;
  }
  const bytes = encodeTotalState(item.state);
  const [state] = decodeTotalStates(encodeTotalStates([bytes], bytes.length));
  return state && load.addState(state)?.reason;
}

/** All that decides what a backend shows, now and when changes come late; in words that do not depend on entry IDs. */
export function wholeState({ backend }: StoreBackend): readonly string[] {
  const { tables, descriptions } = backend;
  const lines: string[] = [];
  const txn = new BackendTxn(backend, tables, descriptions);
  for (const { key, value } of tables.uid.range()) {
    const uniqueId = decodeUniqueId(Buffer.from(key));
    const id = value.readUInt32BE(0) as EntryId;
    const { node } = decodeStateRow(tables.state.getCopy(id));
    const registers = toReplicatedAttributes(storedRegisters(backend, txn, uniqueId))
      .map((attribute) => JSON.stringify({ ...attribute, values: attribute.values.map(String) }))
      .sort();
    if (node !== undefined) lines.push(`${uniqueId} ${JSON.stringify(node)}`);
    for (const each of registers) lines.push(`${uniqueId} ${each}`);
  }
  for (const { key, value } of tables.last.range()) {
    const ids = value.subarray(1).toString("hex").match(/.{32}/g) ?? [];
    lines.push(`last ${Buffer.from(key).toString("hex")} ${value[0]} ${[...ids].sort().join(" ")}`);
  }
  for (const { key, value } of tables.structure.range()) {
    lines.push(`record ${Buffer.from(key).toString("hex")} ${value.toString("hex")}`);
  }
  return lines;
}
