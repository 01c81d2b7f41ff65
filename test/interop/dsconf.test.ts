/**
 * 389's own administration tools, as they are installed, against Concord: every step of test/data/interop/dsconf.txt must
 * have its exit code and its words. Needs lib389's dsconf and dsidm (packages 389-ds-base and python3-lib389).
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { runCommand } from "../support/child.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import type { DirectoryServer } from "../support/directory-server.ts";
import { projectRoot } from "../support/trace-file.ts";
import { waitFor } from "../support/wait-for.ts";
import { createConcord, isRehearsal } from "./peer.ts";

const TOOLS = { dsconf: "/usr/sbin/dsconf", dsidm: "/usr/sbin/dsidm" } as const;
const SUFFIX = "dc=tools,dc=test";
const TIMEOUT_MS = 600_000;
const STEP_TIMEOUT_MS = 90_000;
const SHOWN_CHARACTERS = 600;
const ONLY_CONCORD = "only concord";

interface Step {
  readonly line: number;
  readonly text: string;
  readonly server: number;
  exitCode: number;
  input: string;
  /** Repeated until it passes, because it asks about something that takes its time. */
  waits: boolean;
  onlyConcord: boolean;
  readonly wanted: string[];
  readonly unwanted: string[];
}

interface Group {
  readonly title: string;
  readonly onlyConcord: boolean;
  readonly steps: Step[];
}

function readGroups(path: string): readonly Group[] {
  const groups: Group[] = [];
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    if (line.startsWith("#") || line.trim() === "") continue;
    if (line.startsWith("== ")) {
      const title = line.slice(3);
      groups.push({ title, onlyConcord: title.endsWith(ONLY_CONCORD), steps: [] });
      continue;
    }
    const steps = groups.at(-1)?.steps;
    if (steps === undefined) throw new Error(`line ${index + 1}: a step outside of a group`);
    if (!line.startsWith("  ")) steps.push(newStep(line, index + 1));
    else readDetail(steps.at(-1) as Step, line.trim());
  }
  return groups;
}

function newStep(text: string, line: number): Step {
  const isSecond = text.startsWith("@2 ");
  return {
    line,
    text: isSecond ? text.slice(3) : text,
    server: isSecond ? 1 : 0,
    exitCode: 0,
    input: "",
    waits: false,
    onlyConcord: false,
    wanted: [],
    unwanted: [],
  };
}

function readDetail(step: Step, detail: string): void {
  const rest = detail.slice(2);
  if (detail.startsWith("| ")) step.wanted.push(rest);
  else if (detail.startsWith("! ")) step.unwanted.push(rest);
  else if (detail.startsWith("< ")) step.input += `${rest}\n`;
  else if (detail.startsWith("exit ")) step.exitCode = Number(detail.slice(5));
  else if (detail === "wait") step.waits = true;
  else if (detail === ONLY_CONCORD) step.onlyConcord = true;
  else throw new Error(`line ${step.line}: what is "${detail}"?`);
}

/** Words as a shell would split them; quotes are single. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

suite("interop/dsconf", function () {
  this.timeout(TIMEOUT_MS);
  const servers: DirectoryServer[] = [];

  suiteSetup(async () => {
    for (const path of Object.values(TOOLS)) {
      if (!existsSync(path))
        throw new Error(
          `${path} is missing: these tests need lib389 (apt-get install 389-ds-base)`,
        );
    }
    for (let i = 0; i < 2; i += 1) {
      servers.push(await createConcord({ suffix: "dc=first,dc=test" }));
    }
  });
  suiteTeardown(async () => {
    for (const server of servers) await server.remove();
  });

  function filled(text: string): string {
    const values: Readonly<Record<string, string>> = {
      suffix: SUFFIX,
      port: String(servers[0]?.port),
      port2: String(servers[1]?.port),
      password: ROOT_PASSWORD,
    };
    return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  }

  /** What is wrong with the outcome of a step; empty when nothing is. */
  async function faultsOf(step: Step): Promise<readonly string[]> {
    const [tool = "", ...words] = splitWords(filled(step.text));
    const isJson = words[0] === "-j";
    const server = servers[step.server] as DirectoryServer;
    const { code, stdout, stderr } = await runCommand(
      TOOLS[tool as keyof typeof TOOLS],
      [
        ...(isJson ? ["-j"] : []),
        ...["-D", ROOT_DN, "-w", ROOT_PASSWORD],
        ...(tool === "dsidm" ? ["-b", SUFFIX] : []),
        `ldap://127.0.0.1:${server.port}`,
        ...words.slice(isJson ? 1 : 0),
      ],
      { input: step.input, timeoutMs: STEP_TIMEOUT_MS },
    );
    const output = `${stdout.toString("utf8")}${stderr}`.replaceAll(/\s+/g, " ");
    const says = (text: string): boolean => output.toLowerCase().includes(text.toLowerCase());
    const faults: string[] = [];
    if (code !== step.exitCode) faults.push(`exit code ${code}, not ${step.exitCode}`);
    for (const text of step.wanted.map(filled)) {
      if (!says(text)) faults.push(`it does not say: ${text}`);
    }
    for (const text of step.unwanted.map(filled)) {
      if (says(text)) faults.push(`it says: ${text}`);
    }
    if (faults.length > 0) faults.push(`it said: ${output.slice(0, SHOWN_CHARACTERS)}`);
    return faults;
  }

  async function play(step: Step): Promise<readonly string[]> {
    if (!step.waits) return faultsOf(step);
    let faults: readonly string[] = [];
    const passes = async (): Promise<boolean> => {
      faults = await faultsOf(step);
      return faults.length === 0;
    };
    await waitFor(passes, step.text, STEP_TIMEOUT_MS).catch(() => undefined);
    return faults;
  }

  const groups = readGroups(join(projectRoot(), "test/data/interop/dsconf.txt"));
  for (const { title, onlyConcord, steps } of groups) {
    if (onlyConcord && isRehearsal) continue;
    test(`interop/dsconf: ${title}`, async () => {
      const reports: string[] = [];
      for (const step of steps) {
        if (step.onlyConcord && isRehearsal) continue;
        const faults = await play(step);
        if (faults.length === 0) continue;
        reports.push([`line ${step.line}: ${step.text}`, ...faults].join("\n    "));
      }
      assert.isEmpty(reports, `\n${reports.join("\n")}\n`);
    });
  }
});
