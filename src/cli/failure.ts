// How a command fails in a way its user can act on. Anything else that is thrown is a defect.
import { printNote } from "./print.ts";

/** Exit codes of every command. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** `concord status`: the instance does not run. */
export const EXIT_NOT_RUNNING = 3;

/** What happened and why; `hint` is the command or step that mends it. */
export class CommandFailure extends Error {
  override readonly name: string = "CommandFailure";
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(
    message: string,
    details: {
      readonly hint?: string | undefined;
      readonly exitCode?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? EXIT_FAILED;
  }
}

/** What was asked for makes no sense, whatever the state of the world. */
export function usageFailure(message: string, hint?: string): CommandFailure {
  return new CommandFailure(message, { hint, exitCode: EXIT_USAGE });
}

/** Says what went wrong. @returns the exit code */
export function reportFailure(error: unknown): number {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  printNote(`concord: ${message}`);
  if (error instanceof CommandFailure) {
    if (error.hint !== undefined) printNote(error.hint);
    return error.exitCode;
  }
  if (error instanceof Error && error.cause instanceof Error) printNote(error.cause.message);
  if (process.env["CONCORD_TRACE"] === undefined) {
    printNote("CONCORD_TRACE=1 in the environment shows where this comes from.");
  } else printNote(stack ?? "");
  return EXIT_FAILED;
}
