// Total initializations of one replica by its suppliers: at most one at a time, and none while the replica itself initializes
// others, or two servers would replace each other's data.
import { LdapError } from "../protocol/index.ts";
import type { ReadItem } from "../replication/total/index.ts";
import type { Backend } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import { type TakeSupplied, TotalImport } from "./total-import.ts";

export interface ReplicaImportHooks {
  /** The received content is in the place of the old. */
  swapped(): void;
  /** It is over, well or not. */
  ended(): void;
  onDefect(error: unknown): void;
}

export class ReplicaImport {
  readonly #directory: Directory;
  readonly #backend: Backend;
  readonly #hooks: ReplicaImportHooks;
  #running: TotalImport | undefined;
  #isActive = false;
  /** Agreements that initialize their consumers. */
  readonly #outgoing = new Set<string>();

  constructor(directory: Directory, backend: Backend, hooks: ReplicaImportHooks) {
    this.#directory = directory;
    this.#backend = backend;
    this.#hooks = hooks;
  }

  /** From Start until the new content is in its place, or it is sure that the old one stays. */
  get isActive(): boolean {
    return this.#isActive;
  }
  /** A total initialization goes out. */
  get isSending(): boolean {
    return this.#outgoing.size > 0;
  }

  /** An agreement begins to initialize its consumer, or is through with it. */
  noteSending(agreement: string, isSending: boolean): void {
    if (isSending) this.#outgoing.add(agreement);
    else this.#outgoing.delete(agreement);
  }

  begin(): boolean {
    if (this.#isActive || this.isSending) return false;
    this.#isActive = true;
    this.#running = new TotalImport(this.#directory, this.#backend);
    return true;
  }

  put(read: ReadItem, settled: (outcome: "put" | "orphan" | "refused") => void): void {
    this.#running?.put(read).then(settled, this.#hooks.onDefect);
  }

  finish(take: TakeSupplied, ended: (outcome: "swapped" | "failed") => void): void {
    const running = this.#running;
    this.#running = undefined;
    const finished = running === undefined ? Promise.resolve(false) : this.#swap(running, take);
    finished.then((isSwapped) => {
      this.#end();
      ended(isSwapped ? "swapped" : "failed");
    }, this.#hooks.onDefect);
  }

  abort(): void {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    this.#directory.noteLoad(running.abort()).then(() => this.#end(), this.#hooks.onDefect);
  }

  #end(): void {
    this.#isActive = false;
    this.#hooks.ended();
  }

  /** Puts the received content in the place of the old; false: it could not be completed. */
  async #swap(running: TotalImport, take: TakeSupplied): Promise<boolean> {
    try {
      await this.#directory.noteLoad(running.finish(take));
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      this.#directory.log.error("replica.initialization.failed", {
        suffix: this.#backend.suffix,
        reason: error.message,
      });
      return false;
    }
    this.#hooks.swapped();
    return true;
  }
}
