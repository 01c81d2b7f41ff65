// Keys of the index table. All indexes of a backend share it, so that an operation touches one table.
//
//   list key    tag (2 bytes, big-endian)  kind (1 byte)         value
//   block key   tag                        kind + 0x80 (1 byte)  value   block number (3 bytes, big-endian)
//
// The tag stands for an attribute type; `meta` knows which. The value is the normal form under the rule of the kind:
//
//   kind        value
//   presence    nothing
//   equality    normal form; one of more than INDEX_VALUE_BYTES_MAX bytes is cut there and followed by the first
//               INDEX_HASH_BYTES of its SHA-256, which makes it longer than any uncut one. Byte order survives the cut.
//   substring   three bytes of the substring form between its markers (index-keys.ts)
//   ordering    as equality, with the ordering rule
//
// In memory a key is a latin1 string: one character a byte, so that sets, maps and `<` work on it.

import { createHash } from "node:crypto";
import { findEqualityRule, findOrderingRule, findSubstringRule } from "../filter/index.ts";
import { copyInto } from "../kv/index.ts";
import type { AttributeType, MatchingRule } from "../schema/index.ts";
import { BLOCK_IDS, INDEX_HASH_BYTES, INDEX_VALUE_BYTES_MAX } from "./limits.ts";

export type IndexKind = "presence" | "equality" | "substring" | "ordering";

/** What an index covers: the values of `type` in all option forms, not those of its subtypes, which have their own. */
export interface IndexDefinition {
  readonly type: AttributeType;
  /** 1 to 65535, not used for another type of the backend. */
  readonly tag: number;
  readonly kinds: ReadonlySet<IndexKind>;
}

const KIND_CODES: Readonly<Record<IndexKind, number>> = {
  presence: 1,
  equality: 2,
  substring: 3,
  ordering: 4,
};
const PREFIX_BYTES = 3;
const BLOCK_FLAG = 0x80;
const BLOCK_SUFFIX_BYTES = 3;

/** What all keys of one kind of an index begin with. */
export function keyPrefix(tag: number, kind: IndexKind): string {
  return String.fromCharCode(tag >> 8, tag & 0xff, KIND_CODES[kind]);
}

/** Writes the key of a normal form that is not cut (`isUncut`) and returns its length. `target` has KV_KEY_BYTES_MAX bytes. */
export function writeKey(target: Buffer, tag: number, kind: IndexKind, normal: Buffer): number {
  target[0] = tag >> 8;
  target[1] = tag & 0xff;
  target[2] = KIND_CODES[kind];
  return copyInto(target, PREFIX_BYTES, normal, 0, normal.length);
}

export const isUncut = (normal: Buffer): boolean => normal.length <= INDEX_VALUE_BYTES_MAX;

/** The part of a key that stands for a normal form; `exact` unless it may stand for others too. */
export function keyValue(normal: Buffer): { readonly text: string; readonly exact: boolean } {
  if (isUncut(normal)) {
    return { text: normal.toString("latin1"), exact: true };
  }
  const hash = createHash("sha256").update(normal).digest().subarray(0, INDEX_HASH_BYTES);
  return { text: cutValue(normal) + hash.toString("latin1"), exact: false };
}

/** What the keys of a normal form begin with whether it was cut or not. */
export function cutValue(normal: Buffer): string {
  return normal.toString("latin1", 0, INDEX_VALUE_BYTES_MAX);
}

export function keyBytes(key: string): Buffer {
  return Buffer.from(key, "latin1");
}

export function keyText(key: Uint8Array, length: number = key.length): string {
  return Buffer.from(key).toString("latin1", 0, length);
}

export function blockNumber(id: number): number {
  return Math.floor(id / BLOCK_IDS);
}

export function blockKey(key: string, block: number): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + BLOCK_SUFFIX_BYTES);
  bytes.write(key, 0, "latin1");
  bytes[2]! |= BLOCK_FLAG;
  writeBlockNumber(bytes, key.length, block);
  return bytes;
}

/** Makes the key of a block, whose list key has `listKeyLength` bytes, that of another block. */
export function writeBlockNumber(bytes: Buffer, listKeyLength: number, block: number): void {
  bytes.writeUIntBE(block, listKeyLength, BLOCK_SUFFIX_BYTES);
}

/** The first key behind all that begin with `prefix`; undefined behind the last of all. */
export function prefixEnd(prefix: string): string | undefined {
  for (let length = prefix.length; length > 0; length -= 1) {
    const last = prefix.charCodeAt(length - 1);
    if (last < 0xff) return prefix.slice(0, length - 1) + String.fromCharCode(last + 1);
  }
  return undefined;
}

/** The rule whose normal forms are the values of a kind; undefined: such an index stays empty. */
export function kindRule(type: AttributeType, kind: IndexKind): MatchingRule | undefined {
  switch (kind) {
    case "presence":
      return undefined;
    case "equality":
      return findEqualityRule(type);
    case "substring":
      return findSubstringRule(type);
    case "ordering":
      return findOrderingRule(type);
  }
}

/** Whether the equality keys of the type stand in the order of its ordering rule, which needs no keys of its own then. */
export function equalityIsOrdered(type: AttributeType): boolean {
  const equality = findEqualityRule(type);
  return equality !== undefined && findOrderingRule(type)?.normalize === equality.normalize;
}
