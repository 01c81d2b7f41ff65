// Compiles src/store/kernel/record-lines.ts, AssemblyScript, to WebAssembly. Its code is part of the sources, so that neither a build
// nor a server needs the compiler.
//
// Run: npm run kernel; a test compares.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const COMPILER = "node_modules/assemblyscript/bin/asc.js";
const SOURCE = "src/store/kernel/record-lines.ts";
const CODE = "src/store/record-lines-code.ts";
/** No runtime: the kernel allots nothing. */
const OPTIONS = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd,bulk-memory"];

/** The text of the file with the code. */
export function kernelOf(root: string): { readonly path: string; readonly compiled: string } {
  const folder = mkdtempSync(join(tmpdir(), "concord-kernel-"));
  try {
    const file = join(folder, "kernel.wasm");
    const words = [COMPILER, SOURCE, "--outFile", file, ...OPTIONS];
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return { path: join(root, CODE), compiled: format(readFileSync(file).toString("base64")) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function format(code: string): string {
  return `// Made from kernel/record-lines.ts by \`npm run kernel\`.
export const RECORD_LINES_CODE =
  "${code}";
`;
}

if (process.argv[1] === import.meta.filename) {
  const { path, compiled } = kernelOf(process.cwd());
  writeFileSync(path, compiled);
}
