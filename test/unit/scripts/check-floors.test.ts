/** The floor checker finds each kind of fault. Rule under test: scripts/floors.json.
 * Method: small trees in memory, a good one without faults and one for each fault planted into it; then the program
 * itself on a temporary folder, because a checker that never failed may not run at all. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";
import { type FloorPlan, findFloorFaults } from "../../../scripts/check-floors.ts";

const PLAN: FloorPlan = {
  floors: [["base"], ["kv", "core", "core/deep"], ["work"], ["rim"]],
  pure: ["base", "core", "core/deep"],
  synchronous: ["work"],
  only: { lmdb: ["kv/lmdb.ts"], "node:net": ["rim/"], "kv/lmdb.ts": ["rim/"] },
};

const GOOD: Readonly<Record<string, string>> = {
  "base/index.ts": 'export { a } from "./a.ts";',
  "base/a.ts":
    'export const a = 1; // Date.now() in a comment\nexport const t = "await setTimeout";',
  "kv/index.ts": 'export type { Kv } from "./kv.ts";',
  "kv/kv.ts": 'export interface Kv { readonly a: "net" | "from" }\nexport const from = "x";',
  "kv/lmdb.ts": 'import { open } from "lmdb";\nexport const db = open;',
  "core/index.ts": 'import {\n  a,\n} from "../base/index.ts";\nexport { a };',
  "core/deep/index.ts": 'import { createHash } from "node:crypto";\nexport const h = createHash;',
  "work/index.ts": 'import { a } from "../core/index.ts";\nexport const w = new Date(a);',
  "rim/index.ts":
    'import { connect } from "node:net";\nimport { db } from "../kv/lmdb.ts";\nexport const s = { connect, db };',
};

const FAULTS: readonly (readonly [name: string, path: string, text: string, fault: string])[] = [
  ["an import upwards", "core/b.ts", 'import { w } from "../work/index.ts";', "upwards"],
  [
    "an import of types upwards",
    "core/b.ts",
    'import type { W } from "../work/index.ts";',
    "upwards",
  ],
  ["an export from above", "core/b.ts", 'export { w } from "../work/index.ts";', "upwards"],
  [
    "a lazy import upwards",
    "kv/b.ts",
    'export const w = () => import("../work/index.ts");',
    "upwards",
  ],
  ["an import sideways", "core/b.ts", 'import "../kv/index.ts";', "sideways"],
  [
    "an import of a sub-room on the same floor",
    "core/b.ts",
    'import "./deep/index.ts";',
    "sideways",
  ],
  [
    "an import past the index",
    "work/b.ts",
    'import { a } from "../base/a.ts";',
    "past base/index.ts",
  ],
  ["an import out of src", "rim/b.ts", 'import "../../test/x.ts";', "outside src/"],
  ["an unlisted room", "attic/index.ts", "export {};", "no room"],
  ["a file in no room", "main.ts", "export {};", "no room"],
  ["an import of an unlisted room", "rim/b.ts", 'import "../attic/index.ts";', "no listed room"],
  ["a reserved package", "rim/b.ts", 'import { open } from "lmdb";', "only kv/lmdb.ts"],
  ["a reserved node module", "kv/b.ts", 'import net from "node:net";', "only rim/"],
  ["a reserved file", "work/b.ts", 'import { db } from "../kv/lmdb.ts";', "only rim/"],
  ["files in a pure room", "core/b.ts", 'import { readFileSync } from "node:fs";', "without I/O"],
  ["a package in a pure room", "core/b.ts", 'import pino from "pino";', "without I/O"],
  ["the clock", "core/b.ts", "\nexport const now = Date.now();", ':2: "Date.now" reads the clock'],
  ["the date", "work/b.ts", "export const now = new Date();", "reads the clock"],
  ["chance", "core/deep/b.ts", "export const r = Math.random();", "uses chance"],
  ["random bytes", "core/b.ts", 'import { randomBytes } from "node:crypto";', "uses chance"],
  ["a timer", "work/b.ts", "setImmediate(() => {});", "starts a timer"],
  ["an async function", "work/b.ts", "export async function f() {}", "is asynchronous"],
  [
    "a clock in a template",
    "core/b.ts",
    "export const s = `a ${Date.now()} b`;",
    "reads the clock",
  ],
  [
    "a clock behind a regular expression",
    "core/b.ts",
    "const q = /[\"'/]/; Date.now();",
    "reads the clock",
  ],
];

suite("scripts/check-floors", () => {
  test("scripts/check-floors: a tree that keeps the plan has no fault", () => {
    assert.deepEqual(findFloorFaults(PLAN, new Map(Object.entries(GOOD))), []);
  });

  for (const [name, path, text, fault] of FAULTS) {
    test(`scripts/check-floors: finds ${name}`, () => {
      const faults = findFloorFaults(PLAN, new Map(Object.entries({ ...GOOD, [path]: text })));
      assert.lengthOf(faults, 1);
      assert.include(faults[0], `src/${path}`);
      assert.include(faults[0], fault);
    });
  }

  test("scripts/check-floors: the program exits 1 on a bad tree and on an empty one, 0 on a good one", () => {
    assert.equal(runOn({}).status, 1);
    assert.equal(runOn(GOOD).status, 0);
    const bad = runOn({ ...GOOD, "base/b.ts": 'import "../rim/index.ts";' });
    assert.equal(bad.status, 1);
    assert.include(bad.stderr, "imports upwards: base (floor 0) -> rim");
  });

  test("scripts/check-floors: every room of the project is listed once and every mark names a room", () => {
    const plan = JSON.parse(
      readFileSync(join(projectRoot(), "scripts/floors.json"), "utf8"),
    ) as FloorPlan;
    const rooms = plan.floors.flat();
    assert.equal(new Set(rooms).size, rooms.length);
    for (const room of [...plan.pure, ...plan.synchronous]) assert.include(rooms, room);
  });
});

function runOn(tree: Readonly<Record<string, string>>): { status: number | null; stderr: string } {
  const root = mkdtempSync(join(tmpdir(), "concord-floors-"));
  try {
    const files: Record<string, string> = {
      "scripts/floors.json": JSON.stringify(PLAN),
      "src/.keep": "",
    };
    for (const [path, text] of Object.entries(tree)) files[`src/${path}`] = text;
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const program = join(import.meta.dirname, "../../../scripts/check-floors.js");
    return spawnSync(process.execPath, [program, root], { encoding: "utf8" });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!hasPackage(folder)) folder = dirname(folder);
  return folder;
}

function hasPackage(folder: string): boolean {
  try {
    return readFileSync(join(folder, "package.json")).length > 0;
  } catch {
    return false;
  }
}
