// Postal Address values (RFC 4517 §3.3.28): lines joined by `$`; `\24` stands for `$` and `\5C` for `\` within a line.

const DOLLAR = 0x24;
const BACKSLASH = 0x5c;

/** Index after which the line ends; the length of `value` for the last one. */
function lineEnd(value: Buffer, start: number): number {
  const end = value.indexOf(DOLLAR, start);
  return end < 0 ? value.length : end;
}

function unescapeLine(line: Buffer): Buffer {
  if (!line.includes(BACKSLASH)) return line;
  const text = line
    .toString("latin1")
    .replace(/\\(24|5[Cc])/g, (pair) => (pair === "\\24" ? "$" : "\\"));
  return Buffer.from(text, "latin1");
}

/** The lines with their escapes resolved; at least one. */
export function postalLines(value: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start <= value.length; ) {
    const end = lineEnd(value, start);
    lines.push(unescapeLine(value.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}
