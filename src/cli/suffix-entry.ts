// The entry at the top of a suffix, as an administrator would add it: the class follows from the attribute that names it, and
// access rules let people look things up and change their own password.
import type { Rdn } from "../dn/index.ts";
import { parseDn } from "../dn/index.ts";
import type { LdifContentRecord } from "../ldif/index.ts";
import { usageFailure } from "./failure.ts";

/** Everybody, anonymous as well, may read and search all but passwords and access rules; users may change their password. */
export const DEFAULT_ACCESS_RULES: readonly string[] = [
  '(targetattr != "userPassword || aci")(version 3.0; acl "Anyone may read all but passwords and access rules"; ' +
    'allow (read, search, compare) userdn = "ldap:///anyone";)',
  '(targetattr = "userPassword")(version 3.0; acl "Users may change their own password"; ' +
    'allow (write) userdn = "ldap:///self";)',
];

const CLASSES: Readonly<Record<string, readonly string[]>> = {
  dc: ["top", "domain"],
  o: ["top", "organization"],
  ou: ["top", "organizationalUnit"],
  c: ["top", "country"],
  l: ["top", "locality"],
  cn: ["top", "nsContainer"],
};

/** @throws CommandFailure when `suffix` cannot be the DN of a suffix */
export function suffixEntry(suffix: string): LdifContentRecord {
  const rdn: Rdn = parseDn(suffix)[0] ?? [];
  const ava = rdn[0];
  const classes = ava && CLASSES[ava.type.toLowerCase()];
  if (ava === undefined || rdn.length !== 1 || classes === undefined) {
    throw usageFailure(
      `no entry can be made for the suffix ${suffix}`,
      `Its first attribute must be one of ${Object.keys(CLASSES).join(", ")}; or add the entry yourself and leave out --suffix-entry.`,
    );
  }
  return contentRecord(suffix, {
    objectClass: classes,
    [ava.type]: [ava.value],
    aci: DEFAULT_ACCESS_RULES,
  });
}

/** An entry as LDIF record. */
export function contentRecord(
  dn: string,
  attributes: Readonly<Record<string, readonly (string | Buffer)[]>>,
): LdifContentRecord {
  return {
    type: "content",
    line: 0,
    dn,
    attributes: Object.entries(attributes)
      .filter(([, values]) => values.length > 0)
      .map(([type, values]) => ({
        type,
        values: values.map((value) =>
          typeof value === "string" ? Buffer.from(value, "utf8") : value,
        ),
      })),
  };
}
