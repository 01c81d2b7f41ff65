// How far long work has come: a bar on a terminal, elsewhere a plain line every few seconds; nothing for work that is over
// before the first line would be due. Standard error only.

const LINE_INTERVAL_MS = 5_000;
const BAR_INTERVAL_MS = 100;
const BAR_CELLS = 30;

export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export class Progress {
  readonly #what: string;
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  readonly #startedMs: number;
  #shownMs: number;
  #barIsOpen = false;

  constructor(
    what: string,
    output: ProgressOutput = process.stderr,
    now: () => number = () => performance.now(),
  ) {
    this.#what = what;
    this.#output = output;
    this.#now = now;
    this.#startedMs = now();
    this.#shownMs = this.#startedMs;
  }

  /** @param total undefined or 0 = not known */
  report(done: number, total?: number): void {
    const now = this.#now();
    const isBar = this.#output.isTTY === true;
    if (now - this.#shownMs < (isBar ? BAR_INTERVAL_MS : LINE_INTERVAL_MS)) return;
    this.#shownMs = now;
    if (isBar) {
      this.#barIsOpen = true;
      this.#output.write(`\r${this.#bar(done, total)}\u001b[K`);
    } else {
      this.#output.write(`${this.#what}: ${describe(done, total)}\n`);
    }
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#barIsOpen) this.#output.write("\r\u001b[K");
    this.#barIsOpen = false;
  }

  get elapsedMs(): number {
    return this.#now() - this.#startedMs;
  }

  #bar(done: number, total: number | undefined): string {
    if (total === undefined || total === 0) return `${this.#what} ${describe(done, total)}`;
    const cells = Math.min(BAR_CELLS, Math.floor((done / total) * BAR_CELLS));
    const bar = `${"#".repeat(cells)}${".".repeat(BAR_CELLS - cells)}`;
    return `${this.#what} [${bar}] ${describe(done, total)}`;
  }
}

function describe(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return String(done);
  return `${done} of ${total} (${Math.floor((100 * done) / total)} %)`;
}
