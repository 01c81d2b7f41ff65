// Fractional replication (389: repl5_agmt.c; replication-protocol 7): attributes that an agreement does not send.
//
// Incremental updates: every mod of an excluded attribute goes (options do not matter: `mail;lang-x` goes with `mail`); if
// all mods that remain are in the strip list, they go too; if nothing remains the change is skipped. modifyDn and delete
// are never filtered. Nothing is stripped from a change of which something else remains.
import type { AttributeValues } from "../../protocol/index.ts";
import type { Change } from "../change/index.ts";
import { type RecordHead, baseName } from "../changelog/index.ts";

const LIST_PREFIX = "(objectclass=*) $ EXCLUDE ";

/** What the lists may not contain (389 refuses the same). */
const INDISPENSABLE: ReadonlySet<string> = new Set([
  "nsuniqueid",
  "modifiersname",
  "lastmodifiedtime",
  "dc",
  "o",
  "ou",
  "cn",
  "objectclass",
]);

/** Names are base names in lower case. */
export interface Fractional {
  readonly excluded: ReadonlySet<string>;
  /** Excluded from a total initialization. */
  readonly excludedTotal: ReadonlySet<string>;
  readonly stripped: ReadonlySet<string>;
}

/** Sends everything. */
export const NOT_FRACTIONAL: Fractional = {
  excluded: new Set(),
  excludedTotal: new Set(),
  stripped: new Set(),
};

export interface FractionalSettings {
  /** nsDS5ReplicatedAttributeList. */
  readonly list: string | undefined;
  /** nsDS5ReplicatedAttributeListTotal. */
  readonly totalList: string | undefined;
  /** nsds5ReplicaStripAttrs. */
  readonly strip: string | undefined;
  /** nsDS5ReplicatedAttributeList of cn=plugin default config,cn=config. */
  readonly defaultList: string | undefined;
}

/** Attribute names in the order given; undefined when the text is not an exclude list. */
export function parseExcludeList(text: string): readonly string[] | undefined {
  if (!text.startsWith(LIST_PREFIX)) return undefined;
  return parseNames(text.slice(LIST_PREFIX.length));
}

/** The first name of the list that may not be left out. */
export const findIndispensable = (names: readonly string[]): string | undefined =>
  names.find((name) => INDISPENSABLE.has(baseName(name)));

const parseNames = (text: string): string[] => text.split(" ").filter((name) => name !== "");

/** 389: a list that cannot be parsed excludes nothing; the other two lists count only if the merged one does. */
export function makeFractional(settings: FractionalSettings): Fractional {
  const list = namesOf(settings.list);
  const defaults = namesOf(settings.defaultList);
  const excluded = new Set([...list, ...defaults]);
  if (excluded.size === 0) return NOT_FRACTIONAL;
  const excludedTotal =
    settings.totalList === undefined
      ? excluded
      : new Set([...namesOf(settings.totalList), ...defaults]);
  const stripped = new Set(parseNames(settings.strip ?? "").map(baseName));
  return { excluded, excludedTotal, stripped };
}

const namesOf = (text: string | undefined): string[] =>
  (parseExcludeList(text ?? "") ?? []).map(baseName);

export const isFractional = (fractional: Fractional): boolean => fractional.excluded.size > 0;

/** Whether the change is skipped, as far as its head tells; undefined: it has to be decoded. */
export function judgeHead(fractional: Fractional, head: RecordHead): "skip" | "send" | undefined {
  const { excluded, stripped } = fractional;
  if (excluded.size === 0) return "send";
  if (head.kind === "delete" || head.kind === "modifyDn") return "send";
  if (head.touched === undefined) return undefined;
  if (head.touched.every((name) => excluded.has(name) || stripped.has(name))) return "skip";
  return head.touched.some((name) => excluded.has(name)) ? undefined : "send";
}

/** What is sent of the change; undefined: nothing, it is skipped. */
export function filterChange(fractional: Fractional, change: Change): Change | undefined {
  const { excluded, stripped } = fractional;
  if (excluded.size === 0) return change;
  const isSent = ({ type }: Pick<AttributeValues, "type">): boolean =>
    !excluded.has(baseName(type));
  if (change.type === "add") return { ...change, attributes: change.attributes.filter(isSent) };
  if (change.type !== "modify") return change;
  const mods = change.mods.filter(isSent);
  if (mods.every(({ type }) => stripped.has(baseName(type)))) return undefined;
  return { ...change, mods };
}

/** The attributes of an entry that a total initialization sends. */
export const isSentInTotal = (fractional: Fractional, type: string): boolean =>
  fractional.excludedTotal.size === 0 || !fractional.excludedTotal.has(baseName(type));
