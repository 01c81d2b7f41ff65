// Passwords come from a file, from the command line or from the environment, in this order; from a terminal when it is one
// and nothing else is there. A file's last line end is not part of the password.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { CommandFailure, usageFailure } from "./failure.ts";

export const PASSWORD_VARIABLE = "CONCORD_ROOT_PASSWORD";

export interface PasswordOptions {
  readonly rootPassword?: string | undefined;
  readonly rootPasswordFile?: string | undefined;
}

/** undefined: nobody gave one. @throws CommandFailure */
export function findPassword(
  options: PasswordOptions,
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  if (options.rootPasswordFile !== undefined) return readPasswordFile(options.rootPasswordFile);
  if (options.rootPassword !== undefined) return notEmpty(options.rootPassword);
  const fromEnvironment = environment[PASSWORD_VARIABLE];
  return fromEnvironment === undefined ? undefined : notEmpty(fromEnvironment);
}

/** Asks on a terminal when nobody gave one. @throws CommandFailure exit code 2 when nobody can be asked */
export async function getPassword(options: PasswordOptions, who: string): Promise<string> {
  const hint = `Give it with --root-password-file FILE or in ${PASSWORD_VARIABLE}.`;
  return findPassword(options) ?? askOnTerminal(who, hint);
}

/** @throws CommandFailure exit code 2 with `hint` when there is no terminal */
export async function askOnTerminal(who: string, hint: string): Promise<string> {
  if (process.stdin.isTTY !== true) throw usageFailure(`the password of ${who} is missing`, hint);
  return askSecretly(`Password of ${who}: `);
}

/** 20 characters that are easy to tell apart: about 100 bits. */
export function makePassword(): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  let password = "";
  while (password.length < 20) {
    for (const byte of randomBytes(32)) {
      // Bytes beyond the last whole multiple would make some letters more likely.
      if (byte < letters.length * Math.floor(256 / letters.length) && password.length < 20) {
        password += letters[byte % letters.length];
      }
    }
  }
  return password;
}

function readPasswordFile(path: string): string {
  try {
    return notEmpty(readFileSync(path, "utf8").replace(/\r?\n$/, ""));
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(`cannot read the password file: ${(error as Error).message}`);
  }
}

function notEmpty(password: string): string {
  if (password === "") throw usageFailure("the password is empty");
  return password;
}

async function askSecretly(prompt: string): Promise<string> {
  const silent = { write: () => true };
  process.stderr.write(prompt);
  // What is typed is echoed into nothing.
  const lines = createInterface({
    input: process.stdin,
    output: silent as unknown as NodeJS.WritableStream,
    terminal: true,
  });
  const answer = await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    lines.once("close", () => reject(usageFailure("no password was given")));
  }).finally(() => {
    lines.close();
    process.stderr.write("\n");
  });
  return notEmpty(answer);
}
