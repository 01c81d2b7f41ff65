// Each record against its place and its state: what is shown must be what the node and the registers say.
//
// Not compared: the mark "Schema violation", which depends on the schema at the time of the change.
import {
  type Attribute,
  type EntryId,
  RecordFlag,
  type StoredEntry,
  decodeRecord,
} from "../entry/index.ts";
import { encodeUniqueId } from "../replication/change/index.ts";
import {
  type Csn,
  CSN_ZERO,
  csnReplicaId,
  maxCsn,
  withSubsequence,
} from "../replication/csn/index.ts";
import { type Registers, decodeRegisters } from "../replication/registers/index.ts";
import { coversCsn, findElement } from "../replication/ruv/index.ts";
import {
  type EntryForm,
  deriveForm,
  shownAttributes,
  suffixForm,
} from "../replication/urp/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";
import { recordFlagsOf } from "./record-flags.ts";
import { resolverOf } from "./stored-registers.ts";
import { decodeStateRow } from "./state-rows.ts";
import { tombstoneKey, treeKey } from "./tables.ts";
import { type Report, TooManyFindings } from "./verify-finding.ts";

const PROGRESS_ENTRIES = 10_000;
const MARK_KEY = "nsds5replconflict";
const SCHEMA_VIOLATION = "Schema violation";

export function verifyEntries(
  backend: Backend,
  report: Report,
  onProgress?: (done: number, total: number) => void,
): void {
  const run = new EntryVerifier(backend, report);
  const total = backend.tables.entry.count();
  let done = 0;
  for (const id of backend.tables.entry.keys()) {
    run.verify(id as EntryId);
    done += 1;
    if (done % PROGRESS_ENTRIES === 0) onProgress?.(done, total);
  }
  for (const id of backend.tables.state.keys()) {
    if (!backend.tables.entry.has(id)) run.verifyUnshown(id as EntryId);
  }
}

class EntryVerifier {
  readonly #backend: Backend;
  readonly #report: Report;
  /** IDs known to hang together with the suffix entry. */
  readonly #connected = new Set<EntryId>();

  constructor(backend: Backend, report: Report) {
    this.#backend = backend;
    this.#report = report;
  }

  verify(id: EntryId): void {
    const name = `entry ${id}`;
    try {
      const { tables, descriptions } = this.#backend;
      const entry = this.#backend.reader.getEntry(id);
      decodeRecord(entry.whole().record, descriptions);
      this.#verifyPlace(entry);
      const row = tables.state.getCopy(id);
      if (row === undefined) this.#report("state", `${name} has no state`);
      else this.#verifyState(entry);
    } catch (error) {
      if (error instanceof TooManyFindings) throw error;
      this.#report("record", `${name} cannot be read: ${(error as Error).message}`);
    }
  }

  /** State of a unique ID that is not shown: a placeholder, or operations that came before their add. */
  verifyUnshown(id: EntryId): void {
    try {
      const { node, registers } = decodeStateRow(this.#backend.tables.state.getCopy(id));
      if (node !== undefined && node.life !== "placeholder") {
        this.#report("state", `entry ${id} is ${node.life}, but has no record`);
      }
      if (registers.length === 0) return;
      this.#verifyCovered(id, this.#decode(registers).largestCsn());
    } catch (error) {
      if (error instanceof TooManyFindings) throw error;
      this.#report("state", `the state of entry ${id} cannot be read: ${(error as Error).message}`);
    }
  }

  #verifyPlace(entry: StoredEntry): void {
    const { tables, schema } = this.#backend;
    const { id, uniqueId, parentId } = entry;
    const name = `entry ${id} (${entry.rdn})`;
    const uidRow = tables.uid.get(encodeUniqueId(uniqueId));
    if (uidRow?.readUInt32BE(0) !== id) {
      this.#report(
        "uniqueId",
        `${uniqueId} of ${name} stands for ${uidRow?.readUInt32BE(0) ?? "nothing"}`,
      );
    }
    const isTombstone = (entry.flags & RecordFlag.tombstone) !== 0;
    const key = isTombstone
      ? tombstoneKey(parentId, uniqueId)
      : treeKey(parentId, schema.normalizeDnText(entry.rdn));
    const treeRow = tables.tree.get(key);
    if (treeRow?.readUInt32BE(0) !== id)
      this.#report("tree", `${name} is not in the tree under its name`);
    if (!isTombstone && parentId !== 0 && !tables.entry.has(parentId)) {
      this.#report("record", `${name} stands below ${parentId}, which is not there`);
    }
    if (!this.#isConnected(entry))
      this.#report("record", `${name} cannot be reached from the suffix entry`);
    const own = [...entry.stored()].find(({ description }) => description.key === "nsuniqueid");
    if (own?.values.length !== 1 || own.values[0]?.toString("latin1") !== uniqueId) {
      this.#report("record", `the nsUniqueId shown of ${name} is not its own`);
    }
  }

  /** Goes up until an ancestor that is known to be connected. */
  #isConnected(entry: StoredEntry): boolean {
    const { tables, reader } = this.#backend;
    const path = new Set<EntryId>();
    let at: EntryId | undefined = entry.id;
    while (at !== undefined && !this.#connected.has(at)) {
      if (path.has(at)) return false;
      path.add(at);
      const above: StoredEntry | undefined = reader.entry(at);
      if (above?.parentId === 0) break;
      if (above !== undefined) {
        at = above.parentId;
        continue;
      }
      const { node } = decodeStateRow(tables.state.getCopy(at));
      at = node === undefined ? undefined : reader.idOfUniqueId(node.parent);
    }
    if (at === undefined) return false;
    for (const id of path) this.#connected.add(id);
    return true;
  }

  #verifyState(entry: StoredEntry): void {
    const { id } = entry;
    const name = `entry ${id} (${entry.rdn})`;
    const txn = new BackendTxn(this.#backend, this.#backend.tables, this.#backend.descriptions);
    const isSuffix = entry.uniqueId === this.#backend.suffixUniqueId;
    const node = txn.structure.getNode(entry.uniqueId);
    if (!isSuffix && node === undefined) {
      this.#report("state", `${name} has no node`);
      return;
    }
    if (isSuffix && node !== undefined)
      this.#report("state", `the suffix entry ${name} has a node`);
    const form = isSuffix
      ? suffixForm(txn.rules)
      : deriveForm(txn.structure, txn.rules, entry.uniqueId);
    if (form === undefined) {
      this.#report("state", `${name} should not be shown`);
      return;
    }
    const registers = txn.registersOf(entry);
    this.#verifyShown(entry, form, { registers, txn });
    let largest = maxCsn(registers.largestCsn(), node?.naming);
    largest = maxCsn(largest, node?.death);
    for (const { csn } of node?.effects ?? []) largest = maxCsn(largest, csn);
    this.#verifyCovered(id, largest);
  }

  #verifyShown(
    entry: StoredEntry,
    form: EntryForm,
    { registers, txn }: { readonly registers: Registers; readonly txn: BackendTxn },
  ): void {
    const { suffixDn, suffixUniqueId } = this.#backend;
    const name = `entry ${entry.id} (${entry.rdn})`;
    const isSuffix = entry.uniqueId === suffixUniqueId;
    const rdn = isSuffix ? suffixDn : form.rdn;
    if (entry.rdn !== rdn) this.#report("state", `${name} should be called ${rdn}`);
    const parentId = isSuffix ? 0 : txn.writer.idOfUniqueId(form.node.parent);
    if (parentId !== entry.parentId) {
      this.#report(
        "state",
        `${name} stands below ${entry.parentId}, but its node says ${parentId}`,
      );
    }
    const expected = shownAttributes(form, registers, txn.surroundings(form));
    const stored = [...entry.stored()]
      .filter(({ description }) => description.key !== "nsuniqueid")
      .map(withoutViolation)
      .filter(({ values }) => values.length > 0);
    const flags = recordFlagsOf(form, stored);
    if (flags !== entry.flags)
      this.#report("state", `${name} has flags ${entry.flags} instead of ${flags}`);
    for (const difference of differences(stored, expected)) {
      this.#report("state", `${name}: ${difference}`);
    }
  }

  #verifyCovered(id: EntryId, csn: Csn | undefined): void {
    const { ruv } = this.#backend.committed;
    if (csn === undefined || csn === CSN_ZERO || ruv === undefined) return;
    const operation = withSubsequence(csn, 0);
    // An element that was cleaned away leaves its CSNs behind.
    if (findElement(ruv, csnReplicaId(csn))?.maxCsn === undefined || coversCsn(ruv, operation))
      return;
    this.#report(
      "state",
      `entry ${id} holds the CSN ${csn}, which the update vector does not cover`,
    );
  }

  #decode(registers: Buffer): Registers {
    const { descriptions } = this.#backend;
    const resolve = resolverOf(descriptions);
    return decodeRegisters(registers, [], { resolve, get: (number) => descriptions.get(number) });
  }
}

function withoutViolation(attribute: Attribute): Attribute {
  const { description, values } = attribute;
  if (description.key !== MARK_KEY) return attribute;
  return { description, values: values.filter((value) => value.toString() !== SCHEMA_VIOLATION) };
}

function* differences(
  stored: readonly Attribute[],
  expected: readonly Attribute[],
): Generator<string> {
  const wanted = new Map(expected.map((attribute) => [attribute.description.key, attribute]));
  for (const { description, values } of stored) {
    const want = wanted.get(description.key);
    wanted.delete(description.key);
    if (want === undefined) yield `it shows ${description.text}, which its state does not`;
    else if (textOf(values) !== textOf(want.values)) {
      yield `the values of ${description.text} are not those of its state`;
    }
  }
  for (const { description } of wanted.values()) {
    yield `${description.text} of its state is not shown`;
  }
}

const textOf = (values: readonly Buffer[]): string =>
  values
    .map((value) => value.toString("latin1"))
    .sort()
    .join("\n");
