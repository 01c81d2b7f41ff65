// The content of a replica with its whole replication state, read through LDAP as the root DN: `nscpEntryWSI` gives an
// entry as LDIF lines with the CSNs of its attributes and values, also of deleted ones and of tombstones.
//
//   type[;options][;adcsn-CSN][;vucsn-CSN|;mdcsn-CSN|;vdcsn-CSN …][;deletedattribute][;deleted]: value
//
// What is compared is the set of facts, not the text: `adcsn` belongs to the attribute although it stands at its first
// value, the order of attributes, values and CSNs has no meaning, and a deleted attribute without values is written as
// one empty value. Left out are the facts that belong to one server: row numbers, counts of children, the RUV entry, and
// 389's cenotaphs (its private memory of renames, with a random unique id on each server).
import type { FoundEntry, LdapClient } from "./ldap.ts";

const LOCAL_TYPES = new Set([
  "dsentrydn",
  "entrydn",
  "entryid",
  "hassubordinates",
  "numsubordinates",
  "parentid",
  "tombstonenumsubordinates",
]);
/** 389 makes it after the CSNs were given: it has one on all servers but the first. */
const GENERATED_TYPE = "entryuuid";
const ALL_ENTRIES = "(|(objectClass=*)(objectClass=ldapsubentry)(objectClass=nsTombstone))";
const RUV_UNIQUE_ID = "ffffffff-ffffffff-ffffffff-ffffffff";
const DIFFERENCES_MAX = 12;

interface ValueState {
  readonly value: string;
  readonly isDeleted: boolean;
  vu?: string;
  vd?: string;
  md?: string;
}

interface AttributeState {
  readonly isDeleted: boolean;
  ad?: string;
  readonly values: ValueState[];
}

export interface EntryState {
  readonly uniqueId: string;
  readonly dn: string;
  /** By the description in lower case, options sorted. */
  readonly attributes: ReadonlyMap<string, AttributeState>;
}

export type ReplicaContent = ReadonlyMap<string, EntryState>;

/** How much of the state must be equal; see `factsOf`. */
export type StateLevel = "whole" | "relevant" | "present" | "shown";

/** All entries below `suffix`, by unique id. */
export async function readContent(client: LdapClient, suffix: string): Promise<ReplicaContent> {
  const { entries } = await client.search(suffix, {
    filter: ALL_ENTRIES,
    attributes: ["nscpEntryWSI"],
  });
  const content = new Map<string, EntryState>();
  for (const found of entries) {
    // The RUV entry is answered with the replica entry of cn=config in its place.
    if (!found.dn.toLowerCase().endsWith(suffix.toLowerCase())) continue;
    const entry = parseEntryState(found);
    if (entry.uniqueId === RUV_UNIQUE_ID || entry.attributes.has("cenotaphid")) continue;
    if (content.has(entry.uniqueId)) throw new Error(`two entries with the id ${entry.uniqueId}`);
    content.set(entry.uniqueId, entry);
  }
  return content;
}

function parseEntryState(found: FoundEntry): EntryState {
  const lines = found.texts("nscpEntryWSI").map(parseLine);
  const attributes = new Map<string, AttributeState>();
  let dn = "";
  for (const { description, value } of lines) {
    if (description.toLowerCase() === "dn") dn = value;
    else addValue(attributes, description, { value });
  }
  const uniqueId = attributes.get("nsuniqueid")?.values[0]?.value;
  if (uniqueId === undefined) throw new Error(`${found.dn} has no nsUniqueId in its nscpEntryWSI`);
  return { uniqueId, dn, attributes };
}

/** Values that are not UTF-8 are kept as `base64 …`, so that they stay apart. */
function parseLine(line: string): { readonly description: string; readonly value: string } {
  const colon = line.indexOf(":");
  const description = line.slice(0, colon);
  if (line[colon + 1] !== ":")
    return { description, value: line.slice(colon + 1).replace(/^ /, "") };
  const base64 = line.slice(colon + 2).trim();
  const octets = Buffer.from(base64, "base64");
  const text = octets.toString("utf8");
  return { description, value: Buffer.from(text).equals(octets) ? text : `base64 ${base64}` };
}

function addValue(
  attributes: Map<string, AttributeState>,
  description: string,
  { value }: { readonly value: string },
): void {
  const [type = "", ...options] = description.toLowerCase().split(";");
  const kept: string[] = [];
  const csns = new Map<string, string>();
  const marks = new Set<string>();
  for (const option of options) {
    const csn = /^(ad|vu|vd|md)csn-([0-9a-f]{20})$/.exec(option);
    if (csn !== null) csns.set(csn[1] as string, csn[2] as string);
    else if (option === "deleted" || option === "deletedattribute") marks.add(option);
    else kept.push(option);
  }
  const name = [type, ...kept.sort()].join(";");
  const state: AttributeState = attributes.get(name) ?? {
    isDeleted: marks.has("deletedattribute"),
    values: [],
  };
  attributes.set(name, state);
  const ad = csns.get("ad");
  if (ad !== undefined) state.ad = ad;
  const isPlaceholder = marks.has("deleted") && value === "" && !csns.has("vu");
  if (isPlaceholder) return;
  const found: ValueState = { value, isDeleted: marks.has("deleted") };
  const [vu, vd, md] = [csns.get("vu"), csns.get("vd"), csns.get("md")];
  if (type === GENERATED_TYPE) {
    state.values.push(found);
    return;
  }
  if (vu !== undefined) found.vu = vu;
  if (vd !== undefined) found.vd = vd;
  if (md !== undefined) found.md = md;
  state.values.push(found);
}

/**
 * The facts of an entry, a line each, sorted.
 * `whole`: all CSNs and all deleted values.
 * `relevant`: without what can no longer matter, which 389 forgets on one server and keeps on another: the deletion of a
 * value that was added again later, and all that is older than the deletion of the whole attribute.
 * `present`: present values with their CSNs. What 389 keeps of deletions depends on the state that it found when it
 * applied them: repeated deletions of one attribute leave different CSNs on two of its servers.
 * `shown`: DN and present values alone.
 */
export function factsOf(entry: EntryState, level: StateLevel): readonly string[] {
  const facts = [`dn: ${plainEscapes(entry.dn)}`];
  for (const [name, state] of entry.attributes) {
    const type = name.split(";")[0] as string;
    if (LOCAL_TYPES.has(type)) continue;
    const isWithDeleted = level === "whole" || level === "relevant";
    if (state.ad !== undefined && isWithDeleted) facts.push(`${name} ad=${state.ad}`);
    for (const value of state.values) {
      if (value.isDeleted && !isWithDeleted) continue;
      if (level === "relevant" && isForgotten(value, state)) continue;
      facts.push(`${name}: ${value.value}${csnText(value, level)}`);
    }
  }
  return facts.sort();
}

/** 389 writes `\\2C` for the `\\,` of a client; both are the same DN. */
function plainEscapes(dn: string): string {
  return dn.replace(/\\([2-7][0-9a-f])/gi, (_, hex: string) => {
    return `\\${String.fromCharCode(Number.parseInt(hex, 16))}`;
  });
}

function isForgotten(value: ValueState, { ad = "" }: AttributeState): boolean {
  return value.isDeleted && (value.vu ?? "") < ad && (value.vd ?? "") < ad;
}

function csnText(value: ValueState, level: StateLevel): string {
  if (level === "shown") return "";
  const { vd = "", md = "" } = value;
  let { vu = "" } = value;
  const isAddedAgain = level !== "whole" && vd < vu;
  // The mods that a rename makes have sub-sequences, which 389 counts in its own way.
  if (level !== "whole" && sameOperation(vu, md)) vu = md;
  return [
    vu === "" ? "" : ` vu=${vu}`,
    vd === "" || isAddedAgain ? "" : ` vd=${vd}`,
    md === "" ? "" : ` md=${md}`,
    value.isDeleted ? " deleted" : "",
  ].join("");
}

/** Whether two CSNs differ in their sub-sequence at most. */
function sameOperation(one: string, other: string): boolean {
  return one.slice(0, 16) === other.slice(0, 16);
}

export interface CompareOptions {
  readonly level: StateLevel;
  /** Entries that are left out. */
  readonly except?: (entry: EntryState) => boolean;
  /** Facts that are left out: of one of the two states of an entry, `at`. */
  readonly exceptFact?: (fact: string, at: EntryState, other: EntryState) => boolean;
}

/** What stands in one content and not in the other, readable; empty when they are equal. */
export function differences(
  one: { readonly name: string; readonly content: ReplicaContent },
  other: { readonly name: string; readonly content: ReplicaContent },
  options: CompareOptions,
): readonly string[] {
  const found: string[] = [];
  for (const uniqueId of new Set([...one.content.keys(), ...other.content.keys()])) {
    const a = one.content.get(uniqueId);
    const b = other.content.get(uniqueId);
    const sample = (a ?? b) as EntryState;
    if (options.except?.(sample) === true) continue;
    if (a === undefined || b === undefined) {
      found.push(
        `${sample.dn} (${uniqueId}) is missing on ${a === undefined ? one.name : other.name}`,
      );
      continue;
    }
    const factsOfOne = (at: EntryState, counterpart: EntryState): readonly string[] =>
      factsOf(at, options.level).filter(
        (fact) => options.exceptFact?.(fact, at, counterpart) !== true,
      );
    const aFacts = factsOfOne(a, b);
    const bFacts = factsOfOne(b, a);
    const onlyA = aFacts.filter((fact) => !bFacts.includes(fact));
    const onlyB = bFacts.filter((fact) => !aFacts.includes(fact));
    if (onlyA.length + onlyB.length > 0) {
      found.push(
        [
          `${a.dn} (${uniqueId})`,
          ...onlyA.map((fact) => `  only ${one.name}: ${fact}`),
          ...onlyB.map((fact) => `  only ${other.name}: ${fact}`),
          ...wholeFacts(a, [...onlyA, ...onlyB]).map((fact) => `    all on ${one.name}: ${fact}`),
          ...wholeFacts(b, [...onlyA, ...onlyB]).map((fact) => `    all on ${other.name}: ${fact}`),
        ].join("\n"),
      );
    }
  }
  return found;
}

/** All that an entry knows of the attributes that the given facts are about. */
function wholeFacts(entry: EntryState, about: readonly string[]): readonly string[] {
  const names = new Set(about.map(nameOf));
  names.delete("dn");
  return factsOf(entry, "whole").filter((fact) => names.has(nameOf(fact)));
}

/** A fact starts with the attribute's name, then a colon or a blank. */
const nameOf = (fact: string): string => fact.split(/[: ]/, 1)[0] as string;

/** Throws with the first differences when the two contents are not equal. */
export function assertEqualContent(
  one: { readonly name: string; readonly content: ReplicaContent },
  other: { readonly name: string; readonly content: ReplicaContent },
  options: CompareOptions,
): void {
  assertNoDifferences(differences(one, other, options));
}

export function assertNoDifferences(found: readonly string[]): void {
  if (found.length === 0) return;
  const shown = found.slice(0, DIFFERENCES_MAX).join("\n");
  throw new Error(`${found.length} differences\n${shown}`);
}
