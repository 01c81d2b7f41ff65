// `concord demo`: a replicating topology of real servers on this machine, until Ctrl-C or, with --check, until it has been seen
// that writes on every supplier reach every replica. At the end the servers are stopped and their folders removed.
import { existsSync, mkdirSync, readdirSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CommandFailure, EXIT_FAILED, usageFailure } from "../failure.ts";
import { checkUnlocked } from "../instance-lock.ts";
import { type PasswordOptions, findPassword, makePassword } from "../passwords.ts";
import { type PrintOptions, formatTable, printNote, printResult } from "../print.ts";
import { SAMPLE_USERS_MAX } from "../sample-data.ts";
import { type CheckResult, runCheck } from "./check.ts";
import { ROOT_DN, SUFFIX } from "./demo-instance.ts";
import { findPorts } from "./free-ports.ts";
import { EXCLUDED, Topology } from "./topology.ts";

const SUPPLIERS_MAX = 20;
const CONSUMERS_MAX = 50;
/** Says that a folder is the demo's own and may be emptied. */
const MARK = ".concord-demo";
const PASSWORD_FILE = "password";

export interface DemoOptions extends PasswordOptions, PrintOptions {
  readonly suppliers: number;
  readonly consumers: number;
  readonly entries: number;
  readonly dir: string;
  readonly basePort: number | undefined;
  readonly check: boolean;
}

export async function runDemo(options: DemoOptions): Promise<void> {
  checkCounts(options);
  const folder = resolve(options.dir);
  const interrupted = nextSignal();
  const isNew = prepareFolder(folder);
  const rootPassword = findPassword(options) ?? makePassword();
  let topology: Topology | undefined;
  try {
    const { suppliers, consumers, entries: users } = options;
    const basePort = await findPorts(suppliers + consumers, options.basePort);
    topology = new Topology({ folder, suppliers, consumers, users, basePort, rootPassword });
    const outcome = await Promise.race([interrupted, run(topology, { ...options, rootPassword })]);
    if (outcome === "interrupted") printNote("\nstopping");
    else if (!outcome.converged) process.exitCode = EXIT_FAILED;
  } finally {
    await topology?.stop();
    cleanFolder(folder, isNew);
  }
}

/** Resolves when the check is done; without a check, never. */
async function run(
  topology: Topology,
  options: DemoOptions & { readonly rootPassword: string },
): Promise<CheckResult> {
  await topology.start();
  const failed = topology.watch();
  if (options.check) {
    const result = await Promise.race([failed, runCheck(topology)]);
    printResult(result, () => checkText(result), options);
    return result;
  }
  const path = join(resolve(options.dir), PASSWORD_FILE);
  // Without a line end: LDAP tools take the file as it is.
  writeFileSync(path, options.rootPassword, { mode: 0o600 });
  printResult(
    {
      ready: true,
      servers: topology.instances.map(({ name, url, replicaId }) => ({
        name,
        url,
        role: replicaId === undefined ? "consumer" : "supplier",
        ...(replicaId === undefined ? { excluded: EXCLUDED } : { replicaId }),
      })),
      suffix: SUFFIX,
      rootDn: ROOT_DN,
      rootPassword: options.rootPassword,
      passwordFile: path,
    },
    () => readyText(topology, options.rootPassword, path),
    options,
  );
  return failed;
}

function readyText(topology: Topology, password: string, passwordFile: string): string {
  const [first] = topology.suppliers;
  const searches = topology.instances.map(
    ({ url }) => `  ldapsearch -x -LLL -H ${url} -b ${SUFFIX} '(title=Head of*)' cn title`,
  );
  return [
    formatTable(
      ["server", "url", "role"],
      topology.instances.map(({ name, url, replicaId }) => [
        name,
        url,
        replicaId === undefined
          ? `consumer, without ${EXCLUDED.join(" and ")}`
          : `supplier, replica ID ${replicaId}`,
      ]),
    ),
    `root DN:        ${ROOT_DN}\npassword:       ${password}\npassword file:  ${passwordFile}`,
    ["Look something up:", ...searches].join("\n"),
    [
      "Change something on one server and see it on the others:",
      `  ldapmodify -x -H ${first?.url ?? ""} -D '${ROOT_DN}' -y ${passwordFile}`,
      `  concord replication monitor --url ${first?.url ?? ""} --root-password-file ${passwordFile}`,
    ].join("\n"),
    "ready; Ctrl-C stops the servers and removes their data",
  ].join("\n\n");
}

function checkText(result: CheckResult): string {
  const table = formatTable(
    ["replica", "url", "entries", "digest", "without what consumers lack"],
    result.replicas.map(({ name, url, entries, digest, partialDigest }) => [
      name,
      url,
      String(entries),
      digest?.slice(0, 16) ?? "-",
      partialDigest.slice(0, 16),
    ]),
  );
  const { writes, replicas, arrivedAfterMs, differences } = result;
  const suppliers = replicas.filter(({ digest }) => digest !== undefined).length;
  const arrival =
    arrivedAfterMs === undefined
      ? `have NOT reached all ${replicas.length} replicas`
      : `have reached all ${replicas.length} replicas after ${(arrivedAfterMs / 1000).toFixed(1)} s`;
  const verdict =
    differences.length === 0
      ? "all replicas are equal"
      : `replicas are NOT equal:\n  ${differences.join("\n  ")}`;
  return `${table}\n\n${writes} writes on ${suppliers} suppliers ${arrival}; ${verdict}`;
}

function checkCounts({ suppliers, consumers, entries }: DemoOptions): void {
  const check = (name: string, value: number, min: number, max: number): void => {
    if (Number.isInteger(value) && value >= min && value <= max) return;
    throw usageFailure(`--${name} takes a number from ${min} to ${max}`);
  };
  check("suppliers", suppliers, 1, SUPPLIERS_MAX);
  check("consumers", consumers, 0, CONSUMERS_MAX);
  check("entries", entries, 0, SAMPLE_USERS_MAX);
}

/** Resolves at the first SIGINT or SIGTERM. */
function nextSignal(): Promise<"interrupted"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => resolve("interrupted"));
    }
  });
}

/** Whether the folder was made. @throws CommandFailure when it holds something else, or a demo that runs */
function prepareFolder(folder: string): boolean {
  const isNew = !existsSync(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = readdirSync(folder);
  if (names.length > 0 && !names.includes(MARK)) {
    throw new CommandFailure(`${folder} is not empty`, {
      hint: "Choose another --dir: the demo removes what is in its folder.",
    });
  }
  // What a demo left that was killed.
  for (const name of names.filter(isDemoPart)) {
    if (name !== PASSWORD_FILE) checkUnlocked(join(folder, name));
  }
  for (const name of names.filter(isDemoPart)) rmSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, MARK), "");
  return isNew || names.includes(MARK);
}

const isDemoPart = (name: string): boolean =>
  /^(supplier|consumer)\d+$/.test(name) || name === PASSWORD_FILE;

function cleanFolder(folder: string, isOurs: boolean): void {
  for (const name of readdirSync(folder)) {
    if (isDemoPart(name) || name === MARK) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
  if (isOurs && readdirSync(folder).length === 0) rmdirSync(folder);
}
