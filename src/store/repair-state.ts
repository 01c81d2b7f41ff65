// Repair: the whole state of an entry as it goes to another replica with the same changes, and taking in what that replica has
// (protocol/extended/entry-state.ts). Registers join by maxima, operations on the tree are replayed at their CSNs, so both
// replicas show the same afterwards, whoever began. No change is counted: changelog, update vector and generator stay.
import {
  type EntryState,
  type EntryStateNode,
  type EntryStateOperation,
  LdapError,
} from "../protocol/index.ts";
import {
  type UniqueId,
  RUV_UNIQUE_ID,
  encodeUniqueId,
  parseUniqueId,
} from "../replication/change/index.ts";
import { type Csn, CSN_ZERO, csnReplicaId, withSubsequence } from "../replication/csn/index.ts";
import {
  Registers,
  fromReplicatedAttributes,
  joinRegisters,
  toReplicatedAttributes,
} from "../replication/registers/index.ts";
import { type Ruv, coversCsn, findElement } from "../replication/ruv/index.ts";
import {
  type OtherStructure,
  type StructuralOperation,
  type StructureNode,
  type StructureObstacle,
  type StructureRecord,
  decodeRecord,
  deriveForm,
  joinStructure,
  recordOwner,
  suffixForm,
} from "../replication/urp/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";
import { registersIn } from "./stored-registers.ts";

export interface StateJoin {
  readonly isChanged: boolean;
  /** What was not taken, and why. */
  readonly reasons: readonly string[];
}

/** What was read of an entry. */
export interface EntryReading {
  /** undefined: nothing is known. */
  readonly state: EntryState | undefined;
  /** Other entries on which its operations depended: parents, holders of its names. */
  readonly related: ReadonlySet<UniqueId>;
}

/** The states of these entries, in the same order. Goes once through the structure log. */
export function readEntryStates(
  backend: Backend,
  uniqueIds: readonly UniqueId[],
): readonly EntryReading[] {
  const txn = new BackendTxn(backend, backend.tables, backend.descriptions);
  const found = readRecords(backend, uniqueIds);
  return uniqueIds.map((uniqueId) => {
    const records = found.get(uniqueId) ?? [];
    const operations = records.map(({ operation }) => operation);
    const keys = records.flatMap(({ reads, writes }) => [
      ...reads,
      ...writes.map(({ key }) => key),
    ]);
    const related = new Set(keys.flatMap((key) => (key.kind === "node" ? [key.uniqueId] : [])));
    related.delete(uniqueId);
    return { state: readState(backend, txn, uniqueId, operations), related };
  });
}

function readRecords(
  backend: Backend,
  uniqueIds: readonly UniqueId[],
): ReadonlyMap<UniqueId, readonly StructureRecord[]> {
  const found = new Map<UniqueId, StructureRecord[]>(uniqueIds.map((id) => [id, []]));
  const owners = new Map(uniqueIds.map((id) => [encodeUniqueId(id).toString("latin1"), id]));
  for (const { value } of backend.tables.structure.range()) {
    const owner = owners.get(recordOwner(value).toString("latin1"));
    if (owner !== undefined) found.get(owner)?.push(decodeRecord(value));
  }
  return found;
}

function readState(
  backend: Backend,
  txn: BackendTxn,
  uniqueId: UniqueId,
  operations: readonly StructuralOperation[],
): EntryState | undefined {
  if (txn.writer.idOfUniqueId(uniqueId) === undefined) return undefined;
  const isSuffix = uniqueId === backend.suffixUniqueId;
  const node = txn.structure.getNode(uniqueId);
  const form = isSuffix ? suffixForm(txn.rules) : deriveForm(txn.structure, txn.rules, uniqueId);
  const parentDn = form === undefined ? "" : txn.surroundings(form).parentDn;
  return {
    entry: {
      uniqueId,
      dn: isSuffix || node === undefined ? backend.suffixDn : `${node.rdn},${parentDn}`,
      attributes: toReplicatedAttributes(storedRegisters(backend, txn, uniqueId)),
    },
    node: node && {
      ...node,
      effects: node.effects.map(({ csn, kind, type, value }) => ({
        csn,
        isDelete: kind === "vd",
        type,
        value,
      })),
    },
    operations: operations.map(toWire),
  };
}

/** Also of an entry that is not shown. */
export function storedRegisters(
  { descriptions }: Pick<Backend, "descriptions">,
  txn: BackendTxn,
  uniqueId: UniqueId,
): Registers {
  const id = txn.writer.internUniqueId(uniqueId);
  const bytes = txn.rows.registers(id);
  return registersIn(bytes, txn.writer.entry(id)?.stored() ?? [], descriptions, txn.resolve);
}

/** Whether the update vector covers all that the state holds. What neither side has heard of (a cleaned replica ID) is old. */
export function hasChangesOf(state: EntryState, ours: Ruv, theirs: Ruv): boolean {
  const has = (csn: Csn): boolean =>
    csn === CSN_ZERO ||
    coversCsn(ours, withSubsequence(csn, 0)) ||
    [ours, theirs].every((ruv) => findElement(ruv, csnReplicaId(csn)) === undefined);
  for (const csn of csnsOf(state)) if (!has(csn)) return false;
  return true;
}

function* csnsOf({ entry, node, operations }: EntryState): Iterable<Csn> {
  for (const { deletionCsn, values } of entry.attributes) {
    if (deletionCsn !== undefined) yield deletionCsn;
    for (const { csns } of values) for (const { csn } of csns) yield csn;
  }
  if (node !== undefined) yield node.naming;
  if (node?.death !== undefined) yield node.death;
  for (const { csn } of node?.effects ?? []) yield csn;
  for (const { csn } of operations) yield csn;
}

/** Takes in what another replica has of an entry. @throws LdapError */
export function joinEntryState(backend: Backend, txn: BackendTxn, state: EntryState): StateJoin {
  if (backend.suffixUniqueId === undefined) {
    throw new LdapError("unwillingToPerform", "The replica has no data yet");
  }
  const uniqueId = uniqueIdOf(state.entry.uniqueId);
  if (uniqueId === RUV_UNIQUE_ID) return { isChanged: false, reasons: [] };
  const { resolve, rows } = txn;
  const theirs = fromReplicatedAttributes(state.entry.attributes, resolve);
  const known = txn.structure.getNode(uniqueId);
  const wasKnown = uniqueId === backend.suffixUniqueId || (known && known.life !== "placeholder");
  const structure = joinStructure(backend.replay, txn.structure, txn.rules, {
    ...fromWire(uniqueId, state),
    largestCsn: theirs.largestCsn(),
  });
  const reasons = structure.obstacle === undefined ? [] : [OBSTACLES[structure.obstacle]];
  const isUnknown = !wasKnown && structure.reshown.size === 0;
  if (structure.obstacle === "purged" || isUnknown) return { isChanged: false, reasons };
  const purgeCsn = wasKnown === true ? backend.purgeCsn : undefined;
  const joined = joinRegisters(storedRegisters(backend, txn, uniqueId), theirs, purgeCsn);
  joined.registers.joinEffects(structure.effects);
  const id = txn.writer.internUniqueId(uniqueId);
  const before = rows.registers(id);
  txn.importEntry({ uniqueId, registers: joined.registers, reshown: [...structure.reshown] });
  const isChanged = structure.reshown.size > 0 || !before.equals(rows.registers(id));
  if (joined.heldBack.length > 0) reasons.push(heldBackText(joined.heldBack));
  return { isChanged, reasons };
}

const OBSTACLES: Readonly<Record<StructureObstacle, string>> = {
  purged: "the entry may have been deleted here: nothing of it is newer than what has been purged",
  oldDelete: "it is deleted there, by an operation that is purged or older than its name here",
  oldName: "it has another name there, by an operation that is older than what has been purged",
  sameCsn: "it has another name there under the same CSN",
};

const heldBackText = (types: readonly string[]): string =>
  `values of ${types.join(", ")} may have been deleted here: they are older than what has been purged`;

function uniqueIdOf(text: string): UniqueId {
  const uniqueId = parseUniqueId(text);
  if (uniqueId === undefined) throw new LdapError("protocolError", `${text} is no nsUniqueId`);
  return uniqueId;
}

const optionalId = (text: string | undefined): UniqueId | undefined =>
  text === undefined ? undefined : uniqueIdOf(text);

function toWire(operation: StructuralOperation): EntryStateOperation {
  const { kind, csn, dn } = operation;
  const plain = { kind, csn, dn, newRdn: "", deleteOldRdn: false, newSuperior: undefined };
  if (operation.kind === "add") return { ...plain, parent: operation.parent };
  if (operation.kind !== "modrdn") return { ...plain, parent: undefined };
  const { newRdn, deleteOldRdn, newSuperior, newSuperiorUniqueId: parent } = operation;
  return { kind, csn, dn, parent, newRdn, deleteOldRdn, newSuperior };
}

function operationOf(uniqueId: UniqueId, operation: EntryStateOperation): StructuralOperation {
  const { kind, csn, dn } = operation;
  const parent = optionalId(operation.parent);
  if (kind === "add") return { kind, csn, uniqueId, dn, parent };
  if (kind !== "modrdn") return { kind, csn, uniqueId, dn };
  const { newRdn, deleteOldRdn, newSuperior } = operation;
  const naming = { newRdn, deleteOldRdn, newSuperior, newSuperiorUniqueId: parent };
  return { kind, csn, uniqueId, dn, ...naming };
}

function fromWire(
  uniqueId: UniqueId,
  { entry, node, operations }: EntryState,
): Omit<OtherStructure, "largestCsn"> {
  return {
    uniqueId,
    dn: entry.dn,
    node: node && nodeOf(node),
    operations: operations.map((operation) => operationOf(uniqueId, operation)),
  };
}

function nodeOf({ life, parent, rdn, naming, death, effects }: EntryStateNode): StructureNode {
  return {
    life,
    parent: uniqueIdOf(parent),
    rdn,
    naming,
    death,
    how: "ADD",
    conflict: false,
    effects: effects.map(({ csn, isDelete, type, value }) => ({
      csn,
      kind: isDelete ? "vd" : "vu",
      type,
      value,
    })),
  };
}
