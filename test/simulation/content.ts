// What stands on the disk of a server, in a form in which two servers can be compared: for each unique ID the name, the kind and
// all values with their CSNs. Read from tables that nobody writes meanwhile.
import { type EntryId, RecordFlag } from "../../src/entry/index.ts";
import type { Kv } from "../../src/kv/index.ts";
import type { ReplicatedAttribute, ReplicatedValue } from "../../src/protocol/index.ts";
import { type Backend, BackendTxn, openSnapshot } from "../../src/store/index.ts";
import { shippedSchema } from "../support/config-tree.ts";
import { SUFFIX } from "./scenario.ts";
import { BACKEND } from "./simulated-server.ts";

export interface ContentOptions {
  /** Also tombstones, deleted values, and when what was deleted: what a purge takes away. */
  readonly withDeleted: boolean;
  /** Attributes (lower case, without options) that one of the two does not get; then CSNs lose the number of the modification. */
  readonly excluded?: readonly string[];
}

export interface ContentEntry {
  readonly uniqueId: string;
  readonly dn: string;
  readonly kind: "live" | "conflict" | "glue" | "tombstone";
  readonly facts: readonly string[];
}

export type Content = ReadonlyMap<string, ContentEntry>;

const WHO_AND_WHEN = ["modifiersname", "modifytimestamp"];
/** Digits of a CSN without the number of the modification. */
const OPERATION_DIGITS = 16;

export const snapshotOf = (kv: Kv): Backend =>
  openSnapshot(kv, { name: BACKEND, suffix: SUFFIX, schema: shippedSchema() });

export function readContent(backend: Backend, options: ContentOptions): Content {
  const content = new Map<string, ContentEntry>();
  for (const id of backend.tables.entry.keys()) {
    const entry = readEntry(backend, id as EntryId, options);
    if (entry !== undefined) content.set(entry.uniqueId, entry);
  }
  return content;
}

function readEntry(
  backend: Backend,
  id: EntryId,
  options: ContentOptions,
): ContentEntry | undefined {
  const { flags, dn, uniqueId } = backend.reader.getEntry(id);
  const kind = kindOf(flags);
  if (kind === "tombstone" && !options.withDeleted) return undefined;
  const state = new BackendTxn(backend, backend.tables, backend.descriptions).replicatedEntry(id);
  const facts = (state?.attributes ?? [])
    .filter((attribute) => isCompared(attribute, options))
    .flatMap((attribute) => factsOf(attribute, options))
    .sort();
  return { uniqueId, dn, kind, facts };
}

function kindOf(flags: number): ContentEntry["kind"] {
  if ((flags & RecordFlag.tombstone) !== 0) return "tombstone";
  if ((flags & RecordFlag.glue) !== 0) return "glue";
  return (flags & RecordFlag.conflict) !== 0 ? "conflict" : "live";
}

function isCompared({ type }: ReplicatedAttribute, { excluded }: ContentOptions): boolean {
  if (excluded === undefined) return true;
  const base = (type.split(";")[0] ?? "").toLowerCase();
  return !excluded.includes(base) && !WHO_AND_WHEN.includes(base);
}

function factsOf(attribute: ReplicatedAttribute, options: ContentOptions): string[] {
  const type = attribute.type.toLowerCase();
  const { deletionCsn } = attribute;
  const facts: string[] = [];
  if (deletionCsn !== undefined && options.withDeleted)
    facts.push(`${type} deleted ${deletionCsn}`);
  for (const value of attribute.values) {
    if (value.deleted && !options.withDeleted) continue;
    // What a missing attribute breaks is no concern of the others.
    if (options.excluded !== undefined && String(value.value) === "Schema violation") continue;
    const text = value.value.toString("latin1");
    // How a value that is gone was spelled is what the server heard of it first.
    const shown = value.deleted ? text.toLowerCase().replaceAll(/\s+/g, " ") : text;
    facts.push(`${type}: ${shown}${csnsOf(value, options)}`);
  }
  return facts;
}

function csnsOf({ csns, deleted }: ReplicatedValue, options: ContentOptions): string {
  const kinds = csns.filter(({ kind }) => options.withDeleted || kind !== "deleted");
  const digits = options.excluded === undefined ? undefined : OPERATION_DIGITS;
  const texts = kinds.map(({ kind, csn }) => `${kind} ${csn.slice(0, digits)}`);
  return [...texts.sort(), ...(deleted ? ["deleted"] : [])].map((text) => ` ${text}`).join("");
}

/** What stands in one and not in the other; empty when they are equal. */
export function differencesOf(
  one: { readonly name: string; readonly content: Content },
  other: { readonly name: string; readonly content: Content },
): string[] {
  const found: string[] = [];
  for (const uniqueId of new Set([...one.content.keys(), ...other.content.keys()])) {
    const a = one.content.get(uniqueId);
    const b = other.content.get(uniqueId);
    if (a === undefined || b === undefined) {
      const there = (a ?? b) as ContentEntry;
      const where = a === undefined ? one.name : other.name;
      found.push(`${there.kind} ${there.dn} (${uniqueId}) is missing on ${where}`);
      continue;
    }
    const onlyA = [`${a.kind} ${a.dn}`, ...a.facts].filter(
      (fact) => fact !== `${b.kind} ${b.dn}` && !b.facts.includes(fact),
    );
    const onlyB = [`${b.kind} ${b.dn}`, ...b.facts].filter(
      (fact) => fact !== `${a.kind} ${a.dn}` && !a.facts.includes(fact),
    );
    if (onlyA.length + onlyB.length === 0) continue;
    found.push(
      `${a.dn} (${uniqueId})`,
      ...onlyA.map((fact) => `  only on ${one.name}: ${fact}`),
      ...onlyB.map((fact) => `  only on ${other.name}: ${fact}`),
    );
  }
  return found;
}
