// Names as the structure rules see them. The normal forms come from the schema and are handed in.
import { createHash } from "node:crypto";
import { type Dn, type Rdn, formatDn, formatRdn, parseDn, parseRdn } from "../../dn/index.ts";
import { type UniqueId, decodeUniqueId, parseUniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import type { ResolveDescription } from "../registers/index.ts";

/** What differs between suffixes and servers. One value per backend and purge CSN. */
export interface StructureRules {
  /** Unique ID of the suffix entry: always live, never named, renamed or deleted. For the add of the suffix entry to an
   *  empty backend: the unique ID in that operation. */
  readonly suffixUniqueId: UniqueId;
  /** DN of the suffix. */
  readonly suffix: string;
  /** `concord-delete-after-rename: keep` (13.4): a delete does nothing when the entry had been renamed by an operation
   *  that the origin of the delete had not seen. */
  readonly keepRenamed: boolean;
  /** Operations up to it have no structural effect any more (13.8). */
  readonly purgeCsn: Csn | undefined;
  /** Normal form of an RDN as a set of assertions: `Schema.normalizeRdn`. */
  normalizeRdn(rdn: Rdn): string;
  readonly resolve: ResolveDescription;
}

const isUniqueIdType = (type: string): boolean => type.toLowerCase() === "nsuniqueid";

/** The DN, or the empty one when the text is none: what a partner sends never makes an operation fail. */
export function readDn(text: string): Dn {
  try {
    return parseDn(text);
  } catch {
    return [];
  }
}

/** The RDN, or one without assertions when the text is none. */
export function readRdn(text: string): Rdn {
  try {
    return parseRdn(text);
  } catch {
    return [];
  }
}

/** 389's normal form of a DN, as nscpEntryDN has it: assertions in order, escapes by code, letters made small and not
 *  otherwise folded. */
export function lowerDn(text: string): string {
  const dn = readDn(text).map((rdn) =>
    rdn.map((ava) => ({ ...ava, type: ava.type.toLowerCase() })).sort(byType),
  );
  return formatDn(dn)
    .replace(/\\([^0-9a-f])/gi, (_, escaped: string) => `\\${escaped.charCodeAt(0).toString(16)}`)
    .toLowerCase();
}

const byType = (a: { readonly type: string }, b: { readonly type: string }): number =>
  a.type < b.type ? -1 : Number(a.type > b.type);

/** Without nsuniqueid assertions. */
export const plainRdn = (rdn: Rdn): Rdn => rdn.filter(({ type }) => !isUniqueIdType(type));

/** The unique ID in the first nsuniqueid assertion. */
export function rdnUniqueId(rdn: Rdn): UniqueId | undefined {
  const found = rdn.find(({ type }) => isUniqueIdType(type));
  return found && parseUniqueId(found.value.toString("latin1"));
}

/** Normal form of a name: of the RDN without nsuniqueid assertions; "" when nothing else is in it. */
export function rdnKey(rules: StructureRules, rdn: Rdn): string {
  const plain = plainRdn(rdn);
  return plain.length === 0 ? "" : rules.normalizeRdn(plain);
}

/** The wanted RDN as a node keeps it. */
export function wantedRdn(rdn: Rdn): string {
  const plain = plainRdn(rdn);
  return formatRdn(plain.length === 0 ? rdn : plain);
}

/** An RDN in conflict form: with the unique ID as one more assertion, all of them in sorted order (389: get_rdn_plus_uniqueid,
 *  then slapi_rdn sorting). */
export function conflictRdn(rdn: string, uniqueId: UniqueId): string {
  const texts = readRdn(rdn)
    .filter(({ type }) => !isUniqueIdType(type))
    .map((ava) => formatRdn([ava]));
  texts.push(`nsuniqueid=${uniqueId}`);
  return texts
    .map((text) => ({ text, lower: text.toLowerCase() }))
    .sort((a, b) => (a.lower < b.lower ? -1 : 1))
    .map(({ text }) => text)
    .join("+");
}

/** RDNs below the suffix, leaf first; none for the suffix itself and for whatever does not lie below it. */
export function relativeDn(rules: StructureRules, text: string): Dn {
  const dn = readDn(text);
  const suffix = readDn(rules.suffix);
  const depth = dn.length - suffix.length;
  if (depth <= 0) return [];
  const below = suffix.every(
    (rdn, i) => rules.normalizeRdn(dn[depth + i] as Rdn) === rules.normalizeRdn(rdn),
  );
  return below ? dn.slice(0, depth) : [];
}

/** The unique ID of the placeholder for a DN that nothing is known of: a name-based identifier of its normal form, so that
 *  every server makes the same. `dn` is relative to the suffix, leaf first. */
export function derivedUniqueId(rules: StructureRules, dn: Dn): UniqueId {
  const name = [...dn, ...readDn(rules.suffix)].map((rdn) => rules.normalizeRdn(rdn)).join(",");
  return decodeUniqueId(createHash("sha256").update("concord-dn:").update(name, "utf8").digest());
}
