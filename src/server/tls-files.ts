// Certificate and key of the instance (PEM), when TLS is switched on.
import { existsSync, readFileSync } from "node:fs";
import type { TlsSettings } from "../frontend/index.ts";
import type { Directory } from "./directory.ts";

/** undefined: TLS is off. @throws Error naming what is missing */
export function loadTls(directory: Directory): TlsSettings | undefined {
  const { paths, config } = directory;
  const { server } = config.snapshot;
  if (!server.tlsEnabled) return undefined;
  for (const path of [paths.certificate, paths.key]) {
    if (!existsSync(path)) {
      throw new Error(
        `nsslapd-security is on, but ${path} is missing: put certificate and key there, or switch it off`,
      );
    }
  }
  return {
    certificate: readFileSync(paths.certificate, "utf8"),
    key: readFileSync(paths.key, "utf8"),
    authorities: existsSync(paths.authorities)
      ? readFileSync(paths.authorities, "utf8")
      : undefined,
    versionMin: "TLSv1.2",
    versionMax: "TLSv1.3",
    ciphers: undefined,
    clientCertificates: server.clientCertificates as TlsSettings["clientCertificates"],
  };
}
