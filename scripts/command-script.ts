// The text of dist/program/concord, the command: it starts Node, with the snapshot of the program when that was made by the very
// Node and on the kind of processor that it finds, in this folder. Node refuses to start from any other, and from one that was made
// with other options. Everything else takes the ordinary way.
import { readFileSync, statSync } from "node:fs";

/** One line that names the processor and all that it can do; V8 compiles for that. */
const PROCESSOR_FILE = "/sys/devices/system/cpu/modalias";

/** Options of V8 for processes that begin with a snapshot. By itself V8 collects the whole heap for the first time when what comes with
 *  a server has just been made, and finds nothing. */
export const SNAPSHOT_FLAGS: readonly string[] = ["--initial-old-space-size=48"];

export interface CommandFiles {
  readonly folder: string;
  /** What Node runs the ordinary way. */
  readonly main: string;
  readonly snapshot?: {
    readonly file: string;
    /** The program that made it. */
    readonly node: string;
  };
}

/** @throws Error of the system when it does not say of which kind the processor is */
export function commandScript({ folder, main, snapshot }: CommandFiles): string {
  return `#!/bin/sh
# Made by scripts/bundle.ts.
folder=\${0%/*}
[ ! -L "$0" ] || folder=$(dirname "$(readlink -f "$0")")
case $folder in /*) ;; *) folder=$(cd "$folder" && pwd -P) ;; esac
${snapshot === undefined ? "" : fromSnapshot(folder, main, snapshot)}exec node "$folder/${main}" "$@"
`;
}

function fromSnapshot(
  folder: string,
  main: string,
  { file, node }: NonNullable<CommandFiles["snapshot"]>,
): string {
  // Device and inode would be others in each container of an image.
  const { size, mtime } = statSync(node);
  const facts = `${size} ${Math.floor(mtime.getTime() / 1000)}`;
  const processor = readFileSync(PROCESSOR_FILE, "latin1").trim();
  return `if [ -z "\${NODE_OPTIONS-}\${NODE_V8_COVERAGE-}" ] && [ "$folder" = ${quoted(folder)} ] &&
  node=$(command -v node) && [ "$(stat -L -c '%s %Y' "$node" 2>/dev/null)" = '${facts}' ] &&
  read -r processor 2>/dev/null <${PROCESSOR_FILE} && [ "$processor" = ${quoted(processor)} ] &&
  [ -r "$folder/${file}" ]; then
  exec "$node" ${SNAPSHOT_FLAGS.join(" ")} --snapshot-blob "$folder/${file}" "$folder/${main}" "$@"
fi
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
