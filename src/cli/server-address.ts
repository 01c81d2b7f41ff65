// Where a server is, and DNs in the form in which servers are asked for them.
import { formatShownDn } from "../config/index.ts";
import { formatDn, parseDn } from "../dn/index.ts";
import { usageFailure } from "./failure.ts";

export interface ServerAddress {
  /** `ldap://host:port`, `ldaps://host:port` or `ldapi://%2Fpath%2Fof%2Fsocket`. */
  readonly url: string;
  readonly startTls?: boolean | undefined;
  /** PEM file of the authorities that may have signed the server's certificate. */
  readonly caFile?: string | undefined;
  /** Take any certificate. */
  readonly insecure?: boolean | undefined;
  /** For each answer. */
  readonly timeoutMs?: number | undefined;
}

/** What ldapjs connects to. @throws CommandFailure exit code 2 when `url` is none of an LDAP server */
export function parseAddress(url: string): {
  target: { readonly url: string } | { readonly socketPath: string };
  host: string;
} {
  const socket = /^ldapi:\/\/([^/]+)\/?$/i.exec(url);
  if (socket !== null) {
    return { target: { socketPath: decodeURIComponent(socket[1] ?? "") }, host: "localhost" };
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["ldap:", "ldaps:"].includes(parsed.protocol) || !parsed.hostname) {
    throw usageFailure(
      `${url} is no LDAP URL`,
      "It looks like ldap://host:port, ldaps://host:port or ldapi://%2Fpath%2Fof%2Fsocket.",
    );
  }
  const port = parsed.port === "" ? (parsed.protocol === "ldaps:" ? "636" : "389") : parsed.port;
  return {
    target: { url: `${parsed.protocol}//${parsed.hostname}:${port}` },
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
  };
}

/** The text of a DN as it is sent. @throws CommandFailure exit code 2 when it is none */
export function sentDn(text: string): string {
  try {
    const dn = parseDn(text);
    // 389 finds entries of its configuration by this form of their names alone: `cn=dc\3Dexample\2Cdc\3Dcom,…`.
    return /cn=config\s*$/i.test(text) ? formatShownDn(dn) : formatDn(dn);
  } catch (error) {
    throw usageFailure(`${text} is no DN: ${(error as Error).message}`);
  }
}
