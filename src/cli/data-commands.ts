// The commands that work on data, as yargs sees them.
import type { Argv } from "yargs";

interface Global {
  readonly json: boolean;
}

export function declareDataCommands(parser: Argv<Global>): Argv<Global> {
  return parser;
}
