// What a write operation works with. One context serves one operation: its store reads its own writes, and all that it
// puts is discarded when the operation is refused.
import type { Millis, Random } from "../base/index.ts";
import type { Descriptions, EntryView, StoredEntry } from "../entry/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { Change, UniqueId } from "../replication/change/index.ts";
import type { Csn } from "../replication/csn/index.ts";
import type { RefusedAction } from "../replication/urp/index.ts";
import type { Schema } from "../schema/index.ts";
import type { BackendReader } from "../store/index.ts";
import { mayKnowAbsence, unseenEntry } from "./absence.ts";
import type { Access } from "./access-port.ts";

export interface Actor {
  /** Written to creatorsName and modifiersName; "" for anonymous. */
  readonly dn: string;
  readonly isRoot: boolean;
}

export interface WriteSettings {
  readonly schemaCheck: boolean;
  readonly syntaxCheck: boolean;
  /** Keep creatorsName, createTimestamp, modifiersName, modifyTimestamp. */
  readonly lastMod: boolean;
}

export interface WriteContext {
  readonly schema: Schema;
  readonly descriptions: Descriptions;
  readonly store: BackendReader;
  readonly access: Access;
  readonly actor: Actor;
  readonly settings: WriteSettings;
  readonly now: Millis;
  readonly random: Random;
  /** A CSN greater than every CSN seen for the suffix. @throws LdapError operationsError when clocks are too far apart */
  nextCsn(): Csn;
  /** Applies, logs and counts the change. */
  apply(change: Change): void;
  /** Why the structure rules refuse what is to be done to `entry`, if they do (conflict-resolution 13.1): they would ignore it. */
  refusal(entry: StoredEntry, action: RefusedAction | "delete"): string | undefined;
}

/** The last one: many changes are made in one second. */
let lastTime = { second: Number.NaN, text: "" };

/** Generalized time in UTC with seconds, as operational attributes carry it. */
export function formatTime(now: Millis): string {
  const second = Math.floor(now / 1000);
  if (second !== lastTime.second) lastTime = { second, text: timeText(now) };
  return lastTime.text;
}

function timeText(now: Millis): string {
  const iso = new Date(now).toISOString(); // 2031-07-09T12:34:56.789Z
  const date = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10);
  return `${date}${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

const HEX_32 = 32;

/** A new nsUniqueId: time first, as 389 makes them, so that IDs of one server rise; the rest is chance. */
export function newUniqueId(now: Millis, random: Random): UniqueId {
  const time = BigInt(now) * 10_000n + BigInt(random.bytes(2).readUInt16BE(0) % 10_000);
  const hex = (time.toString(16).padStart(16, "0") + random.bytes(8).toString("hex")).slice(
    0,
    HEX_32,
  );
  return `${hex.slice(8, 16)}-${hex.slice(0, 8)}-${hex.slice(16, 24)}-${hex.slice(24)}` as UniqueId;
}

/** A random UUID (RFC 4122 §4.4) in text form. */
export function newEntryUuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** What a caller is told who may not do the operation on the entry; undefined: he may. */
export type FindRefusal = (entry: EntryView) => LdapError | undefined;

/** The entry with this DN. @throws LdapError as noSuchObject says */
export function getTarget(
  context: WriteContext,
  normalDn: string,
  findRefusal: FindRefusal,
): StoredEntry {
  const entry = context.store.entryOfDn(normalDn);
  if (entry === undefined) throw noSuchObject(context, normalDn, findRefusal);
  return entry;
}

/** The answer for a name that no entry has: who might not see an entry there is told what he would be told if it were there;
 *  all others, that it is missing, and the nearest ancestor that they may see. */
export function noSuchObject(
  { store, access }: WriteContext,
  normalDn: string,
  findRefusal: FindRefusal,
): LdapError {
  const id = store.nearest(normalDn);
  if (id === undefined) return new LdapError("noSuchObject", "");
  const nearest = store.getEntry(id);
  if (mayKnowAbsence(access, nearest, normalDn)) {
    return new LdapError("noSuchObject", "", { matchedDn: nearest.dn });
  }
  return findRefusal(unseenEntry(nearest, normalDn)) ?? new LdapError("noSuchObject", "");
}

/** "Insufficient 'write' privilege …" in the words that 389's users know. */
export function insufficient(right: string, what: string): LdapError {
  return new LdapError("insufficientAccessRights", `Insufficient '${right}' privilege ${what}.`);
}
