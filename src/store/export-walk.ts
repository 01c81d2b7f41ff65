// The entries of a backend parents first, tombstones too, with their DNs. Children are fetched a few at a time, so that a wide
// tree takes no more memory than a deep one.
import type { EntryId, StoredEntry } from "../entry/index.ts";
import type { Backend } from "./backend.ts";
import { childRange } from "./tables.ts";

/** Children read at a time. */
const CHILDREN_AT_ONCE = 1000;

export interface WalkedEntry {
  readonly entry: StoredEntry;
  readonly dn: string;
}

/** An entry whose children are being gone through. */
interface Level {
  readonly id: EntryId;
  readonly dn: string;
  readonly to: Buffer;
  /** Where the next children start; undefined: there are no more. */
  from: Buffer | undefined;
  children: EntryId[];
}

/** The suffix entry comes first. */
export function* walkTree(backend: Backend): Generator<WalkedEntry> {
  const { reader, suffixDn } = backend;
  const suffixId = reader.suffixId;
  if (suffixId === undefined) return;
  yield { entry: reader.getEntry(suffixId), dn: suffixDn };
  const levels: Level[] = [newLevel(suffixId, suffixDn)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const id = nextChild(backend, level);
    if (id === undefined) {
      levels.pop();
      continue;
    }
    const entry = reader.entry(id);
    if (entry === undefined) {
      // A placeholder that is not shown: tombstones may stand below it.
      levels.push(newLevel(id, reader.dnOf(id).dn));
      continue;
    }
    const dn = `${entry.rdn},${level.dn}`;
    yield { entry, dn };
    if (backend.tables.children.has(id)) levels.push(newLevel(id, dn));
  }
}

function newLevel(id: EntryId, dn: string): Level {
  const { from } = childRange(id, "tombstones");
  return { id, dn, from, to: childRange(id, "shown").to, children: [] };
}

function nextChild({ tables }: Backend, level: Level): EntryId | undefined {
  if (level.children.length === 0 && level.from !== undefined) {
    const limit = CHILDREN_AT_ONCE;
    let last: Uint8Array | undefined;
    for (const { key, value } of tables.tree.range({ from: level.from, to: level.to, limit })) {
      level.children.push(value.readUInt32BE(0) as EntryId);
      last = key;
    }
    const isLast = last === undefined || level.children.length < limit;
    level.from = isLast || last === undefined ? undefined : Buffer.concat([last, Buffer.of(0)]);
    level.children.reverse();
  }
  return level.children.pop();
}
