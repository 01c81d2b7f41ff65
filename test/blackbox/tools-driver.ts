// The cases through the OpenLDAP command line tools (package ldap-utils): what they print is read back as an answer.
import { runLdapTool } from "../support/ldap-tools.ts";
import type { LdapTool } from "../support/ldap-tools.ts";
import { octetsOf, textOf, valueList } from "./request.ts";
import type {
  Answer,
  AnswerAttributes,
  AnswerEntry,
  Operation,
  Request,
  Target,
} from "./request.ts";

export async function runWithTools(
  requests: readonly Request[],
  target: Target,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const request of requests) answers.push(await answerOne(request, target));
  return answers;
}

interface Command {
  readonly tool: LdapTool;
  readonly args: readonly string[];
  readonly input?: string;
}

async function answerOne(request: Request, target: Target): Promise<Answer> {
  const { tool, args, input } = commandOf(request.operation, request);
  const all = [...connectionArgs(request, target), ...controlArgs(request), ...args];
  const { code, stdout, stderr } = await runLdapTool(tool, all, input);
  const text = stdout.toString("utf8");
  return {
    code: codeOf(code, `${stderr}\n${text}`),
    message: stderr,
    matchedDn: /^\s*[Mm]atched DN: (.*)$/m.exec(`${stderr}\n${text}`)?.[1] ?? "",
    ...outputPart(request.operation, text),
    ...readPart(text, "preread"),
    ...readPart(text, "postread"),
  };
}

/** The tools end with the result code; some end with 1 and tell the code in words. */
function codeOf(exitCode: number | null, said: string): number {
  const named = /^(?:ldap_\w+|Result): .*\((\d+)\)\s*$/m.exec(said)?.[1];
  return exitCode === 0 || named === undefined ? (exitCode ?? -1) : Number(named);
}

function connectionArgs(request: Request, target: Target): readonly string[] {
  const urls = {
    ldap: `ldap://127.0.0.1:${target.port}`,
    ldaps: `ldaps://127.0.0.1:${target.securePort}`,
    startTls: `ldap://127.0.0.1:${target.port}`,
    ldapi: `ldapi://${encodeURIComponent(target.ldapiPath)}`,
  };
  const on = request.on ?? "ldap";
  const identity = request.as ?? target.root;
  const bind =
    identity === "external"
      ? ["-Q", "-Y", "EXTERNAL"]
      : ["-x", ...(identity.dn === "" ? [] : ["-D", identity.dn, "-w", identity.password])];
  return ["-H", urls[on], ...(on === "startTls" ? ["-ZZ"] : []), ...bind];
}

function controlArgs(request: Request): readonly string[] {
  const args = (request.controls ?? []).flatMap(({ oid, critical, base64 }) => {
    const value = base64 === undefined ? "" : `=::${base64}`;
    return ["-E", `${critical === true ? "!" : ""}${oid}${value}`];
  });
  if (request.operation.kind !== "search") {
    // The other tools know no extensions of a search; they take controls without value as general ones.
    for (const [index, arg] of args.entries()) if (arg === "-E") args[index] = "-e";
  }
  if (request.assertion !== undefined) args.push("-e", `!assert=${request.assertion}`);
  if (request.preRead !== undefined) args.push("-e", `preread=${request.preRead.join(",")}`);
  if (request.postRead !== undefined) args.push("-e", `postread=${request.postRead.join(",")}`);
  return args;
}

function commandOf(operation: Operation, request: Request): Command {
  switch (operation.kind) {
    case "add":
      return { tool: "ldapadd", args: [], input: addLdif(operation) };
    case "modify":
      return { tool: "ldapmodify", args: [], input: modifyLdif(operation) };
    case "rename": {
      const { dn, newRdn, deleteOldRdn = true, newSuperior } = operation;
      const superior = newSuperior === undefined ? [] : ["-s", newSuperior];
      return {
        tool: "ldapmodrdn",
        args: [...(deleteOldRdn ? ["-r"] : []), ...superior, dn, newRdn],
      };
    }
    case "delete":
      return { tool: "ldapdelete", args: [operation.dn] };
    case "compare":
      return {
        tool: "ldapcompare",
        args: [operation.dn, `${operation.type}:${operation.value}`],
      };
    case "search":
      return { tool: "ldapsearch", args: searchArgs(operation) };
    case "whoAmI":
      return { tool: "ldapwhoami", args: [] };
    case "passwordModify":
      return {
        tool: "ldappasswd",
        args: [
          ...(operation.old === undefined ? [] : ["-a", operation.old]),
          ...(operation.new === undefined ? [] : ["-s", operation.new]),
          ...(operation.user === undefined ? [] : [operation.user]),
        ],
      };
    case "extended":
      if (request.controls !== undefined) throw new Error("ldapexop is used without controls");
      return { tool: "ldapexop", args: [operation.oid] };
  }
}

function searchArgs(operation: Extract<Operation, { kind: "search" }>): readonly string[] {
  const { base = "$B", scope = "sub", filter = "(objectClass=*)", pageSize } = operation;
  return [
    ...["-LL", "-o", "ldif-wrap=no", "-b", base, "-s", scope],
    ...(operation.sizeLimit === undefined ? [] : ["-z", String(operation.sizeLimit)]),
    ...(operation.typesOnly === true ? ["-A"] : []),
    ...(pageSize === undefined ? [] : ["-E", `!pr=${pageSize}/noprompt`]),
    filter,
    ...(operation.attributes ?? []),
  ];
}

function addLdif(operation: Extract<Operation, { kind: "add" }>): string {
  const lines = [ldifLine("dn", operation.dn)];
  for (const [type, values] of Object.entries(operation.attributes))
    for (const value of valueList(values)) lines.push(ldifLine(type, octetsOf(value)));
  return `${lines.join("\n")}\n`;
}

function modifyLdif(operation: Extract<Operation, { kind: "modify" }>): string {
  const lines = [ldifLine("dn", operation.dn), "changetype: modify"];
  for (const { op, type, values = [] } of operation.changes) {
    lines.push(`${op}: ${type}`, ...values.map((value) => ldifLine(type, octetsOf(value))), "-");
  }
  return `${lines.join("\n")}\n`;
}

const ldifLine = (type: string, value: string | Buffer): string =>
  `${type}:: ${Buffer.from(value).toString("base64")}`;

function outputPart(operation: Operation, text: string): Partial<Answer> {
  switch (operation.kind) {
    case "search":
      return { entries: parseLdif(text) };
    case "whoAmI":
      return { authzId: text.trim() === "anonymous" ? "" : text.trim() };
    case "passwordModify": {
      const generatedPassword = /^New password: (.*)$/m.exec(text)?.[1];
      return generatedPassword === undefined ? {} : { generatedPassword };
    }
    case "add":
    case "modify":
    case "rename":
    case "delete":
    case "compare":
    case "extended":
      return {};
  }
}

function parseLdif(text: string): readonly AnswerEntry[] {
  const blocks = text
    .split(/\n{2,}/)
    .map((block) => block.split("\n").filter((line) => line !== "" && !line.startsWith("#")));
  return blocks
    .filter(([first]) => first?.startsWith("dn:") === true)
    .map(([first = "", ...lines]) => ({ dn: valueOf(first).text, attributes: collect(lines) }));
}

/** The entry of a read control stands between two comment lines. */
function readPart(text: string, name: "preread" | "postread"): Partial<Answer> {
  const block = new RegExp(`# ==> ${name}\\n([\\s\\S]*?)# <== ${name}`).exec(text)?.[1];
  if (block === undefined) return {};
  const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith("dn:"));
  const attributes = collect(lines);
  return name === "preread" ? { preRead: attributes } : { postRead: attributes };
}

function collect(lines: readonly string[]): AnswerAttributes {
  const attributes: Record<string, string[]> = {};
  for (const line of lines) {
    const { type, text, isEmpty } = valueOf(line);
    attributes[type] ??= [];
    if (!isEmpty) attributes[type].push(text);
  }
  return attributes;
}

/** `type:` alone is what ldapsearch -A prints, and also an empty value. */
function valueOf(line: string): {
  readonly type: string;
  readonly text: string;
  readonly isEmpty: boolean;
} {
  const colon = line.indexOf(":");
  const type = line.slice(0, colon);
  const rest = line.slice(colon + 1);
  if (rest.startsWith(":"))
    return { type, text: textOf(Buffer.from(rest.slice(1).trim(), "base64")), isEmpty: false };
  return { type, text: rest.replace(/^ /, ""), isEmpty: rest === "" };
}
