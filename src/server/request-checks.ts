// What the configuration demands of a request before it is served: how well its connection is protected, whether this server
// answers at all, whether a filter makes sense.
import { filterAttributes } from "../filter/index.ts";
import type { Connection } from "../frontend/index.ts";
import { type Filter, LdapError, type Request } from "../protocol/index.ts";
import type { Schema } from "../schema/index.ts";
import type { Directory } from "./directory.ts";

/** Of a name in a message. */
const NAME_CHARACTERS = 80;

/** @throws LdapError confidentialityRequired, referral */
export function checkRequest(directory: Directory, connection: Connection, request: Request): void {
  const { minSsf, referralMode } = directory.config.snapshot.server;
  if (minSsf > 0) checkStrength(directory, connection, request);
  if (referralMode.length === 0) return;
  const urls = referralMode.filter((url) => url !== "");
  if (urls.length > 0) checkReferralMode(directory, request, urls);
}

/** nsslapd-minssf: clients may always leave, and, if so configured, look at the root DSE to find out how to come in. */
function checkStrength(directory: Directory, connection: Connection, request: Request): void {
  const { minSsf, minSsfExcludesRootDse } = directory.config.snapshot.server;
  if (connection.ssf >= minSsf) return;
  if (request.type === "unbind" || request.type === "abandon") return;
  const asksRootDse = request.type === "search" && request.base === "" && request.scope === "base";
  const isAnonymousBind =
    request.type === "bind" &&
    request.authentication.method === "simple" &&
    request.authentication.password.length === 0;
  if (minSsfExcludesRootDse && (asksRootDse || isAnonymousBind)) return;
  throw new LdapError("confidentialityRequired", "Minimum SSF not met.");
}

/** nsslapd-referralmode sends everybody elsewhere. The server's own entries stay within reach, so that it can be undone. */
function checkReferralMode(
  directory: Directory,
  request: Request,
  referrals: readonly string[],
): void {
  const dn = targetOf(request);
  if (dn === undefined) return;
  const { kind } = directory.route(directory.schema.normalizeDnText(dn));
  if (kind === "suffix" || kind === "none") throw new LdapError("referral", "", { referrals });
}

function targetOf(request: Request): string | undefined {
  switch (request.type) {
    case "search":
      return request.base;
    case "compare":
    case "add":
    case "delete":
    case "modify":
    case "modifyDn":
      return request.dn;
    case "bind":
    case "unbind":
    case "abandon":
    case "extended":
      return undefined;
  }
}

/** nsslapd-verify-filter-schema: reject-invalid. @throws LdapError unwillingToPerform */
export function checkFilterTypes(filter: Filter, schema: Schema): void {
  for (const description of filterAttributes(filter)) {
    const name = description.split(";")[0] ?? "";
    if (schema.attributeType(name).defined) continue;
    const shown = name.slice(0, NAME_CHARACTERS);
    throw new LdapError(
      "unwillingToPerform",
      `The filter names the attribute "${shown}", which the schema does not define`,
    );
  }
}
