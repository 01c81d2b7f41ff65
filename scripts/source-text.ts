// Blanks comments, and on request texts and regular expressions, of a TypeScript source, so that the checkers of this
// folder see code alone. Blanked characters become spaces and line breaks stay: positions and line numbers are unchanged.
// It is a scanner, not a parser: whether "/" opens a regular expression is told from the character or word before it.

const WORD_BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete)$/;

export function blankComments(source: string): string {
  return blank(source, false);
}

/** Also blanks the inside of string literals, template text (not the expressions in it) and regular expressions. */
export function blankCommentsAndText(source: string): string {
  return blank(source, true);
}

function blank(source: string, alsoText: boolean): string {
  let out = "";
  let position = 0;
  /** For each open template expression the number of braces open inside it. */
  const templates: number[] = [];
  const copy = (end: number, hidden: boolean): void => {
    const part = source.slice(position, end);
    out += hidden ? part.replaceAll(/[^\n]/g, " ") : part;
    position = end;
  };
  while (position < source.length) {
    const character = source.charAt(position);
    const two = source.slice(position, position + 2);
    if (two === "//") copy(endOf(source, position, "\n"), true);
    else if (two === "/*") copy(endOf(source, position + 2, "*/") + 2, true);
    else if (character === '"' || character === "'")
      copy(endOfQuoted(source, position, character), alsoText);
    else if (character === "/" && opensRegex(out)) copy(endOfRegex(source, position), alsoText);
    else if (character === "`" || (character === "}" && templates.at(-1) === 0)) {
      if (character === "}") templates.pop();
      const end = endOfTemplateText(source, position + 1);
      copy(end, alsoText);
      if (source.slice(end - 2, end) === "${") templates.push(0);
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && character === "{") templates[depth] = (templates[depth] ?? 0) + 1;
      if (depth >= 0 && character === "}") templates[depth] = (templates[depth] ?? 0) - 1;
      copy(position + 1, false);
    }
  }
  return out;
}

function endOf(source: string, from: number, mark: string): number {
  const end = source.indexOf(mark, from);
  return end === -1 ? source.length : end;
}

function endOfQuoted(source: string, start: number, quote: string): number {
  for (let at = start + 1; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === quote || source[at] === "\n") return at + 1;
  }
  return source.length;
}

/** The end of template text: behind the closing backtick, or behind the "${" that opens an expression. */
function endOfTemplateText(source: string, start: number): number {
  for (let at = start; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === "`") return at + 1;
    else if (source[at] === "$" && source[at + 1] === "{") return at + 2;
  }
  return source.length;
}

function endOfRegex(source: string, start: number): number {
  let isInClass = false;
  for (let at = start + 1; at < source.length; at += 1) {
    const character = source[at];
    if (character === "\\") at += 1;
    else if (character === "\n") return at;
    else if (character === "[") isInClass = true;
    else if (character === "]") isInClass = false;
    else if (character === "/" && !isInClass) return at + 1;
  }
  return source.length;
}

function opensRegex(before: string): boolean {
  const code = before.trimEnd();
  if (code === "") return true;
  return (
    "(,=:[!&|?{};+-*%<>~^".includes(code.at(-1) ?? "") || WORD_BEFORE_REGEX.test(code.slice(-12))
  );
}
