// One search in progress: takes its steps while the client takes what it sends, and gives way to others in between.
import type { EntryView } from "../entry/index.ts";
import type { Reply } from "../frontend/index.ts";
import type { Kv } from "../kv/index.ts";
import {
  Search,
  type SearchOutcome,
  type SearchSettings,
  type SearchSink,
} from "../operation/index.ts";

type WriteEntry = (reply: Reply, entry: EntryView) => void;

/** Who waits for a run: told of its end, or of a full page. */
export interface SearchWaiter {
  done(reply: Reply, outcome: SearchOutcome): void;
  pageFull(reply: Reply): void;
}

export class SearchRun implements SearchSink {
  readonly #kv: Kv;
  readonly #write: WriteEntry;
  readonly #search: Search;
  #reply: Reply | undefined;
  /** Entries sent since the search was (re)started, and how many may be. */
  #sent = 0;
  #pageMax = Infinity;

  constructor(kv: Kv, settings: SearchSettings, write: WriteEntry) {
    this.#kv = kv;
    this.#write = write;
    this.#search = new Search(settings, this);
  }

  /** Runs until the search is done, or `pageMax` entries have been sent. `waiter` is told the one or the other; after a full page
   *  the run can be driven on with another reply. */
  drive(reply: Reply, pageMax: number, waiter: SearchWaiter): void {
    this.#reply = reply;
    this.#sent = 0;
    this.#pageMax = pageMax;
    this.#step(reply, waiter);
  }

  entry(entry: EntryView): void {
    if (this.#reply === undefined || this.#reply.isAbandoned) return;
    this.#sent += 1;
    this.#write(this.#reply, entry);
  }

  reference(urls: readonly string[]): void {
    this.#reply?.send({ type: "searchReference", urls });
  }

  full(): boolean {
    return this.#isPageFull() || this.#reply?.ready() !== true;
  }

  #step(reply: Reply, waiter: SearchWaiter): void {
    if (reply.isAbandoned) {
      reply.finish();
      return;
    }
    const outcome = this.#search.step();
    if (outcome !== undefined) {
      if (outcome.unindexed) reply.facts.notes = "A";
      waiter.done(reply, outcome);
      return;
    }
    if (this.#isPageFull()) {
      waiter.pageFull(reply);
      return;
    }
    const resume = (): void => {
      this.#kv.renew();
      this.#step(reply, waiter);
    };
    if (reply.ready()) setImmediate(resume);
    else reply.onDrain(resume);
  }

  #isPageFull(): boolean {
    return this.#sent >= this.#pageMax;
  }
}
