// Where a replica refers writers to (replication-protocol 11.1): the configured URLs, else all servers of the update vector but
// this one. A URL that names a server alone gets the suffix.
import type { Ruv } from "../replication/ruv/index.ts";

export interface ReferralFacts {
  readonly configured: readonly string[];
  readonly ruv: Ruv | undefined;
  readonly ownUrl: string;
  readonly suffixDn: string;
}

export function referralUrls(facts: ReferralFacts): readonly string[] {
  const { configured, ruv, ownUrl, suffixDn } = facts;
  const urls =
    configured.length > 0 ? configured : (ruv?.elements ?? []).flatMap(({ purl }) => purl ?? []);
  const path = encodeURIComponent(suffixDn);
  return [...new Set(urls.filter((url) => url !== ownUrl))].map((url) =>
    /^ldaps?:\/\/[^/]+\/?$/.test(url) ? `${url.replace(/\/$/, "")}/${path}` : url,
  );
}
