// A change: what was done to one entry under one CSN, in the form in which it is logged and sent to other replicas
// (replication-protocol 5.1, 5.2; conflict-resolution 13.1). It is what the client asked for, not what it resolved to.
import { assert } from "../../base/index.ts";
import type { AttributeValues, Mod } from "../../protocol/index.ts";
import type { Csn } from "../csn/index.ts";

/** nsUniqueId in text form: four groups of 8 lower-case hex digits. */
export type UniqueId = string & { readonly brand: "UniqueId" };

/** nsUniqueId of the entry that holds the RUV of a replica. */
export const RUV_UNIQUE_ID = "ffffffff-ffffffff-ffffffff-ffffffff" as UniqueId;

interface ChangeBase {
  readonly csn: Csn;
  readonly uniqueId: UniqueId;
  /** As it stood at the time of the operation; a hint where the unique ID is known. */
  readonly dn: string;
}
export interface AddChange extends ChangeBase {
  readonly type: "add";
  readonly attributes: readonly AttributeValues[];
  /** undefined for the suffix entry, and when a supplier did not send it. */
  readonly parentUniqueId: UniqueId | undefined;
}
export interface ModifyChange extends ChangeBase {
  readonly type: "modify";
  /** Never `increment`: that is logged as the resulting replace. */
  readonly mods: readonly Mod[];
}
export interface DeleteChange extends ChangeBase {
  readonly type: "delete";
}
export interface ModifyDnChange extends ChangeBase {
  readonly type: "modifyDn";
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  /** undefined: the parent stays. */
  readonly newSuperior: string | undefined;
  /** 389 leaves it out even when there is a new superior. */
  readonly newSuperiorUniqueId: UniqueId | undefined;
  /** modifiersName and modifyTimestamp. */
  readonly mods: readonly Mod[];
}
export type Change = AddChange | ModifyChange | DeleteChange | ModifyDnChange;

const UNIQUE_ID_BYTES = 16;
const HYPHEN = 0x2d;
const ZERO = 0x30;
const LOWER_A = 0x61;
const UNIQUE_ID_TEXT = /^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/;

/** undefined unless `text` has the form of an nsUniqueId; upper-case digits are taken. */
export function parseUniqueId(text: string): UniqueId | undefined {
  const lower = text.toLowerCase();
  return UNIQUE_ID_TEXT.test(lower) ? (lower as UniqueId) : undefined;
}

/** The stored form, 16 bytes. */
export function encodeUniqueId(id: UniqueId): Buffer {
  const bytes = Buffer.allocUnsafe(UNIQUE_ID_BYTES);
  putUniqueId(id, bytes, 0);
  return bytes;
}

/** Writes its 16 bytes, of which there must be room for all, and returns the offset behind them. */
export function putUniqueId(id: UniqueId, target: Buffer, offset: number): number {
  let at = offset;
  for (let i = 0; i < id.length; i += 2) {
    if (id.charCodeAt(i) === HYPHEN) i += 1;
    target[at] = (hexDigit(id.charCodeAt(i)) << 4) | hexDigit(id.charCodeAt(i + 1));
    at += 1;
  }
  assert(at === offset + UNIQUE_ID_BYTES, "a unique ID has 16 bytes");
  return at;
}

/** Of a lower-case digit. */
const hexDigit = (code: number): number => (code < LOWER_A ? code - ZERO : code - LOWER_A + 10);

export function decodeUniqueId(bytes: Buffer, offset = 0): UniqueId {
  const hex = bytes.toString("hex", offset, offset + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 16)}-${hex.slice(16, 24)}-${hex.slice(24)}` as UniqueId;
}
