// docs/events.md lists the log events: each that the code logs is there with its level and fields, and no other.
//
// Method: the calls are found in the sources as text, `log.LEVEL("room.noun.verb", {…})` in any spelling of the log, and the
// names of the fields in the literal behind them. Fields that come as a variable or spread are not seen: those events may list
// more than the code names.
import { assert } from "chai";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../support/trace-file.ts";

interface EventUse {
  readonly levels: ReadonlySet<string>;
  readonly fields: ReadonlySet<string>;
  /** Whether all fields are named. */
  readonly isWhole: boolean;
}

const CALL =
  /(?:\.(error|warn|info|debug)|\.log\[[^\]]*\])\(\s*"([a-z][A-Za-z]*(?:\.[a-z][A-Za-z]*)+)"\s*(,?)/g;
const ROW = /^\| `([a-z][A-Za-z.]*)` \|([^|]*)\|([^|]*)\|[^|]+\|$/gm;
const LEVELS = ["error", "warn", "info", "debug"];

/** The names in an object literal: `{ a, b: 1, ...c }` gives a and b. */
function fieldsOf(literal: string): { readonly names: string[]; readonly isWhole: boolean } {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const character of literal) {
    if ("([{`".includes(character)) depth += 1;
    if (")]}`".includes(character)) depth -= 1;
    if (character === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += character;
  }
  const texts = [...parts, part].map((text) => text.trim()).filter((text) => text !== "");
  const names = texts.flatMap((text) => /^([A-Za-z]\w*)\s*(?::|$)/.exec(text)?.[1] ?? []);
  return { names, isWhole: names.length === texts.length };
}

/** What follows the name of an event up to the end of the call. */
function argumentsAfter(text: string, from: number): string {
  let depth = 1;
  let at = from;
  for (; at < text.length && depth > 0; at += 1) {
    const character = text[at] ?? "";
    if ("([{".includes(character)) depth += 1;
    if (")]}".includes(character)) depth -= 1;
  }
  return text.slice(from, at - 1).trim();
}

function eventsInCode(root: string): Map<string, EventUse> {
  const uses = new Map<string, { levels: Set<string>; fields: Set<string>; isWhole: boolean }>();
  for (const path of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts")) continue;
    const text = readFileSync(join(root, "src", path), "utf8");
    for (const match of text.matchAll(CALL)) {
      const [, level, name = "", comma] = match;
      const use = uses.get(name) ?? { levels: new Set(), fields: new Set(), isWhole: true };
      uses.set(name, use);
      if (level === undefined) use.isWhole = false;
      else use.levels.add(level);
      if (comma === "") continue;
      const rest = argumentsAfter(text, match.index + match[0].length).replace(/,$/, "");
      const { names, isWhole } = rest.startsWith("{")
        ? fieldsOf(rest.slice(1, -1))
        : { names: [], isWhole: false };
      for (const field of names) use.fields.add(field);
      use.isWhole &&= isWhole;
    }
  }
  return uses;
}

function eventsInDocument(root: string): Map<string, EventUse> {
  const text = readFileSync(join(root, "docs/events.md"), "utf8");
  return new Map(
    Array.from(text.matchAll(ROW), ([, name = "", levels = "", fields = ""]) => [
      name,
      {
        levels: new Set(levels.trim().split(", ")),
        fields: new Set(Array.from(fields.matchAll(/`(\w+)`/g), ([, field = ""]) => field)),
        isWhole: true,
      },
    ]),
  );
}

suite("docs/events", () => {
  const code = eventsInCode(projectRoot());
  const document = eventsInDocument(projectRoot());

  test("docs/events: the events of the page are those of the code", () => {
    assert.isAbove(code.size, 20);
    assert.deepEqual([...document.keys()].sort(), [...code.keys()].sort());
  });

  for (const [name, use] of code) {
    test(`docs/events: ${name} has its levels and fields`, () => {
      const listed = document.get(name);
      assert.isDefined(listed, "is listed");
      if (listed === undefined) return;
      assert.includeMembers([...listed.levels], [...use.levels]);
      assert.includeMembers(LEVELS, [...listed.levels]);
      if (use.isWhole) assert.sameMembers([...listed.fields], [...use.fields]);
      else assert.includeMembers([...listed.fields], [...use.fields]);
    });
  }
});
