// Reading the digest tree of a suffix: an extended operation of Concord's own. The OIDs of Concord begin with
// 2.25.79604487099450801413756229604385613759 (a UUID as a number, X.667: such an arc belongs to whoever made the UUID);
// .1 are extended operations.
//
//   request   30 { 04 suffix, 0A level, 04 keys }
//   response  30 { 30 { 04 RUV element* }, 02 entries, 30 { 04 part* } }, no response name
//
//   level        keys                       parts
//   0 groups     none                       one: the digests of all groups, 16 bytes each; the root is SHA-256 over it
//   1 leaves     group numbers, u8 each     for each key the leaves of the group, 20 bytes each: u32 entries, 16 bytes sum
//   2 entries    bucket numbers, u16 each   for each key its entries, 32 bytes each: nsUniqueId, 16 bytes digest
//
// All of an answer is of one moment. There may be fewer parts than keys when they are large: ask again for the others. The RUV
// texts are those of nsds50ruv. Only for the root DN and for those who may supply the replica.
import { BerError, TAG_SEQUENCE, encodeBer } from "../../ber/index.ts";
import { decodeValue, readTexts, writeTexts } from "../payload.ts";

export const CONCORD_OID = "2.25.79604487099450801413756229604385613759";
export const READ_DIGEST_OID = `${CONCORD_OID}.1.1`;

export type DigestLevel = "groups" | "leaves" | "entries";

export interface ReadDigestRequest {
  readonly suffix: string;
  readonly level: DigestLevel;
  /** Numbers of groups or buckets. */
  readonly keys: readonly number[];
}

export interface ReadDigestResponse {
  readonly ruv: readonly string[];
  /** Live entries of the suffix. */
  readonly entries: number;
  readonly parts: readonly Buffer[];
}

const LEVELS: readonly DigestLevel[] = ["groups", "leaves", "entries"];
const KEY_BYTES: Readonly<Record<DigestLevel, number>> = { groups: 1, leaves: 1, entries: 2 };
const WHAT = "Read digest";

export function encodeReadDigest({ suffix, level, keys }: ReadDigestRequest): Buffer {
  const width = KEY_BYTES[level];
  const bytes = Buffer.alloc(keys.length * width);
  keys.forEach((key, index) => bytes.writeUIntBE(key, index * width, width));
  return encodeBer((writer) => {
    writer.start();
    writer.writeText(suffix);
    writer.writeEnumerated(LEVELS.indexOf(level));
    writer.writeOctets(bytes);
    writer.end();
  });
}

export function decodeReadDigest(value: Buffer | undefined): ReadDigestRequest {
  return decodeValue(value, `${WHAT} request`, (reader) => {
    reader.enter();
    const suffix = reader.readText();
    const start = reader.position;
    const level = LEVELS[reader.readEnumerated()];
    if (level === undefined) throw new BerError("there is no such level", start);
    const bytes = reader.readOctets();
    reader.leave();
    const width = KEY_BYTES[level];
    if (bytes.length % width !== 0) throw new BerError("the keys are cut off", start);
    const keys: number[] = [];
    for (let at = 0; at < bytes.length; at += width) keys.push(bytes.readUIntBE(at, width));
    return { suffix, level, keys };
  });
}

export function encodeReadDigestResponse({ ruv, entries, parts }: ReadDigestResponse): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writeTexts(writer, TAG_SEQUENCE, ruv);
    writer.writeInteger(entries);
    writer.start();
    for (const part of parts) writer.writeOctets(part);
    writer.end();
    writer.end();
  });
}

export function decodeReadDigestResponse(value: Buffer | undefined): ReadDigestResponse {
  return decodeValue(value, `${WHAT} response`, (reader) => {
    reader.enter();
    const ruv = readTexts(reader, TAG_SEQUENCE);
    const entries = reader.readInteger();
    const parts: Buffer[] = [];
    reader.enter();
    while (reader.hasMore()) parts.push(Buffer.from(reader.readOctets()));
    reader.leave();
    reader.leave();
    return { ruv, entries, parts };
  });
}
