// A certificate authority of its own and a server certificate for a new instance, made with OpenSSL: `tls/ca.crt`, `ca.key`,
// `server.crt`, `server.key`. Meant to get TLS working at once; replace server.crt and server.key by those of your authority.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { InstancePaths } from "../server/index.ts";
import { CommandFailure } from "./failure.ts";

const VALID_DAYS = 825;
const CURVE = "prime256v1";

/** @throws CommandFailure where OpenSSL is missing or fails */
export function makeCertificates(paths: InstancePaths, host: string): void {
  const folder = dirname(paths.certificate);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authorityKey = join(folder, "ca.key");
  const request = join(folder, "server.csr");
  const extensions = join(folder, "server.ext");
  const names = subjectNames(host);
  writeFileSync(
    extensions,
    [
      `subjectAltName=${names.join(",")}`,
      "basicConstraints=CA:FALSE",
      "keyUsage=digitalSignature",
      "extendedKeyUsage=serverAuth,clientAuth",
      "",
    ].join("\n"),
  );
  const newKey = ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${CURVE}`, "-nodes"];
  const days = ["-days", String(VALID_DAYS)];
  openssl([
    ...["req", "-x509", ...newKey, ...days, "-sha256", "-subj", "/CN=Concord instance authority"],
    ...["-addext", "basicConstraints=critical,CA:TRUE"],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ...["-keyout", authorityKey, "-out", paths.authorities],
  ]);
  openssl([
    ...["req", ...newKey, "-sha256", "-subj", `/CN=${commonName(host)}`],
    ...["-keyout", paths.key, "-out", request],
  ]);
  openssl([
    ...["x509", "-req", "-in", request, "-CA", paths.authorities, "-CAkey", authorityKey],
    ...["-CAcreateserial", ...days, "-sha256", "-extfile", extensions, "-out", paths.certificate],
  ]);
  for (const path of [request, extensions, join(folder, "ca.srl")]) rmSync(path, { force: true });
}

/** At most 64 characters fit into a common name. */
const commonName = (host: string): string =>
  (host === "" ? hostname() : host).replaceAll(/[^A-Za-z0-9.:-]/g, "").slice(0, 64);

function subjectNames(host: string): readonly string[] {
  const names = new Set(["DNS:localhost", "IP:127.0.0.1", "IP:::1", `DNS:${hostname()}`]);
  if (/^[0-9.]+$/.test(host) || host.includes(":")) {
    if (host !== "0.0.0.0" && host !== "::") names.add(`IP:${host}`);
  } else if (host !== "") names.add(`DNS:${host}`);
  return [...names];
}

function openssl(args: readonly string[]): void {
  const { error, status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  if (error !== undefined) {
    throw new CommandFailure(
      `a secure port needs a certificate, and openssl, which makes it, cannot be run: ${error.message}`,
      {
        hint: "Install openssl, or create the instance with --secure-port off and put tls/server.crt and tls/server.key there later.",
      },
    );
  }
  if (status !== 0) {
    const reason = stderr.trim().split("\n").at(-1) ?? "";
    throw new CommandFailure(`openssl ${args[0] ?? ""} failed: ${reason}`);
  }
}
