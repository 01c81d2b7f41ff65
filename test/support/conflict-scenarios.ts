// The recorded conflict scenarios (test/data/urp/scenarios.json, ORIGIN.md there) as values, and what is compared of the servers
// that played one: entries and tombstones below its container, with unique IDs and CSNs replaced by the names that the
// scenario gives them, so that runs can be compared with each other and with the record.
import { readFileSync } from "node:fs";
import type { FoundEntry } from "./ldap.ts";
import { dataPath } from "./trace-file.ts";

export interface ScenarioOperation {
  /** Number of the supplier, from 1. */
  readonly on: number;
  readonly op: "add" | "delete" | "modify" | "modrdn";
  readonly dn: string;
  /** Label of an added entry. */
  readonly as?: string;
  readonly attrs?: Readonly<Record<string, string | readonly string[]>>;
  readonly mods?: readonly (readonly [
    kind: "add" | "delete" | "replace",
    type: string,
    values?: readonly string[],
  ])[];
  readonly newrdn?: string;
  readonly deleteoldrdn?: boolean;
  readonly newsuperior?: string;
  /** Expected result code; 0 when absent. */
  readonly result?: number;
}

export interface ScenarioPhase {
  readonly paused?: boolean;
  readonly ops: readonly ScenarioOperation[];
  /** Steps, each a list of "from>to" or "*": which agreements go on. */
  readonly resume?: readonly (readonly string[])[];
}

export interface ObservedEntry {
  readonly dn: string;
  readonly id: string;
  readonly attrs: Readonly<Record<string, readonly string[]>>;
}

export interface Observation {
  readonly entries: readonly ObservedEntry[];
  readonly tombstones?: readonly ObservedEntry[];
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly suppliers: number;
  readonly initial: string;
  readonly phases: readonly ScenarioPhase[];
  /** 389's own suppliers ended different from each other, stopped, or one of them died. */
  readonly reference_diverges: boolean;
  readonly reference_tombstones_diverge: boolean;
  /** What 389's suppliers agreed on. */
  readonly expected?: Observation;
  /** What the rules ask for where 389's suppliers differ. */
  readonly target?: Observation;
}

export function readScenarios(): readonly Scenario[] {
  const text = readFileSync(dataPath("urp/scenarios.json"), "utf8");
  return (JSON.parse(text) as { readonly scenarios: readonly Scenario[] }).scenarios;
}

/** Clocks, numbers of one server, computed attributes; and the CSN in which 389's own suppliers differ. */
const NOT_COMPARED = new Set(
  [
    "createTimestamp modifyTimestamp creatorsName modifiersName entryid parentid entrydn nsuniqueid",
    "numSubordinates hasSubordinates tombstoneNumSubordinates subschemaSubentry entryuuid",
    "internalModifiersName internalCreatorsName dsEntryDN structuralObjectClass aci conflictcsn",
  ]
    .join(" ")
    .toLowerCase()
    .split(" "),
);
const UNIQUE_ID = /\b[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}\b/gi;
const CSN = /\b[0-9a-f]{20}\b/gi;

/** The names of a scenario that is being played. */
export class ScenarioNames {
  readonly base: string;
  /** Unique IDs by label, and labels by unique ID. */
  readonly #ids = new Map<string, string>();
  readonly #labels = new Map<string, string>();
  readonly #csns = new Map<string, string>();

  constructor(base: string) {
    this.base = base;
  }

  nameEntry(uniqueId: string, label: string): void {
    this.#ids.set(label, uniqueId.toLowerCase());
    this.#labels.set(uniqueId.toLowerCase(), label);
  }

  nameCsn(csn: string, label: string): void {
    this.#csns.set(csn, label);
  }

  isBase(entry: FoundEntry): boolean {
    return this.#labels.get((entry.text("nsuniqueid") ?? "").toLowerCase()) === "base";
  }

  /** `{base}` and `{U:label}` filled in. */
  fill(text: string): string {
    const filled = text.replaceAll("{base}", this.base);
    return filled.replaceAll(
      /\{U:([^}]+)\}/g,
      (whole, label: string) => this.#ids.get(label) ?? whole,
    );
  }

  /** The other way round. */
  abstract(text: string): string {
    const plain = text.replaceAll(/\s*,\s*(?=[A-Za-z]+=)/g, ",");
    const at = plain.toLowerCase().indexOf(this.base.toLowerCase());
    const based =
      at < 0 ? plain : `${plain.slice(0, at)}{base}${plain.slice(at + this.base.length)}`;
    return based
      .replaceAll(UNIQUE_ID, (id) => `<U:${this.#labels.get(id.toLowerCase()) ?? "?"}>`)
      .replaceAll(CSN, (csn) => this.#csnName(csn.toLowerCase()));
  }

  #csnName(csn: string): string {
    const known = this.#csns.get(csn);
    if (known !== undefined) return `<CSN:${known}>`;
    for (const [other, label] of this.#csns)
      if (other.slice(0, 16) === csn.slice(0, 16)) return `<CSN:${label}.sub>`;
    return "<CSN>";
  }

  observe(entry: FoundEntry): ObservedEntry {
    const attrs: Record<string, readonly string[]> = {};
    for (const type of entry.attributes.keys()) {
      const name = type.toLowerCase();
      if (NOT_COMPARED.has(name)) continue;
      const values = entry.texts(type).map((value) => this.abstract(value));
      attrs[name] = (
        name === "objectclass" ? values.map((value) => value.toLowerCase()) : values
      ).sort();
    }
    const id = this.abstract(entry.text("nsuniqueid") ?? "");
    return { dn: sortAssertions(this.abstract(entry.dn)), id, attrs };
  }
}

/** The assertions of a multi-valued RDN in a fixed order. */
function sortAssertions(dn: string): string {
  return dn
    .split(/(?<!\\),/)
    .map((rdn) =>
      rdn
        .split(/(?<!\\)\+/)
        .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
        .join("+"),
    )
    .join(",");
}

/** Cenotaphs are 389's private memory of renames; Concord has none. */
const isCompared = ({ dn }: ObservedEntry): boolean => !dn.toLowerCase().startsWith("cenotaphid=");

/** What differs, a line each. */
export function differencesOf(
  wanted: readonly ObservedEntry[],
  found: readonly ObservedEntry[],
): readonly string[] {
  const key = ({ dn, id }: ObservedEntry): string => `${id} ${dn}`;
  const a = new Map(wanted.filter(isCompared).map((entry) => [key(entry), entry.attrs]));
  const b = new Map(found.filter(isCompared).map((entry) => [key(entry), entry.attrs]));
  const out: string[] = [];
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const want = a.get(name);
    const have = b.get(name);
    if (want === undefined) out.push(`unexpected: ${name}`);
    else if (have === undefined) out.push(`missing: ${name}`);
    else {
      for (const type of new Set([...Object.keys(want), ...Object.keys(have)])) {
        const [x, y] = [want[type]?.join(" | "), have[type]?.join(" | ")];
        if (x !== y) out.push(`${name}: ${type}: ${y}, not ${x}`);
      }
    }
  }
  return out;
}
