// Definitions as text (RFC 4512 §4.1), in the grammar's order. As in 389, attribute types show what they inherit, so that
// clients that do not follow SUP see rules and syntax; object classes show their own lists only.
import { USER_DEFINED, X_ORIGIN } from "./definition.ts";
import type { AttributeType, MatchingRule, ObjectClass, Syntax } from "./types.ts";

const quote = (text: string): string =>
  `'${text.replaceAll("\\", "\\5C").replaceAll("'", "\\27")}'`;

function formatQuoted(texts: readonly string[]): string {
  return texts.length === 1 ? quote(texts[0]!) : `( ${texts.map(quote).join(" ")} )`;
}

function formatOids(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `( ${names.join(" $ ")} )`;
}

interface Described {
  readonly oid: string;
  readonly names: readonly string[];
  readonly description: string;
  readonly obsolete: boolean;
}

function formatHead(described: Described): string[] {
  const parts = ["(", described.oid];
  if (described.names.length > 0) parts.push("NAME", formatQuoted(described.names));
  if (described.description !== "") parts.push("DESC", quote(described.description));
  if (described.obsolete) parts.push("OBSOLETE");
  return parts;
}

function formatExtensions(extensions: ReadonlyMap<string, readonly string[]>): string[] {
  const parts: string[] = [];
  for (const [keyword, texts] of extensions) {
    if (texts.length > 0) parts.push(keyword, formatQuoted(texts));
  }
  return parts;
}

/** The rules of the definition or a superior; implied ones are not shown. */
function formatRules(type: AttributeType): string[] {
  const parts: string[] = [];
  if (!type.equalityImplied) parts.push("EQUALITY", type.equality.name);
  if (!type.orderingImplied && type.ordering !== undefined)
    parts.push("ORDERING", type.ordering.name);
  if (!type.substringImplied && type.substring !== undefined)
    parts.push("SUBSTR", type.substring.name);
  return parts;
}

export function formatAttributeType(type: AttributeType): string {
  const parts = formatHead(type);
  if (type.sup !== undefined) parts.push("SUP", type.sup.name);
  parts.push(...formatRules(type));
  const length = type.lengthMax === undefined ? "" : `{${type.lengthMax}}`;
  parts.push("SYNTAX", `${type.syntax.oid}${length}`);
  if (type.singleValue) parts.push("SINGLE-VALUE");
  if (type.collective) parts.push("COLLECTIVE");
  if (type.noUserModification) parts.push("NO-USER-MODIFICATION");
  if (type.operational) parts.push("USAGE", type.usage);
  parts.push(...formatExtensions(type.extensions), ")");
  return parts.join(" ");
}

export function formatObjectClass(objectClass: ObjectClass): string {
  const parts = formatHead(objectClass);
  const { sup, ownMust, ownMay } = objectClass;
  if (sup.length > 0) parts.push("SUP", formatOids(sup.map((above) => above.name)));
  parts.push(objectClass.kind);
  if (ownMust.length > 0) parts.push("MUST", formatOids(ownMust.map((type) => type.name)));
  if (ownMay.length > 0) parts.push("MAY", formatOids(ownMay.map((type) => type.name)));
  parts.push(...formatExtensions(objectClass.extensions), ")");
  return parts.join(" ");
}

export function formatMatchingRule(rule: MatchingRule): string {
  return `( ${rule.oid} NAME ${quote(rule.name)} SYNTAX ${rule.syntax} )`;
}

export function formatSyntax(syntax: Syntax): string {
  const flag = syntax.humanReadable ? "" : " X-NOT-HUMAN-READABLE 'TRUE'";
  return `( ${syntax.oid} DESC ${quote(syntax.name)}${flag} )`;
}

/** Whether the element came over LDAP, so that it belongs into the user's schema file. */
export const isUserDefinedElement = (element: AttributeType | ObjectClass): boolean =>
  element.extensions.get(X_ORIGIN)?.includes(USER_DEFINED) ?? false;
