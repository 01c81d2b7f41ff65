// Results go to standard output, as text or as one JSON document; progress and diagnostics go to standard error.

export interface PrintOptions {
  readonly json: boolean;
}

/** @param text the lines for people; computed only when they are wanted */
export function printResult(result: unknown, text: () => string, options: PrintOptions): void {
  const shown = options.json ? JSON.stringify(result, undefined, 2) : text();
  process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`);
}

export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}
