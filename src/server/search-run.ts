// One search in progress: steps its generator while the client takes what it sends, and gives way to others in between.
import type { EntryView } from "../entry/index.ts";
import type { Reply } from "../frontend/index.ts";
import type { Kv } from "../kv/index.ts";
import type { SearchOutcome, SearchSink } from "../operation/index.ts";

type Steps = (sink: SearchSink) => Generator<void, SearchOutcome>;
type WriteEntry = (reply: Reply, entry: EntryView) => void;

export class SearchRun {
  readonly #kv: Kv;
  readonly #write: WriteEntry;
  readonly #generator: Generator<void, SearchOutcome>;
  #reply: Reply | undefined;
  /** Entries sent since the search was (re)started, and how many may be. */
  #sent = 0;
  #pageMax: number | undefined;

  constructor(kv: Kv, steps: Steps, write: WriteEntry) {
    this.#kv = kv;
    this.#write = write;
    this.#generator = steps({
      entry: (entry) => this.#entry(entry),
      reference: (urls) => this.#reply?.send({ type: "searchReference", urls }),
      full: () => this.#isPageFull() || this.#reply?.ready() !== true,
    });
  }

  /** Runs until the search is done, or `pageMax` entries have been sent. `onPage` is called instead of `onDone` at a full
   *  page; the run can then be driven on with another reply. */
  drive(
    reply: Reply,
    pageMax: number | undefined,
    onDone: (outcome: SearchOutcome) => void,
    onPage: () => void = () => {},
  ): void {
    this.#reply = reply;
    this.#sent = 0;
    this.#pageMax = pageMax;
    const step = (): void => {
      if (reply.isAbandoned) {
        this.#generator.return(undefined as never);
        reply.finish();
        return;
      }
      const next = this.#generator.next();
      if (next.done === true) {
        reply.facts.notes = next.value?.unindexed === true ? "A" : "";
        onDone(next.value);
      } else if (this.#isPageFull()) onPage();
      else if (reply.ready()) setImmediate(resume);
      else reply.onDrain(resume);
    };
    const resume = (): void => {
      this.#kv.renew();
      step();
    };
    step();
  }

  /** Gives the search up. */
  end(): void {
    this.#generator.return(undefined as never);
  }

  #isPageFull(): boolean {
    return this.#pageMax !== undefined && this.#sent >= this.#pageMax;
  }

  #entry(entry: EntryView): void {
    if (this.#reply === undefined || this.#reply.isAbandoned) return;
    this.#sent += 1;
    this.#write(this.#reply, entry);
  }
}
