// Assertion (RFC 4528): the operation is done only if a filter is TRUE for its target. Request
// only; the value is the BER of a Filter.
import { encodeBer } from "../../ber/index.ts";
import { readFilter, writeFilter } from "../filter.ts";
import { FILTER_DEPTH_CEILING, FILTER_DEPTH_MAX_DEFAULT, MESSAGE_DEPTH_MAX } from "../limits.ts";
import type { Filter } from "../messages.ts";
import { decodeValue } from "../payload.ts";

export const ASSERTION_OID = "1.3.6.1.1.12";

/** @throws ProtocolError; unwillingToPerform if the filter is nested deeper than `filterDepthMax`
 *  */
export function decodeAssertion(
  value: Buffer | undefined,
  filterDepthMax: number = FILTER_DEPTH_MAX_DEFAULT,
): Filter {
  const depthMax = Math.min(filterDepthMax, FILTER_DEPTH_CEILING);
  return decodeValue(
    value,
    "Assertion control",
    (reader) => readFilter(reader, depthMax),
    depthMax + MESSAGE_DEPTH_MAX,
  );
}

export function encodeAssertion(filter: Filter): Buffer {
  return encodeBer((writer) => writeFilter(writer, filter));
}
