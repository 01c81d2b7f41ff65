// Receives a total initialization: entries go, in batches, into a set of tables beside the current one, which is served as it
// was until the last entry is in; then the pointer row moves, in one transaction with the new update vector and an empty
// changelog. An aborted initialization leaves nothing behind but a set of tables that is dropped.
import type { ReplicationEntry } from "../protocol/index.ts";
import { resetChangelog } from "../replication/changelog/index.ts";
import type { CsnGenerator } from "../replication/csn/index.ts";
import type { Ruv } from "../replication/ruv/index.ts";
import { type Backend, StagedBackend } from "../store/index.ts";
import type { Directory } from "./directory.ts";

/** Entries put in one transaction. */
const BATCH_ENTRIES = 250;

type Outcome = "put" | "orphan" | "refused";

interface Waiting {
  readonly entry: ReplicationEntry;
  readonly settle: (outcome: Outcome) => void;
  readonly fail: (error: unknown) => void;
}

export class TotalImport {
  readonly #directory: Directory;
  readonly #backend: Backend;
  readonly #waiting: Waiting[] = [];
  #staged: StagedBackend | undefined;
  #running: Promise<void> | undefined;
  #isAborted = false;

  constructor(directory: Directory, backend: Backend) {
    this.#directory = directory;
    this.#backend = backend;
  }

  put(entry: ReplicationEntry): Promise<Outcome> {
    return new Promise((settle, fail) => {
      this.#waiting.push({ entry, settle, fail });
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined;
      });
    });
  }

  /** Swaps the new content in. */
  async finish(facts: { readonly ruv: Ruv; readonly generator: CsnGenerator }): Promise<void> {
    await this.#running;
    const staged = await this.#open();
    const old = this.#backend.set;
    const { queue } = this.#directory;
    await queue.submit((writes) => {
      const tables = staged.writable(writes);
      resetChangelog(tables, facts.ruv);
      staged.putFacts(writes, facts);
      this.#backend.putPointer(writes, staged.set);
    });
    await queue.runAlone(() => {
      this.#backend.reload();
      this.#backend.dropSet(old);
    });
  }

  async abort(): Promise<void> {
    this.#isAborted = true;
    await this.#running?.catch(() => undefined);
    const staged = this.#staged;
    if (staged === undefined) return;
    await this.#directory.queue.runAlone(() => this.#backend.dropSet(staged.set));
  }

  async #run(): Promise<void> {
    const staged = await this.#open();
    while (this.#waiting.length > 0 && !this.#isAborted) {
      const batch = this.#waiting.splice(0, BATCH_ENTRIES);
      const outcomes = await this.#directory.queue.submit((writes) =>
        batch.map(({ entry }) => staged.put(writes, entry)),
      );
      batch.forEach(({ settle }, index) => settle(outcomes[index] ?? "refused"));
    }
  }

  async #open(): Promise<StagedBackend> {
    this.#staged ??= await this.#directory.queue.runAlone(() => {
      this.#backend.dropSet(this.#backend.nextSet); // left over from an initialization that was cut off
      return new StagedBackend(this.#backend);
    });
    return this.#staged;
  }
}
