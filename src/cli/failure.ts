// How a command fails in a way its user can act on. Anything else that is thrown is a defect and shows its stack.

/** Exit codes of every command. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** What happened and why; `hint` is the command or step that mends it. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(
    message: string,
    details: { readonly hint?: string; readonly exitCode?: number } = {},
  ) {
    super(message);
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? EXIT_FAILED;
  }
}
