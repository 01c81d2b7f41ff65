// Data-driven tests: a file under test/data holds cases, each a title, commands, and the trace that they leave.
//
//   # The title of the case, one line or several.
//   command one
//   command two
//   ----
//   expected line
//   expected line
//                      (a blank line ends the case)
//
// With UPDATE=1 the expectations are rewritten; review the difference before it is committed.
import { assert } from "chai";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface TraceCase {
  readonly title: string;
  readonly commands: readonly string[];
  readonly expected: readonly string[];
}

const SEPARATOR = "----";

export function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    assert.notEqual(parent, folder, "there is a package.json above the tests");
    folder = parent;
  }
  return folder;
}

export const dataPath = (name: string): string => join(projectRoot(), "test/data", name);

export function parseTraceFile(text: string): TraceCase[] {
  const blocks = text.split(/\n{2,}/).filter((block) => block.trim() !== "");
  return blocks.map((block) => {
    const lines = block.trim().split("\n");
    const title = lines.filter((line) => line.startsWith("#")).map((line) => line.slice(1).trim());
    const body = lines.filter((line) => !line.startsWith("#"));
    const middle = body.indexOf(SEPARATOR);
    return {
      title: title.join(" "),
      commands: middle < 0 ? body : body.slice(0, middle),
      expected: middle < 0 ? [] : body.slice(middle + 1),
    };
  });
}

/** One mocha test for each case of the file `name` below test/data; `run` gives the trace of its commands. */
export function traceTests(
  room: string,
  name: string,
  run: (commands: readonly string[]) => string[],
): void {
  const path = dataPath(name);
  const text = readFileSync(path, "utf8");
  const isUpdate = process.env["UPDATE"] === "1";
  const traces: string[] = [];
  for (const { title, commands, expected } of parseTraceFile(text)) {
    test(`${room}: ${title}`, () => {
      const at = traces.push([`# ${title}`, ...commands, SEPARATOR, ...expected].join("\n")) - 1;
      const trace = run(commands);
      if (!isUpdate) assert.deepEqual(trace, expected);
      traces[at] = [`# ${title}`, ...commands, SEPARATOR, ...trace].join("\n");
    });
  }
  if (isUpdate) suiteTeardown(() => writeFileSync(path, `${traces.join("\n\n")}\n`));
}
