// Another commit of this repository, built in a temporary folder: its files, the packages of this checkout, compiled and put
// together as `npm run build` does. Nothing of it stays in the repository.
import { existsSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun, runCommand } from "../support/child.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { projectRoot } from "../support/trace-file.ts";

const BUILD_TIMEOUT_MS = 600_000;

export class UnknownCommit extends Error {}

/**
 * @returns the path of a program that is the `concord` command of that commit
 * @throws UnknownCommit
 */
export async function buildCommit(commit: string, log: (line: string) => void): Promise<string> {
  const root = projectRoot();
  const git = (...args: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand("git", ["-C", root, ...args]);
  const found = await git("rev-parse", "--verify", "--quiet", `${commit}^{commit}`);
  if (found.code !== 0) throw new UnknownCommit(`${commit} is not a commit of this repository`);
  const hash = found.stdout.toString("utf8").trim();
  const packages = await git("diff", "--quiet", hash, "--", "package-lock.json");
  if (packages.code !== 0) log(`${commit} was made for other packages; it runs with those of now`);

  const folder = makeTemporaryFolder();
  const archive = join(folder, "commit.tar");
  const source = join(folder, "concord");
  log(`building ${commit}`);
  await mustRun("git", ["-C", root, "archive", "--prefix", "concord/", "-o", archive, hash]);
  await mustRun("tar", ["-xf", archive, "-C", folder]);
  symlinkSync(realpathSync(join(root, "node_modules")), join(source, "node_modules"));
  const compiler = join(source, "node_modules/.bin/tsc");
  const project = ["-p", join(source, "tsconfig.json")];
  await mustRun(compiler, project, { timeoutMs: BUILD_TIMEOUT_MS });
  const bundler = join(source, "dist/scripts/bundle.js");
  const isBundled = existsSync(bundler);
  if (isBundled) await mustRun(process.execPath, [bundler], { timeoutMs: BUILD_TIMEOUT_MS });
  const command = join(source, "dist/program/concord");
  if (existsSync(command)) return command;
  const main = join(source, isBundled ? "dist/program/main.js" : "dist/src/cli/main.js");
  const program = join(folder, "command");
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 });
  return program;
}
