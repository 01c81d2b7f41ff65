// Renders into docs/ARCHITECTURE.md what other files say: the rooms of floors.json and the traces of the walks.
//
//   <!-- rooms -->               a table of floors.json; what a room holds is kept from the table that stands there
//   <!-- file: PATH -->          the content of a file of the project, as a block of text
//   <!-- end -->                 the end of both
//
// Run: node dist/scripts/render-architecture.js; a test compares, and with UPDATE=1 renders as well.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FloorPlan } from "./check-floors.ts";

const BLOCK = /<!-- (rooms|file: [^\n]+?) -->\n[\s\S]*?<!-- end -->/g;
const ROOM_ROW = /^\| \d+ \| `([^`]+)` \|[^|]*\|([^|]*)\|$/gm;

export interface RenderSources {
  readonly plan: FloorPlan;
  /** The text of a file by its path below the root. */
  readFile(path: string): string;
}

/** `document` with its blocks made anew. */
export function renderArchitecture(document: string, sources: RenderSources): string {
  return document.replaceAll(BLOCK, (block, head: string) => {
    const content =
      head === "rooms"
        ? formatRooms(sources.plan, readHolds(block))
        : `\`\`\`text\n${sources.readFile(head.slice("file: ".length)).trimEnd()}\n\`\`\``;
    return `<!-- ${head} -->\n${content}\n<!-- end -->`;
  });
}

/** What each room holds, as the table says. */
export function readHolds(text: string): ReadonlyMap<string, string> {
  return new Map(
    Array.from(text.matchAll(ROOM_ROW), ([, room = "", holds = ""]) => [room, holds.trim()]),
  );
}

function formatRooms(plan: FloorPlan, holds: ReadonlyMap<string, string>): string {
  const lines = ["| floor | room | mark | holds |", "| --- | --- | --- | --- |"];
  for (const [floor, rooms] of plan.floors.entries()) {
    for (const room of rooms) {
      const mark = plan.pure.includes(room) ? "P" : plan.synchronous.includes(room) ? "S" : "-";
      lines.push(`| ${floor} | \`${room}\` | ${mark} | ${holds.get(room) ?? ""} |`);
    }
  }
  return lines.join("\n");
}

export function architectureOf(root: string): {
  readonly path: string;
  readonly text: string;
  readonly rendered: string;
} {
  const readFile = (path: string): string => readFileSync(join(root, path), "utf8");
  const path = join(root, "docs/ARCHITECTURE.md");
  const text = readFileSync(path, "utf8");
  const plan = JSON.parse(readFile("scripts/floors.json")) as FloorPlan;
  return { path, text, rendered: renderArchitecture(text, { plan, readFile }) };
}

if (process.argv[1] === import.meta.filename) {
  const { path, rendered } = architectureOf(process.argv[2] ?? process.cwd());
  writeFileSync(path, rendered);
}
