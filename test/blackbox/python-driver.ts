// The cases through python-ldap: one Python process sends them all.
import { join } from "node:path";
import { runPython } from "../support/ldap-tools.ts";
import { projectRoot } from "../support/trace-file.ts";
import type { Answer, Request, Target } from "./request.ts";

export async function runWithPython(
  requests: readonly Request[],
  target: Target,
): Promise<readonly Answer[]> {
  const script = join(projectRoot(), "test/blackbox/perform.py");
  return (await runPython(script, { requests, target })) as readonly Answer[];
}
