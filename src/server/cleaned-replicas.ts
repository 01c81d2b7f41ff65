// What one replica remembers of cleaned replica IDs (replication/clean-ruv/cleaned-ids.ts), in memory and in the table `cleaned`.
// An ID leaves the update vector in the transaction that stores its row, so that neither is ever seen without the other.
import { cleanReplicaSlice, readRuv } from "../replication/changelog/index.ts";
import {
  type CleanedId,
  type CleanedIds,
  CLEANED_TABLE,
  cleanedKey,
  type SuppliedContent,
  encodeCleanedId,
  isDropped,
  readCleanedIds,
  takeSupplied,
  withoutCleaned,
} from "../replication/clean-ruv/index.ts";
import {
  CSN_ZERO,
  type Csn,
  type ReplicaId,
  csnSeconds,
  generatorSeconds,
  makeCsn,
  maxCsn,
} from "../replication/csn/index.ts";
import { type Ruv, findElement, ruvMaxCsn, withoutReplica } from "../replication/ruv/index.ts";
import { guarded } from "../operation/index.ts";
import type { WriteSet } from "../kv/index.ts";
import type { Backend } from "../store/index.ts";
import type { Directory } from "./directory.ts";

const SEQUENCE_MAX = 0xffff;

/** What was cleaned before, up to the newest change that is known now, stays clean, also when another task is aborted. `newest`
 *  undefined: whatever it is. */
const staysClean = (before: CleanedId | undefined, newest: Csn | undefined): boolean =>
  before?.isCleaning === false && (newest === undefined || newest <= before.floorCsn);

export class CleanedReplicas {
  readonly #directory: Directory;
  readonly #backend: Backend;
  #ids: Map<ReplicaId, CleanedId>;

  constructor(directory: Directory, backend: Backend) {
    this.#directory = directory;
    this.#backend = backend;
    directory.kv.renew();
    this.#ids = readCleanedIds(this.#table.range(), backend.suffix);
    this.#raiseGenerator();
  }

  /** Changes of cleaned IDs are in the data: ours go above them, though the update vector has forgotten them. */
  #raiseGenerator(): void {
    for (const { floorCsn } of this.#ids.values()) {
      this.#backend.cleanedCsn = maxCsn(this.#backend.cleanedCsn, floorCsn);
    }
  }

  get ids(): CleanedIds {
    return this.#ids;
  }

  /** Whether a change of a supplier is acknowledged and dropped. The floor of an ID that is being cleaned rises with it. */
  drops(csn: Csn, replicaId: ReplicaId): boolean {
    if (!isDropped(this.#ids, csn)) return false;
    const id = this.#ids.get(replicaId);
    if (id !== undefined && csn > id.floorCsn) this.#ids.set(replicaId, { ...id, floorCsn: csn });
    this.#raiseGenerator();
    return true;
  }

  without(ruv: Ruv, ownReplicaId: ReplicaId): Ruv {
    return withoutCleaned(ruv, this.#ids, ownReplicaId);
  }

  /** Takes the ID out of the update vector and drops its changes from now on. `everything`: also changes that nobody here has
   *  heard of, as far as they can have been issued by now. */
  async clean(
    replicaId: ReplicaId,
    how: { readonly maxCsn: Csn | undefined; readonly everything: boolean },
  ): Promise<void> {
    await this.#write((writes) => {
      const facts = this.#backend.newest;
      const before = this.#ids.get(replicaId);
      const element = facts.ruv && findElement(facts.ruv, replicaId);
      const max = maxCsn(how.maxCsn, element?.maxCsn) ?? before?.maxCsn ?? CSN_ZERO;
      // Nothing to clean. Should somebody know of changes after all, they have to come first.
      if (before === undefined && max === CSN_ZERO && !how.everything) return;
      const issued = how.everything
        ? makeCsn(this.#newestSeconds(), SEQUENCE_MAX, replicaId, SEQUENCE_MAX)
        : undefined;
      const floorCsn = maxCsn(maxCsn(max, issued), before?.floorCsn) ?? max;
      const isClean = element === undefined && staysClean(before, how.everything ? undefined : max);
      this.#put(writes, {
        replicaId,
        maxCsn: how.everything ? CSN_ZERO : max,
        floorCsn,
        isCleaning: !isClean,
        element: element ?? before?.element,
      });
      if (facts.ruv !== undefined && element !== undefined) {
        this.#backend.putFacts(writes, { ...facts, ruv: withoutReplica(facts.ruv, replicaId) });
      }
    });
  }

  /** Up to when changes can have been issued: CSNs follow the clock that is furthest ahead, whoever has it. */
  #newestSeconds(): number {
    const { ruv, generator } = this.#backend.newest;
    const now = Math.floor(this.#directory.clock.now() / 1000);
    const newest = ruv && ruvMaxCsn(ruv);
    return Math.max(
      now,
      newest === undefined ? 0 : csnSeconds(newest),
      generator === undefined ? 0 : generatorSeconds(generator),
    );
  }

  /** The task is through: what the changelog has of the ID goes, and changes above the floor are taken again. */
  async finish(replicaId: ReplicaId): Promise<void> {
    if (!this.#ids.has(replicaId)) return this.#finishUnknown(replicaId);
    if (this.#ids.get(replicaId)?.isCleaning !== true) return undefined;
    let from: Csn | undefined;
    do {
      const slice = await this.#write((writes) => {
        const tables = this.#backend.writableTables(writes, this.#backend.tables);
        return cleanReplicaSlice(tables, replicaId, from);
      });
      from = slice.next;
    } while (from !== undefined);
    await this.#write((writes) => {
      const id = this.#ids.get(replicaId);
      if (id !== undefined) this.#put(writes, { ...id, isCleaning: false, element: undefined });
    });
  }

  /** An ID without changes is clean from now on. If changes have just come, others tell us to clean it. */
  #finishUnknown(replicaId: ReplicaId): Promise<void> {
    return this.#write((writes) => {
      const facts = this.#backend.newest;
      const element = facts.ruv && findElement(facts.ruv, replicaId);
      if (element?.maxCsn !== undefined) return;
      const csns = { maxCsn: CSN_ZERO, floorCsn: CSN_ZERO };
      this.#put(writes, { replicaId, ...csns, isCleaning: false, element: undefined });
      if (facts.ruv !== undefined && element !== undefined) {
        this.#backend.putFacts(writes, { ...facts, ruv: withoutReplica(facts.ruv, replicaId) });
      }
    });
  }

  /** The task was aborted: the element comes back, because its changes are in the data. */
  async restore(replicaId: ReplicaId): Promise<void> {
    if (this.#ids.get(replicaId)?.isCleaning !== true) return;
    await this.#write((writes) => {
      const element = this.#ids.get(replicaId)?.element;
      this.#remove(writes, replicaId);
      const facts = this.#backend.newest;
      if (facts.ruv === undefined || element === undefined) return;
      const { ruv } = facts;
      const elements = [...withoutReplica(ruv, replicaId).elements, element];
      this.#backend.putFacts(writes, { ...facts, ruv: { ...ruv, elements } });
    });
  }

  /** A supplier replaces the content by its own: gives the update vector of it, and what writes and then knows the rows that go
   *  with it. */
  take(
    supplied: SuppliedContent,
    ownReplicaId: ReplicaId,
  ): { readonly ruv: Ruv; put(writes: WriteSet): void; swapped(): void } {
    const before = this.#ids;
    const { cleaned, ruv } = takeSupplied(before, supplied, ownReplicaId);
    return {
      ruv,
      put: (writes) => {
        for (const replicaId of before.keys()) {
          if (!cleaned.has(replicaId)) this.#removeRow(writes, replicaId);
        }
        for (const id of cleaned.values()) {
          if (before.get(id.replicaId) !== id) this.#putRow(writes, id);
        }
      },
      swapped: () => {
        this.#ids = new Map(cleaned);
        this.#raiseGenerator();
      },
    };
  }

  /** The ID is our own now. */
  async forget(replicaId: ReplicaId): Promise<void> {
    if (!this.#ids.has(replicaId)) return;
    await this.#write((writes) => this.#remove(writes, replicaId));
  }

  /** After the content was replaced by one that may be older than the cleaning. */
  async cleanContent(ownReplicaId: ReplicaId): Promise<void> {
    const ruv = readRuv(this.#backend.tables.meta);
    if (ruv === undefined || this.without(ruv, ownReplicaId) === ruv) return;
    await this.#write((writes) => {
      const facts = this.#backend.newest;
      if (facts.ruv !== undefined) {
        this.#backend.putFacts(writes, { ...facts, ruv: this.without(facts.ruv, ownReplicaId) });
      }
    });
  }

  get #table(): ReturnType<Directory["kv"]["bytesTable"]> {
    return this.#directory.kv.bytesTable(CLEANED_TABLE);
  }

  #put(writes: WriteSet, id: CleanedId): void {
    this.#ids.set(id.replicaId, id);
    this.#raiseGenerator();
    this.#putRow(writes, id);
  }

  #putRow(writes: WriteSet, id: CleanedId): void {
    const key = cleanedKey(this.#backend.suffix, id.replicaId);
    writes.table(this.#table).put(key, encodeCleanedId(id));
  }

  #remove(writes: WriteSet, replicaId: ReplicaId): void {
    this.#ids.delete(replicaId);
    this.#removeRow(writes, replicaId);
  }

  #removeRow(writes: WriteSet, replicaId: ReplicaId): void {
    writes.table(this.#table).delete(cleanedKey(this.#backend.suffix, replicaId));
  }

  #write<T>(step: (writes: WriteSet) => T): Promise<T> {
    return this.#directory.queue.submit((writes) =>
      guarded(this.#backend, writes, () => ({ result: step(writes), committed: () => {} })),
    );
  }
}
