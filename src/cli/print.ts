// Results go to standard output, as text or as one JSON document; progress and diagnostics go to standard error.

export interface PrintOptions {
  readonly json: boolean;
}

/** @param text the lines for people; computed only when they are wanted */
export function printResult(result: unknown, text: () => string, options: PrintOptions): void {
  const shown = options.json ? JSON.stringify(result, undefined, 2) : text();
  if (shown !== "") process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`);
}

export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Columns as wide as their widest cell; the last one is not padded. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head.map((title) => title.toUpperCase()), ...rows];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `name: value` lines with aligned values; undefined values are left out. */
export function formatFields(
  fields: readonly (readonly [name: string, value: string | undefined])[],
): string {
  const known = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`).join("\n");
}
