// The other LDAP clients of the tests: the OpenLDAP tools (package ldap-utils) and python-ldap (package python3-ldap).
import { runCommand } from "./child.ts";
import type { CommandOutcome } from "./child.ts";

const PYTHON = "/usr/bin/python3";
const TOOL_ENVIRONMENT = { LDAPTLS_REQCERT: "never", LC_ALL: "C.UTF-8" };

export type LdapTool =
  | "ldapadd"
  | "ldapcompare"
  | "ldapdelete"
  | "ldapexop"
  | "ldapmodify"
  | "ldapmodrdn"
  | "ldappasswd"
  | "ldapsearch"
  | "ldapwhoami";

/** Runs one of the OpenLDAP tools with exactly these arguments. The exit code is the LDAP result code. */
export function runLdapTool(
  tool: LdapTool,
  args: readonly string[],
  input = "",
): Promise<CommandOutcome> {
  return runCommand(tool, args, { input, env: TOOL_ENVIRONMENT });
}

/**
 * Runs a Python program that reads JSON on its standard input and writes JSON on its standard output.
 * @throws Error with the traceback when it fails
 */
export async function runPython(script: string, input: unknown): Promise<unknown> {
  const { code, stdout, stderr } = await runCommand(PYTHON, [script], {
    input: JSON.stringify(input),
    env: TOOL_ENVIRONMENT,
  });
  if (code !== 0) throw new Error(`${PYTHON} ${script}: exit code ${code}\n${stderr}`);
  return JSON.parse(stdout.toString("utf8"));
}
