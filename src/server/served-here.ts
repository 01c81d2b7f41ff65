// Which requests a front-end process serves itself: reads below data suffixes that need nothing but the database, the
// configuration and the schema. Everything else is for the main process, which alone knows its own state.
import type { SuffixSettings } from "../config/index.ts";
import { DnSyntaxError } from "../dn/index.ts";
import { namesObjectClass } from "../filter/index.ts";
import {
  type CompareRequest,
  type Control,
  PAGED_RESULTS_OID,
  type RequestMessage,
  type SearchRequest,
} from "../protocol/index.ts";
import type { Directory } from "./directory.ts";

/** Shows the state of an entry, which readers do not decode. */
const STATE_ATTRIBUTE = "nscpentrywsi";

export function isServedHere(directory: Directory, message: RequestMessage): boolean {
  const { request, controls } = message;
  if (request.type === "search") return isPlainSearch(directory, request, controls);
  return request.type === "compare" && isPlainCompare(directory, request);
}

function isPlainSearch(
  directory: Directory,
  request: SearchRequest,
  controls: readonly Control[],
): boolean {
  const { base, scope, filter, attributes } = request;
  const normalBase = findNormalDn(directory, base);
  if (normalBase === undefined || !isHeldHere(directory, normalBase)) return false;
  // The cursor of a paged search belongs to one process; the first page may be served by the main process as well.
  if (controls.some(({ oid }) => oid === PAGED_RESULTS_OID)) return false;
  if (attributes.some((name) => name.toLowerCase() === STATE_ATTRIBUTE)) return false;
  // They may ask for the update vector, and for the structure of the tree.
  if (namesObjectClass(filter, "nstombstone")) return false;
  if (scope === "base") return !namesObjectClass(filter, "ldapsubentry");
  return directory.config.snapshot.suffixes.every(
    (suffix) => !suffix.normalSuffix.endsWith(`,${normalBase}`) || isServed(directory, suffix),
  );
}

/** Passwords are compared where hashes are computed: one queue is fair to all. */
function isPlainCompare(directory: Directory, { dn, attribute }: CompareRequest): boolean {
  if (directory.schema.attributeType(attribute).key === "userpassword") return false;
  const normalDn = findNormalDn(directory, dn);
  return normalDn !== undefined && isHeldHere(directory, normalDn);
}

/** undefined: it is no DN. */
function findNormalDn({ schema }: Directory, text: string): string | undefined {
  try {
    return schema.normalizeDnText(text);
  } catch (error) {
    if (error instanceof DnSyntaxError) return undefined;
    throw error;
  }
}

function isHeldHere(directory: Directory, normalDn: string): boolean {
  const route = directory.route(normalDn);
  return route.kind === "suffix" && isServed(directory, route.suffix);
}

/** A suffix whose backend answers: not a referral, which may be one that replication has learned. */
const isServed = (directory: Directory, suffix: SuffixSettings): boolean =>
  (suffix.state === "backend" || suffix.state === "referralOnUpdate") &&
  directory.backendOf(suffix) !== undefined;
