// Checks the floor plan of floors.json against the imports and words of src/ (docs/ARCHITECTURE.md explains the plan).
// Faults: a file outside every listed room; an import upwards, sideways, past a room's index.ts or out of src/; an import
// that `only` reserves for others; and in rooms marked pure or synchronous anything that reads clock or chance, starts a
// timer, is asynchronous or does I/O. A room is a folder; the longest listed name that leads a path is its room.
// `only` maps a package, or a file of a room that may be imported past its index, to the importers that may do so.
// Run: node dist/scripts/check-floors.js [root]; prints one line for each fault and exits 1 when there is one.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { blankComments, blankCommentsAndText } from "./source-text.ts";

export interface FloorPlan {
  /** Lowest floor first. */
  readonly floors: readonly (readonly string[])[];
  readonly pure: readonly string[];
  readonly synchronous: readonly string[];
  readonly only: Readonly<Record<string, readonly string[]>>;
}

const CALM_NODE_MODULES = new Set(["node:buffer", "node:crypto", "node:string_decoder"]);

const RESTLESS_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bhrtime\b/, "reads the clock"],
  [/\bMath\.random\b|\brandom(Bytes|UUID|Int|FillSync|Fill)\b|\bgetRandomValues\b/, "uses chance"],
  [/\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bnextTick\b/, "starts a timer"],
  [/\basync\b|\bawait\b|\bPromise\b/, "is asynchronous"],
  [/\bprocess\s*\./, "uses the process"],
];

const IMPORTS: readonly RegExp[] = [
  /(?:^|[;\n}])\s*(?:import|export)\b(?:[^;"'`()=]*?\bfrom)?\s*["']([^"'\n]+)["']/g,
  /\b(?:import|require)\s*\(\s*["']([^"'\n]+)["']/g,
];

/** One line for each fault; `sources` maps paths below src/ (with slashes) to their text. */
export function findFloorFaults(
  plan: FloorPlan,
  sources: ReadonlyMap<string, string>,
): readonly string[] {
  const faults: string[] = [];
  for (const [path, text] of sources) {
    const room = findRoom(plan, path);
    if (room === undefined) {
      faults.push(`src/${path}: lies in no room listed in floors.json`);
      continue;
    }
    const isCalm = plan.pure.includes(room) || plan.synchronous.includes(room);
    for (const target of importsOf(text)) {
      const fault = target.startsWith(".")
        ? roomImportFault(plan, { path, room }, target)
        : (onlyFault(plan, path, target) ?? (isCalm ? packageFault(target) : undefined));
      if (fault !== undefined) faults.push(`src/${path}: ${fault}`);
    }
    if (isCalm) faults.push(...restlessFaults(path, text));
  }
  return faults;
}

function importsOf(text: string): readonly string[] {
  const code = blankComments(text);
  return IMPORTS.flatMap((pattern) =>
    Array.from(code.matchAll(pattern), (match) => match[1] ?? ""),
  );
}

function findRoom(plan: FloorPlan, path: string): string | undefined {
  return plan.floors
    .flat()
    .filter((room) => path.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function roomImportFault(
  plan: FloorPlan,
  from: { readonly path: string; readonly room: string },
  target: string,
): string | undefined {
  const path = posix.normalize(posix.join(posix.dirname(from.path), target));
  const room = findRoom(plan, path);
  if (path.startsWith("../")) return `imports ${target}, which is outside src/`;
  if (room === undefined) return `imports ${path}, which lies in no listed room`;
  if (room === from.room) return undefined;
  const ownFloor = floorOf(plan, from.room);
  const floor = floorOf(plan, room);
  if (floor > ownFloor) return `imports upwards: ${from.room} (floor ${ownFloor}) -> ${room}`;
  if (floor === ownFloor) return `imports sideways: ${from.room} -> ${room} (floor ${floor})`;
  if (plan.only[path] !== undefined) return onlyFault(plan, from.path, path);
  if (path !== `${room}/index.ts`) return `imports ${path} past ${room}/index.ts`;
  return undefined;
}

function floorOf(plan: FloorPlan, room: string): number {
  return plan.floors.findIndex((rooms) => rooms.includes(room));
}

function onlyFault(plan: FloorPlan, path: string, target: string): string | undefined {
  const importers = plan.only[target];
  if (importers === undefined) return undefined;
  const isAllowed = importers.some((importer) =>
    importer.endsWith("/") ? path.startsWith(importer) : path === importer,
  );
  return isAllowed ? undefined : `imports ${target}, which only ${importers.join(", ")} may do`;
}

function packageFault(target: string): string | undefined {
  if (CALM_NODE_MODULES.has(target)) return undefined;
  return `imports ${target} in a room without I/O`;
}

function restlessFaults(path: string, text: string): readonly string[] {
  const faults: string[] = [];
  const lines = blankCommentsAndText(text).split("\n");
  for (const [index, line] of lines.entries()) {
    for (const [pattern, what] of RESTLESS_WORDS) {
      const match = pattern.exec(line);
      if (match !== null)
        faults.push(`src/${path}:${index + 1}: "${match[0]}" ${what} in a room that may not`);
    }
  }
  return faults;
}

function readSources(folder: string): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const path = join(entry.parentPath, entry.name);
    sources.set(relative(folder, path).replaceAll("\\", "/"), readFileSync(path, "utf8"));
  }
  return sources;
}

function main(root: string): void {
  const plan = JSON.parse(readFileSync(join(root, "scripts/floors.json"), "utf8")) as FloorPlan;
  const sources = readSources(join(root, "src"));
  const faults = findFloorFaults(plan, sources);
  for (const fault of faults) console.error(fault);
  if (sources.size === 0) console.error("check-floors: no source file found, nothing was checked");
  else console.log(`check-floors: ${sources.size} files, ${faults.length} faults`);
  if (faults.length > 0 || sources.size === 0) process.exitCode = 1;
}

if (process.argv[1] === import.meta.filename) main(process.argv[2] ?? process.cwd());
