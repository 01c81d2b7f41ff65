// The tree as the result of executing the structure log in CSN order, reached while operations arrive in any order (13.3,
// selective replay).
//
// Stored are the newest values of nodes and slots. The value of a key just before a CSN is the old value kept by the first
// record from there on that wrote the key; if there is none, the newest value. So an operation that arrives late reads
// through the old values of later records, and what it writes becomes the old value of the next record that writes the same
// key, or the newest value. A later record is executed again iff it read a key, up to and including the next record that
// wrote it, whose value at that point changed.
//
// Nothing of this is seen by the store before the end: applyStructural reads each node and slot at most once, derives
// what the tree shows (settle.ts), and then sets what changed.
import { assert } from "../../base/index.ts";
import type { UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import type { RenameEffect } from "../registers/index.ts";
import { executeStructural } from "./executor.ts";
import type { StructureRules } from "./names.ts";
import type { StructureNode } from "./node.ts";
import type { StructuralOperation } from "./operation.ts";
import type { StructureState } from "./places.ts";
import { RecentKeys } from "./recent-keys.ts";
import {
  type SlotValue,
  type StateChange,
  type StateKey,
  type StructureRecord,
  keyText,
} from "./record.ts";
import { settleShown } from "./settle.ts";
import type { StructureStore } from "./store.ts";
import { encodeNode } from "./stored-form.ts";
import { WorkingState } from "./working-state.ts";

/** Executions of one call; every step goes to a later record, so that only a defect gets there. */
const EXECUTIONS_MAX = 10_000_000;

type Value = StructureNode | SlotValue | undefined;

/** What `applyStructural` did. */
export interface StructuralOutcome {
  /** Unique IDs whose node changed: their state row has been set. */
  readonly changedNodes: readonly UniqueId[];
  /** Unique IDs whose shown form may have changed, `changedNodes` among them: derive them anew. */
  readonly reshown: readonly UniqueId[];
  /** Later operations that had to be executed again. */
  readonly repeated: number;
  /** CSNs of operations not above the purge CSN: they came too late for any structural effect (13.8). Count them as
   *  faults. */
  readonly tooLate: readonly Csn[];
}

/** What one backend keeps in memory between operations: an aid, not state. One per backend; every structural operation goes
 *  through it; a new one after the backend's content was replaced. */
export class StructureReplay {
  readonly recent = new RecentKeys();
}

interface OpenRecord {
  readonly operation: StructuralOperation;
  reads: Map<string, StateKey>;
  writes: Map<string, { key: StateKey; before: Value }>;
  changed: boolean;
}

function openRecord(record: StructureRecord): OpenRecord {
  return {
    operation: record.operation,
    reads: new Map(record.reads.map((key) => [keyText(key), key])),
    writes: new Map(record.writes.map(({ key, before }) => [keyText(key), { key, before }])),
    changed: false,
  };
}

const closeRecord = ({ operation, reads, writes }: OpenRecord): StructureRecord => ({
  operation,
  reads: [...reads.values()],
  // Keys and values were put in pairs of one kind by RecordedState.
  writes: [...writes.values()] as StateChange[],
});

/** Whether two values of one key are the same. */
function isSame(a: Value, b: Value): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  if ("life" in a) return "life" in b && encodeNode(a).equals(encodeNode(b));
  return !("life" in b) && a.holder === b.holder && a.last === b.last;
}

class Replayer {
  readonly #store: StructureStore;
  readonly #rules: StructureRules;
  readonly #recent: RecentKeys;
  readonly #records = new Map<Csn, OpenRecord | undefined>();
  readonly state: WorkingState;
  /** Rising, without repetitions. */
  readonly #todo: Csn[] = [];
  repeated = 0;

  constructor(replay: StructureReplay, store: StructureStore, rules: StructureRules) {
    this.#recent = replay.recent;
    this.#store = store;
    this.#rules = rules;
    this.state = new WorkingState(store);
  }

  /** Not `isLogged`: the operations count as part of the base from then on and leave no record. */
  run(operations: readonly StructuralOperation[], isLogged: boolean): void {
    const fresh = operations.filter(({ csn }) => this.#isNew(csn));
    if (fresh.length === 0) return;
    const first = fresh.reduce((least, each) => (each.csn < least.csn ? each : least));
    this.#recent.cover(first.csn, this.#store);
    for (const operation of fresh) {
      const { csn } = operation;
      if (this.#records.get(csn) !== undefined) continue;
      this.#records.set(csn, { operation, reads: new Map(), writes: new Map(), changed: true });
      this.#schedule(csn);
    }
    const arrived = new Set(this.#todo);
    for (let steps = 0; this.#todo.length > 0; steps += 1) {
      assert(steps < EXECUTIONS_MAX, "a replay ends");
      const csn = this.#todo.shift() as Csn;
      if (!arrived.has(csn)) this.repeated += 1;
      this.#execute(csn);
    }
    for (const [csn, record] of this.#records) {
      if (!isLogged && arrived.has(csn)) continue;
      if (record?.changed === true) this.#store.setRecord(csn, closeRecord(record));
    }
  }

  /** Not yet in the log. */
  #isNew(csn: Csn): boolean {
    return this.#recent.isAboveAll(csn) || this.#store.getRecord(csn) === undefined;
  }

  #schedule(csn: Csn): void {
    let at = this.#todo.length;
    while (at > 0 && (this.#todo[at - 1] as Csn) > csn) at -= 1;
    if (this.#todo[at - 1] !== csn) this.#todo.splice(at, 0, csn);
  }

  #record(csn: Csn): OpenRecord | undefined {
    if (this.#records.has(csn)) return this.#records.get(csn);
    const stored = this.#store.getRecord(csn);
    const record = stored && openRecord(stored);
    this.#records.set(csn, record);
    return record;
  }

  /** The first record above `csn` that wrote the key. */
  #nextWriter(key: string, csn: Csn): OpenRecord | undefined {
    for (const candidate of this.#recent.writersAfter(key, csn)) {
      const record = this.#record(candidate);
      if (record?.writes.has(key) === true) return record;
    }
    return undefined;
  }

  /** The value of a key just before `csn`, where `record` is the one with this CSN. */
  #valueAt(key: StateKey, record: OpenRecord): Value {
    const text = keyText(key);
    const writer =
      record.writes.get(text) ?? this.#nextWriter(text, record.operation.csn)?.writes.get(text);
    if (writer === undefined) return this.state.value(key);
    return this.#withoutJoined(key, writer.before);
  }

  /** Old values may carry effects that have since joined the registers for good. Those up to the purge CSN that the node still
   *  has are only about to: the purge goes in steps. */
  #withoutJoined(key: StateKey, value: Value): Value {
    const { purgeCsn } = this.#rules;
    if (purgeCsn === undefined || key.kind !== "node") return value;
    if (value === undefined || !("life" in value)) return value;
    const isPurged = ({ csn }: RenameEffect): boolean => csn <= purgeCsn;
    if (!value.effects.some(isPurged)) return value;
    const waiting = new Set(this.#store.getNode(key.uniqueId)?.effects.map(({ csn }) => csn));
    const effects = value.effects.filter((effect) => !isPurged(effect) || waiting.has(effect.csn));
    return { ...value, effects };
  }

  /** Executes the operation in its place and schedules the later records that this concerns. */
  #execute(csn: Csn): void {
    const record = this.#record(csn);
    assert(record !== undefined, "a scheduled record exists");
    const recorded = new RecordedState((key) => this.#valueAt(key, record));
    executeStructural(this.#rules, recorded, record.operation);
    const old = record.writes;
    const writes = new Map<string, { key: StateKey; before: Value }>();
    for (const [text, { key }] of recorded.written) {
      writes.set(text, { key, before: this.#valueAt(key, record) });
    }
    const keys = new Map<string, StateKey>();
    for (const [text, { key }] of [...old, ...recorded.written]) keys.set(text, key);
    const changes: { text: string; upTo: Csn | undefined }[] = [];
    for (const [text, key] of keys) {
      const next = this.#nextWriter(text, csn);
      const nextChange = next?.writes.get(text);
      const was = nextChange === undefined ? this.state.value(key) : nextChange.before;
      const written = recorded.written.get(text);
      const is = written === undefined ? old.get(text)?.before : written.value;
      if (isSame(was, is)) continue;
      if (next === undefined || nextChange === undefined) this.state.setValue(key, is);
      else {
        nextChange.before = is;
        next.changed = true;
      }
      changes.push({ text, upTo: next?.operation.csn });
    }
    record.reads = recorded.read;
    record.writes = writes;
    record.changed = true;
    this.#recent.note(closeRecord(record));
    for (const { text, upTo } of changes) this.#scheduleReaders(text, csn, upTo);
  }

  #scheduleReaders(key: string, csn: Csn, upTo: Csn | undefined): void {
    for (const reader of this.#recent.readersAfter(key, csn)) {
      if (upTo !== undefined && reader > upTo) return;
      if (this.#record(reader)?.reads.has(key) === true) this.#schedule(reader);
    }
  }
}

/** Notes what an execution reads and writes. */
class RecordedState implements StructureState {
  readonly read = new Map<string, StateKey>();
  readonly written = new Map<string, { key: StateKey; value: Value }>();
  readonly #valueAt: (key: StateKey) => Value;

  constructor(valueAt: (key: StateKey) => Value) {
    this.#valueAt = valueAt;
  }

  node(uniqueId: UniqueId): StructureNode | undefined {
    return this.#get({ kind: "node", uniqueId }) as StructureNode | undefined;
  }

  putNode(uniqueId: UniqueId, value: StructureNode): void {
    this.#put({ kind: "node", uniqueId }, value);
  }

  slot(parent: UniqueId, rdnKey: string): SlotValue | undefined {
    return this.#get({ kind: "slot", parent, rdnKey }) as SlotValue | undefined;
  }

  putSlot(parent: UniqueId, rdnKey: string, value: SlotValue): void {
    this.#put({ kind: "slot", parent, rdnKey }, value);
  }

  #get(key: StateKey): Value {
    const text = keyText(key);
    const written = this.written.get(text);
    if (written !== undefined) return written.value;
    this.read.set(text, key);
    return this.#valueAt(key);
  }

  #put(key: StateKey, value: Value): void {
    this.written.set(keyText(key), { key, value });
  }
}

/** Takes operations that are not covered by the RUV, in any order, into the structure; those already in the log are
 *  passed over. Sorted and replayed once. */
export function applyStructuralBatch(
  replay: StructureReplay,
  store: StructureStore,
  rules: StructureRules,
  operations: readonly StructuralOperation[],
): StructuralOutcome {
  const { purgeCsn, suffixUniqueId } = rules;
  const tooLate: Csn[] = [];
  const effective = operations.filter(({ csn, uniqueId }) => {
    if (uniqueId === suffixUniqueId) return false;
    if (purgeCsn === undefined || csn > purgeCsn) return true;
    tooLate.push(csn);
    return false;
  });
  const replayer = new Replayer(replay, store, rules);
  replayer.run(effective, true);
  return { ...settle(replayer, replay, store, rules), tooLate };
}

/** Takes operations into the base, below the log: for entries whose operations nobody has logged any more (13.7). Their CSNs
 *  differ from each other and from those of the log; the purge CSN may have passed them. What the log has done since is done
 *  again where this concerns it. */
export function applyToBase(
  replay: StructureReplay,
  store: StructureStore,
  rules: StructureRules,
  operations: readonly StructuralOperation[],
): StructuralOutcome {
  const replayer = new Replayer(replay, store, rules);
  replayer.run(operations, false);
  return { ...settle(replayer, replay, store, rules), tooLate: [] };
}

function settle(
  { state, repeated }: Replayer,
  replay: StructureReplay,
  store: StructureStore,
  rules: StructureRules,
): Omit<StructuralOutcome, "tooLate"> {
  const changedNodes = state.changedNodes();
  const reshown = settleShown(state, rules, changedNodes);
  state.flush();
  replay.recent.trim(store);
  return { changedNodes, reshown, repeated };
}

/** Takes one operation into the structure; see `applyStructuralBatch`. */
export function applyStructural(
  replay: StructureReplay,
  store: StructureStore,
  rules: StructureRules,
  operation: StructuralOperation,
): StructuralOutcome {
  return applyStructuralBatch(replay, store, rules, [operation]);
}
