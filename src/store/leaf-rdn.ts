// The first RDN of a DN as text, without parsing the rest.
import { parseRdn } from "../dn/index.ts";
import { plainRdn } from "../replication/urp/index.ts";

/** The values of the first RDN, without nsuniqueid; none when the text is no DN, because what a partner sends never makes an
 *  operation fail. */
export function leafValues(dn: string): { type: string; value: Buffer }[] {
  try {
    const comma = firstComma(dn);
    return plainRdn(parseRdn(dn.slice(0, comma))).map(({ type, value }) => ({ type, value }));
  } catch {
    return [];
  }
}

/** Where the first RDN of a DN ends. */
export function firstComma(dn: string): number {
  let quoted = false;
  for (let at = 0; at < dn.length; at += 1) {
    const char = dn[at];
    if (char === "\\") at += 1;
    else if (char === '"') quoted = !quoted;
    else if ((char === "," || char === ";") && !quoted) return at;
  }
  return dn.length;
}
