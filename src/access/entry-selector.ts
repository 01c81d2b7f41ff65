// LDAP URLs that choose entries (RFC 4516): `ldap:///base?attributes?scope?filter`. The host must be empty: an access
// rule is about entries of this server. Scope defaults to base, the filter to every entry.
import { DnSyntaxError } from "../dn/index.ts";
import type { EntryView } from "../entry/index.ts";
import type { Matcher } from "../filter/index.ts";
import { compileFilter, FilterSyntaxError, parseFilter } from "../filter/index.ts";
import type { Schema } from "../schema/index.ts";
import { isBelow, normalParent } from "../schema/index.ts";

export const LOCAL_URL_PREFIX = "ldap:///";

export interface EntrySelector {
  readonly base: string;
  readonly scope: "base" | "one" | "sub";
  readonly matcher: Matcher;
}

/** Turns `%hh` into bytes; other percent signs stay. */
export function decodePercent(text: string): string {
  if (!/%[0-9A-Fa-f]{2}/.test(text)) return text;
  const latin = Buffer.from(text, "utf8").toString("latin1");
  const decoded = latin.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, "latin1").toString("utf8");
}

/** The selector of a URL; a text is the reason why it is none. */
export function parseEntrySelector(url: string, schema: Schema): EntrySelector | string {
  if (url.slice(0, LOCAL_URL_PREFIX.length).toLowerCase() !== LOCAL_URL_PREFIX) {
    return `an LDAP URL that starts with "${LOCAL_URL_PREFIX}"`;
  }
  const [base = "", , scope = "", filter = ""] = url
    .slice(LOCAL_URL_PREFIX.length)
    .split("?")
    .map(decodePercent);
  const scopeName = scope === "" ? "base" : scope.toLowerCase();
  if (scopeName !== "base" && scopeName !== "one" && scopeName !== "sub") {
    return "the scope base, one or sub";
  }
  try {
    const matcher = compileFilter(parseFilter(filter === "" ? "(&)" : filter), schema);
    return { base: schema.normalizeDnText(base), scope: scopeName, matcher };
  } catch (error) {
    if (error instanceof DnSyntaxError) return `a DN (${error.message})`;
    if (error instanceof FilterSyntaxError) return `a filter (${error.message})`;
    throw error;
  }
}

/** Is the entry one of those that the URL chooses? */
export function isSelected(selector: EntrySelector, entry: EntryView): boolean {
  const { base, scope, matcher } = selector;
  const dn = entry.normalDn;
  const isInScope =
    scope === "base"
      ? dn === base
      : scope === "one"
        ? dn !== base && normalParent(dn) === base
        : dn === base || isBelow(dn, base);
  return isInScope && matcher.matches(entry) === true;
}
