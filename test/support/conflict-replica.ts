// One server's content for tests of the conflict rules: registers by unique ID and structure, fed with changes; and what it
// shows. Registers are kept in their stored form beside the shown attributes, as in a backend.
import { parseDn } from "../../src/dn/index.ts";
import type { Attribute } from "../../src/entry/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import type { Csn } from "../../src/replication/csn/index.ts";
import {
  Registers,
  decodeRegisters,
  encodeRegisters,
} from "../../src/replication/registers/index.ts";
import {
  type EntryForm,
  StructureReplay,
  type StructureRules,
  type StructuralOutcome,
  applyStructural,
  deriveForm,
  purgeStructure,
  shownAttributes,
  structuralOperation,
} from "../../src/replication/urp/index.ts";
import { describe, descriptionSource, normalizeRdn, violatesSchema } from "./conflict-schema.ts";
import { MemoryStructure } from "./memory-structure.ts";

export const SUFFIX = "ou=base";
export const SUFFIX_ID = "eeeeeeee-00000000-00000000-00000000" as UniqueId;

export const conflictRules = (change: Partial<StructureRules> = {}): StructureRules => ({
  suffixUniqueId: SUFFIX_ID,
  suffix: SUFFIX,
  keepRenamed: true,
  purgeCsn: undefined,
  normalizeRdn,
  resolve: describe,
  ...change,
});

/** DN in a form for comparison. */
export const normalDn = (dn: string): string => parseDn(dn).map(normalizeRdn).join(",");

/** What a client sees of one entry; values sorted, class names in lower case. */
export interface SeenEntry {
  readonly dn: string;
  readonly uniqueId: UniqueId;
  readonly parent: UniqueId;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

interface StateRow {
  readonly record: readonly Attribute[];
  readonly bytes: Buffer;
}

export class ConflictReplica {
  rules: StructureRules;
  readonly store = new MemoryStructure();
  replay = new StructureReplay();
  readonly rows = new Map<UniqueId, StateRow>();
  /** Forms as of the last time the structure said that they may have changed. */
  readonly forms = new Map<UniqueId, EntryForm>();
  repeated = 0;

  constructor(rules: StructureRules = conflictRules()) {
    this.rules = rules;
  }

  registers(uniqueId: UniqueId): Registers {
    const row = this.rows.get(uniqueId);
    return row === undefined
      ? new Registers(describe)
      : decodeRegisters(row.bytes, row.record, descriptionSource);
  }

  setRegisters(uniqueId: UniqueId, registers: Registers): void {
    const record = registers.shownAttributes();
    this.rows.set(uniqueId, { record, bytes: encodeRegisters(registers, record) });
  }

  apply(change: Change): StructuralOutcome | undefined {
    const registers = this.registers(change.uniqueId);
    if (change.type === "add") {
      const rdn = parseDn(change.dn)[0] ?? [];
      registers.applyAdd(
        change.attributes,
        rdn.filter(({ type }) => type.toLowerCase() !== "nsuniqueid"),
        change.csn,
      );
    } else if (change.type !== "delete") registers.applyMods(change.mods, change.csn);
    this.setRegisters(change.uniqueId, registers);
    const operation = structuralOperation(change);
    if (operation === undefined) return undefined;
    const outcome = applyStructural(this.replay, this.store, this.rules, operation);
    this.repeated += outcome.repeated;
    this.rederive(outcome.reshown);
    return outcome;
  }

  /** Purges up to `purgeCsn`, as a background task does, so many records at a time; `between` is called after each step. */
  purge(purgeCsn: Csn, recordsMax?: number, between: () => void = () => {}): void {
    this.rules = { ...this.rules, purgeCsn };
    for (let isDone = false; !isDone; between()) {
      const outcome = purgeStructure(this.store, this.rules, [], recordsMax);
      for (const { uniqueId, effects } of outcome.joined) {
        const registers = this.registers(uniqueId);
        registers.joinEffects(effects);
        this.setRegisters(uniqueId, registers);
      }
      for (const uniqueId of outcome.removed) {
        this.forms.delete(uniqueId);
        this.rows.delete(uniqueId);
      }
      this.rederive([...outcome.reshown, ...outcome.joined.map(({ uniqueId }) => uniqueId)]);
      isDone = outcome.isDone;
    }
    for (const uniqueId of [...this.rows.keys()]) {
      const registers = this.registers(uniqueId);
      const largest = registers.largestCsn();
      const isOld = largest === undefined || largest <= purgeCsn;
      if (this.store.getNode(uniqueId) === undefined && isOld) this.rows.delete(uniqueId);
      else {
        registers.purge(purgeCsn);
        this.setRegisters(uniqueId, registers);
      }
    }
  }

  rederive(uniqueIds: Iterable<UniqueId>): void {
    for (const uniqueId of uniqueIds) {
      const form = deriveForm(this.store, this.rules, uniqueId);
      if (form === undefined) this.forms.delete(uniqueId);
      else this.forms.set(uniqueId, form);
    }
  }

  dn(uniqueId: UniqueId): string {
    if (uniqueId === SUFFIX_ID) return SUFFIX;
    const form = this.forms.get(uniqueId);
    if (form === undefined) throw new Error(`${uniqueId} has no name`);
    return `${form.rdn},${this.dn(form.node.parent)}`;
  }

  /** Shown entries, by unique ID. */
  entries(): SeenEntry[] {
    const seen: SeenEntry[] = [];
    for (const [uniqueId, form] of [...this.forms].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (form.kind !== "tombstone") seen.push(this.#see(uniqueId, form));
    }
    return seen;
  }

  tombstones(): Map<UniqueId, Csn | undefined> {
    const tombstones = [...this.forms].filter(([, form]) => form.kind === "tombstone");
    return new Map(tombstones.map(([uniqueId, form]) => [uniqueId, form.tombstoneCsn]));
  }

  #see(uniqueId: UniqueId, form: EntryForm): SeenEntry {
    const parent = form.node.parent;
    const surroundings = {
      parentDn: this.dn(parent),
      schemaViolation: false,
      resolve: describe,
    };
    const registers = this.registers(uniqueId);
    const plain = { ...form, node: { ...form.node, conflict: false } };
    const schemaViolation =
      form.node.life === "live" &&
      violatesSchema(textsOf(shownAttributes({ ...plain, kind: "live" }, registers, surroundings)));
    const attributes = shownAttributes(form, registers, { ...surroundings, schemaViolation });
    return { dn: this.dn(uniqueId), uniqueId, parent, attributes: textsOf(attributes) };
  }
}

function textsOf(attributes: readonly Attribute[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const { description, values } of attributes) {
    const texts = values.map((value) => value.toString("utf8"));
    const isClass = description.key === "objectclass";
    out.set(description.key, (isClass ? texts.map((each) => each.toLowerCase()) : texts).sort());
  }
  return out;
}
