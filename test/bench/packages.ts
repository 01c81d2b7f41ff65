// What benchmarks need of Debian: a C compiler for the load generator, the servers that Concord is compared with, the tools
// that belong to them. What is missing is named at once, before anything starts, or installed when that is asked for. The
// services that packages bring are not started.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { mustRun } from "../support/child.ts";

const INSTALL_TIMEOUT_MS = 900_000;
const APT_GET = "/usr/bin/apt-get";
/** Asked by packages before they start a service; exit code 101 says no. */
const SERVICE_POLICY = "/usr/sbin/policy-rc.d";
/** Where servers are that are not on every PATH. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/usr/bin"];

/** What one of the parties of a benchmark needs. */
export type Need = "compiler" | "strace" | "slapd" | "ns-slapd";

interface Package {
  readonly name: string;
  /** It is there when these programs are, or these files. */
  readonly files: readonly string[];
}

const PACKAGES: Readonly<Record<Need, readonly Package[]>> = {
  compiler: [
    { name: "gcc", files: ["gcc"] },
    { name: "libc6-dev", files: ["/usr/include/stdlib.h"] },
  ],
  strace: [{ name: "strace", files: ["strace"] }],
  slapd: [
    { name: "slapd", files: ["slapd", "slapadd", "slapcat"] },
    { name: "ldap-utils", files: ["ldapsearch"] },
  ],
  "ns-slapd": [{ name: "389-ds-base", files: ["ns-slapd", "dscreate", "dsctl"] }],
};

export class MissingPackages extends Error {}

/**
 * Makes sure that everything is there.
 * @throws MissingPackages naming the packages, when they are not to be installed or cannot be
 */
export async function providePackages(
  needs: readonly Need[],
  { install, log }: { readonly install: boolean; readonly log: (line: string) => void },
): Promise<void> {
  const missing = findMissing(needs);
  if (missing.length === 0) return;
  const names = missing.join(" ");
  if (!install) {
    throw new MissingPackages(
      `not installed: ${names}; --peers installs them from Debian, --servers chooses who takes part`,
    );
  }
  if (!existsSync(APT_GET) || process.getuid?.() !== 0) {
    throw new MissingPackages(`not installed: ${names}; only root on Debian can install them`);
  }
  log(`installing ${names}`);
  await withoutServices(async () => {
    const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: INSTALL_TIMEOUT_MS };
    await mustRun(APT_GET, ["update", "-qq"], options);
    await mustRun(
      APT_GET,
      ["install", "-y", "-qq", "--no-install-recommends", ...missing],
      options,
    );
  });
  const still = findMissing(needs);
  if (still.length > 0) {
    throw new MissingPackages(`installed, and yet not found: ${still.join(" ")}`);
  }
}

const findMissing = (needs: readonly Need[]): readonly string[] =>
  needs
    .flatMap((need) => PACKAGES[need])
    .filter(({ files }) => !files.every(isThere))
    .map(({ name }) => name);

function isThere(file: string): boolean {
  if (file.startsWith("/")) return existsSync(file);
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => existsSync(join(folder, file)));
}

async function withoutServices(run: () => Promise<void>): Promise<void> {
  if (existsSync(SERVICE_POLICY)) return run();
  writeFileSync(SERVICE_POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await run();
  } finally {
    rmSync(SERVICE_POLICY, { force: true });
  }
}
