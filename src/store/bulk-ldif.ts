// LDIF records that carry replication state: values with CSNs in the options of their attribute descriptions, tombstones,
// conflict entries, and the entry that holds the update vector (389: db2ldif -r; conflict-resolution 3).
import type { AttributeValues, ReplicationEntry } from "../protocol/index.ts";
import { type UniqueId, RUV_UNIQUE_ID, parseUniqueId } from "../replication/change/index.ts";
import { StateCollector } from "../replication/registers/index.ts";
import { type Ruv, parseRuv } from "../replication/ruv/index.ts";

/** What a load looks at in a record of LDIF. */
export interface BulkRecord {
  readonly dn: string;
  readonly attributes: readonly AttributeValues[];
}

const STATE_OPTION = /;(?:[a-z0-9]{2}csn-[0-9a-f]{20}|deletedattribute|deleted)(?:;|$)/i;
const UNIQUE_ID_RDN = /(?:^|[+,])\s*nsuniqueid\s*=/i;

const isType = (type: string, key: string): boolean =>
  type.length >= key.length &&
  (type.length === key.length || type[key.length] === ";") &&
  type.slice(0, key.length).toLowerCase() === key;

/** Whether a record says more than the plain content of a live entry. */
export function hasState({ dn, attributes }: BulkRecord): boolean {
  if (UNIQUE_ID_RDN.test(dn)) return true;
  return attributes.some(
    ({ type, values }) =>
      (type.includes(";") && STATE_OPTION.test(type)) ||
      isType(type, "nsds5replconflict") ||
      isType(type, "cenotaphid") ||
      (isType(type, "objectclass") && values.some(isTombstoneClass)),
  );
}

const TOMBSTONE_CLASS = "nstombstone";

/** The length tells nearly all others apart. */
const isTombstoneClass = (value: Buffer): boolean =>
  value.length === TOMBSTONE_CLASS.length &&
  value.toString("latin1").toLowerCase() === TOMBSTONE_CLASS;

/** The record as an entry of a total initialization; undefined when it has no unique ID. */
export function parseStateRecord(record: BulkRecord): ReplicationEntry | undefined {
  const collector = new StateCollector();
  let uniqueId: UniqueId | undefined;
  for (const { type, values } of record.attributes) {
    if (isType(type, "nsuniqueid")) uniqueId ??= parseUniqueId(values[0]?.toString("latin1") ?? "");
    else for (const value of values) collector.addLine(type, value);
  }
  if (uniqueId === undefined) return undefined;
  return { uniqueId, dn: record.dn, attributes: collector.finish() };
}

const RUV_RDN = new RegExp(`^\\s*nsuniqueid\\s*=\\s*${RUV_UNIQUE_ID}\\s*,`, "i");

/** Whether the record is the entry that holds the update vector. */
export const isRuvRecord = ({ dn }: BulkRecord): boolean => RUV_RDN.test(dn);

/** The update vector that such a record holds. */
export function parseRuvRecord({ attributes }: BulkRecord): Ruv | undefined {
  const values = attributes.find(({ type }) => isType(type, "nsds50ruv"))?.values ?? [];
  return parseRuv(values.map((value) => value.toString("utf8")));
}
