// The access log of a front-end process: its lines gather here and go to the main process, which alone writes and rotates the
// file. So lines never mix, whoever they come from.
import { LineBuffer, type LineSink } from "../log/index.ts";
import { LINES_BYTES_STEP, LINES_MS_MAX } from "./limits.ts";

const BUFFER_BYTES_KEPT = 4 * LINES_BYTES_STEP;

/** Takes whole lines to the main process. @returns whether there was room */
interface LinesLink {
  accessLines(lines: Buffer): boolean;
}

export class PipedLines implements LineSink {
  readonly #link: LinesLink;
  readonly #isBuffered: boolean;
  readonly #lines = new LineBuffer();
  #timer: NodeJS.Timeout | undefined;
  #droppedCount = 0;

  constructor(link: LinesLink, { isBuffered }: { readonly isBuffered: boolean }) {
    this.#link = link;
    this.#isBuffered = isBuffered;
  }

  append(line: string): void {
    this.startLine().text(line);
    this.endLine();
  }

  startLine(): LineBuffer {
    return this.#lines;
  }

  endLine(): void {
    this.#lines.endLine();
    if (!this.#isBuffered || this.#lines.length >= LINES_BYTES_STEP) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), LINES_MS_MAX);
  }

  /** Sends what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#droppedCount > 0) {
      this.#lines.text(`dropped ${this.#droppedCount} pieces of the log of a front end`).endLine();
    }
    if (this.#lines.length === 0) return;
    if (this.#link.accessLines(this.#lines.view())) this.#droppedCount = 0;
    else this.#droppedCount += 1;
    this.#lines.reset(BUFFER_BYTES_KEPT);
  }
}
