// NSDS50ReplUpdateInfo (389): which entry a replicated update is about and which CSN it has.
// Request only, critical, the second control of each update. All constructed lengths are in the
// four-octet form:
//
//   30 { 04 unique ID, 04 CSN, 04 unique ID of the superior?, 30 { mod* }? }
//   mod  30 { 0A operation, 30 { 04 type, 31 { 04 value* } } }
//
// The superior stands in an add (the parent) and may stand in a modifyDN (the new parent); the mods
// stand in a modifyDN. Elements behind these are ignored, so that a later release may add some.
import type { Csn } from "../../replication/csn/index.ts";
import { BerError, TAG_OCTET_STRING, TAG_SEQUENCE, encodeBer } from "../../ber/index.ts";
import { readCsn } from "../csn-text.ts";
import { readLongMods, writeLongMods } from "../long-mods.ts";
import type { Control, Mod } from "../messages.ts";
import { decodeValue } from "../payload.ts";

export const UPDATE_INFO_OID = "2.16.840.1.113730.3.4.13";

export interface UpdateInfo {
  /** nsUniqueId of the target. */
  readonly uniqueId: string;
  readonly csn: Csn;
  readonly superiorUniqueId: string | undefined;
  /** modifiersName and modifyTimestamp of a modifyDN. */
  readonly modifyDnMods: readonly Mod[] | undefined;
}

export function decodeUpdateInfo(value: Buffer | undefined): UpdateInfo {
  return decodeValue(value, "Update information control", (reader) => {
    reader.enter();
    const start = reader.position;
    const uniqueId = reader.readText();
    if (uniqueId === "") throw new BerError("unique ID is empty", start);
    const csn = readCsn(reader);
    const superiorUniqueId = reader.peekTag() === TAG_OCTET_STRING ? reader.readText() : undefined;
    const modifyDnMods = reader.peekTag() === TAG_SEQUENCE ? readLongMods(reader) : undefined;
    reader.leaveSkipping();
    return { uniqueId, csn, superiorUniqueId, modifyDnMods };
  });
}

export function encodeUpdateInfo(info: UpdateInfo): Buffer {
  return encodeBer((writer) => {
    writer.startLong();
    writer.writeText(info.uniqueId);
    writer.writeText(info.csn);
    if (info.superiorUniqueId !== undefined) writer.writeText(info.superiorUniqueId);
    if (info.modifyDnMods !== undefined) writeLongMods(writer, info.modifyDnMods);
    writer.end();
  }, 256);
}

/** As suppliers send it. */
export function updateInfoControl(info: UpdateInfo): Control {
  return { oid: UPDATE_INFO_OID, critical: true, value: encodeUpdateInfo(info) };
}
