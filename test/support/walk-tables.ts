// Reads and writes of the key-value store, told by table and key in words of the store room.
import type { BytesTable, IdTable, MemoryKv } from "../../src/kv/index.ts";
import type { Backend } from "../../src/store/index.ts";
import type { WalkTrace } from "./walk-trace.ts";

type Key = number | Uint8Array;
type AnyTable = BytesTable | IdTable;

const KINDS = ["", "presence", "equality", "substring", "ordering"];
const TOMBSTONE_NAME = 0;
const BLOCK_FLAG = 0x80;
const BLOCK_SUFFIX_BYTES = 3;

/** Notes every access to the tables of `kv`, and its transactions. */
export function watchKv(
  kv: MemoryKv,
  trace: WalkTrace,
  findBackend: () => Backend | undefined,
): void {
  const seen = new WeakSet<object>();
  const watched = (table: AnyTable): AnyTable => {
    if (!seen.has(table)) watchTable(table, trace, findBackend);
    seen.add(table);
    return table;
  };
  trace.wrap(kv, "bytesTable", (call) => watched(call() as AnyTable));
  trace.wrap(kv, "idTable", (call) => watched(call() as AnyTable));
  trace.wrap(kv, "renew", (call) => {
    trace.note("kv", "moves the read snapshot to the newest commit");
    return call();
  });
  const transact = kv.transact.bind(kv);
  const watchedTransact = async (run: () => void): Promise<void> => {
    await transact(() => trace.within("kv", "one transaction for all that waits", run));
    trace.note("kv", "the transaction is on disk");
  };
  Object.defineProperty(kv, "transact", { value: watchedTransact });
}

function watchTable(
  table: AnyTable,
  trace: WalkTrace,
  findBackend: () => Backend | undefined,
): void {
  const label = table.name.split("/").at(-1) ?? table.name;
  const describe = (key: Key): string => `${label} ${describeKey(label, key, findBackend())}`;
  const noteRead = (key: Key, found: unknown): void => {
    const isThere = found !== undefined && found !== false;
    trace.note("kv", `reads ${describe(key)}${isThere ? "" : ": none"}`);
  };
  const any = table as IdTable; // the methods of both kinds are wrapped alike
  for (const name of ["get", "getCopy", "has"] as const) {
    trace.wrap(any, name, (call, [key]) => {
      const found = call();
      noteRead(key, found);
      return found;
    });
  }
  if (table.keyKind === "bytes") {
    trace.wrap(table as BytesTable, "getAt", (call, [bytes, start, end]) => {
      const found = call();
      noteRead(bytes.subarray(start, end), found);
      return found;
    });
  }
  // A visit is a range here.
  for (const name of ["range", "keys"] as const) {
    trace.wrap(any, name, (call, [options]) => {
      const from = options?.from;
      trace.note("kv", from === undefined ? `walks ${label}` : `walks ${describe(from)} and on`);
      return call();
    });
  }
  for (const [name, verb] of [
    ["put", "puts"],
    ["delete", "deletes"],
  ] as const) {
    trace.wrap(any, name, (call, [key]) => {
      trace.note("kv", `${verb} ${describe(key)}`);
      return call();
    });
  }
}

function describeKey(table: string, key: Key, backend: Backend | undefined): string {
  if (typeof key === "number") return String(key);
  const bytes = Buffer.from(key);
  switch (table) {
    case "tree":
      return describeName(bytes);
    case "index":
      return describeIndexKey(bytes, backend);
    case "late":
      return String(bytes.readUIntBE(0, bytes.length));
    case "uid":
    case "changelog":
    case "structure":
      return bytes.toString("hex");
    case "digest":
      if (bytes.length === 1) return "marking of everything";
      return bytes[0] === 0 ? `leaves ${bytes[1]}` : `bucket ${bytes.readUInt16BE(1)}`;
    case "last":
      return `${bytes.toString("hex", 0, 16)} ${bytes.toString("utf8", 16)}`;
    default:
      return bytes.toString("utf8");
  }
}

/** Parent and name; the bounds of ranges have no name. */
function describeName(key: Buffer): string {
  const parentId = key.readUInt32BE(0);
  if (key.length <= 5) return `below ${parentId}`;
  if (key[4] === TOMBSTONE_NAME) return `${parentId} tombstone ${key.toString("hex", 5)}`;
  return `${parentId} ${key.toString("utf8", 4)}`;
}

function describeIndexKey(key: Buffer, backend: Backend | undefined): string {
  const tag = key.readUInt16BE(0);
  const kind = key[2] ?? 0;
  const isBlock = kind >= BLOCK_FLAG;
  const index = backend?.indexes.all.find((one) => one.tag === tag);
  const kindName = KINDS[kind % BLOCK_FLAG] ?? "";
  const value = key.toString("utf8", 3, isBlock ? key.length - BLOCK_SUFFIX_BYTES : key.length);
  const isShown = kindName === "equality" || kindName === "ordering"; // there are many substrings
  const shown = isShown ? ` "${value}"` : "";
  return `${index?.type.name ?? tag} ${kindName}${shown}${isBlock ? " block" : ""}`;
}
