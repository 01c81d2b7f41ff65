// Receives a total initialization: entries are loaded into a set of tables beside the current one, which is served as it was
// until the last entry is in; then the pointer row moves, in one transaction with the new update vector and an empty changelog.
// An aborted initialization leaves nothing behind but a set of tables that is dropped.
import { LdapError, type TotalState } from "../protocol/index.ts";
import type { SuppliedId } from "../replication/clean-ruv/index.ts";
import type { ReadItem } from "../replication/total/index.ts";
import type { Backend, BulkLoad, BulkRefusal } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import {
  type OpenLoad,
  type SwapParts,
  abortLoad,
  commitLoad,
  openLoad,
  swapContent,
} from "./open-load.ts";

/** Entries taken in one turn of the event loop, besides the rest of the last request. */
const TURN_ENTRIES = 50;

type Outcome = "put" | "orphan" | "refused";

interface Waiting {
  readonly read: ReadItem;
  readonly settle: (outcome: Outcome) => void;
  readonly fail: (error: unknown) => void;
}

/** What comes into place with the content, by what the supplier has said of cleaned replica IDs. Asked when it is time. */
export type TakeSupplied = (cleaned: readonly SuppliedId[]) => SwapParts;

export class TotalImport {
  readonly #directory: Directory;
  readonly #backend: Backend;
  readonly #waiting: Waiting[] = [];
  readonly #cleaned = new Map<number, SuppliedId>();
  #opened: Promise<OpenLoad> | undefined;
  #running: Promise<void> | undefined;
  #isAborted = false;
  /** Why the database took no more: finish tells it. */
  #failure: LdapError | undefined;

  constructor(directory: Directory, backend: Backend) {
    this.#directory = directory;
    this.#backend = backend;
  }

  /** Answered when the entry is taken; only `finish` makes it last. */
  put(read: ReadItem): Promise<Outcome> {
    return new Promise((settle, fail) => {
      this.#waiting.push({ read, settle, fail });
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined;
      });
    });
  }

  /** Swaps the new content in. @throws LdapError the database cannot take it: the old content stays */
  async finish(take: TakeSupplied): Promise<void> {
    await this.#running;
    const open = await this.#open();
    const { load } = open;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await commitLoad(this.#directory, this.#backend, open, { everything: true });
      await this.#complete(open);
      await swapContent(this.#directory, this.#backend, load, () =>
        take([...this.#cleaned.values()]),
      );
    } catch (error) {
      await abortLoad(this.#directory, open);
      throw error;
    }
  }

  /** The structure log is the last to come. Without it late operations of others may not find their place; the entries are whole. */
  async #complete(open: OpenLoad): Promise<void> {
    const completed = open.load.complete();
    if (completed === undefined) return;
    const { suffix } = this.#backend;
    const { log } = this.#directory;
    if (typeof completed === "string") {
      log.warn("replica.initialization.structure.dropped", { suffix, reason: completed });
    } else log.debug("replica.initialization.structure.taken", { suffix, ...completed });
    await commitLoad(this.#directory, this.#backend, open);
  }

  async abort(): Promise<void> {
    this.#isAborted = true;
    await this.#running;
    const open = await this.#opened?.catch(() => undefined); // none: it never opened
    if (open !== undefined) await abortLoad(this.#directory, open);
  }

  async #run(): Promise<void> {
    try {
      const open = await this.#open();
      const { load } = open;
      while (this.#waiting.length > 0 && !this.#isAborted) {
        this.#takeSome(load);
        if (load.shouldCommit) await commitLoad(this.#directory, this.#backend, open);
        else await new Promise<void>((resolve) => this.#directory.timers.later(resolve));
      }
    } catch (error) {
      if (!(error instanceof LdapError)) {
        for (const { fail } of this.#waiting.splice(0)) fail(error);
        return;
      }
      this.#failure = error;
      for (const { settle } of this.#waiting.splice(0)) settle("refused");
    }
  }

  #takeSome(load: BulkLoad): void {
    const waiting = this.#waiting;
    const { entries } = load;
    let taken = 0;
    while (
      taken < waiting.length &&
      taken < TURN_ENTRIES &&
      load.entries < entries + TURN_ENTRIES
    ) {
      const { read, settle } = waiting[taken] as Waiting;
      settle(this.#take(load, read));
      taken += 1;
    }
    waiting.splice(0, taken);
  }

  #take(load: BulkLoad, read: ReadItem): Outcome {
    const item = this.#failure === undefined ? read() : undefined;
    if (item === undefined) return "refused";
    if (item.type === "cleaned") {
      for (const id of item.ids) this.#cleaned.set(id.replicaId, id);
      return "put";
    }
    switch (item.type) {
      case "entry":
        return this.#outcomeOf(load.addWithState(item.entry), item.entry.dn);
      case "states":
        return this.#takeStates(load, item.states);
      case "structure":
        return this.#outcomeOf(load.addStructure(item.part), undefined);
    }
  }

  /** Of a refused one the others behind it are not taken. */
  #takeStates(load: BulkLoad, states: readonly TotalState[]): Outcome {
    let worst: Outcome = "put";
    for (const state of states) {
      const outcome = this.#outcomeOf(load.addState(state), state.entry.dn);
      if (outcome === "refused") return outcome;
      if (outcome === "orphan") worst = outcome;
    }
    return worst;
  }

  #outcomeOf(refusal: BulkRefusal | undefined, dn: string | undefined): Outcome {
    if (refusal === undefined) return "put";
    const { kind, reason } = refusal;
    const { suffix } = this.#backend;
    this.#directory.log.warn("replica.initialization.refused", { suffix, dn, reason });
    return kind === "orphan" ? "orphan" : "refused";
  }

  #open(): Promise<OpenLoad> {
    this.#opened ??= openLoad(this.#directory, this.#backend, { pace: "online" });
    return this.#opened;
  }
}
