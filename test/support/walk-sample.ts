// The entries of the walks: a suffix whose rules let everybody read all but passwords and everybody change his own entry.
import type { ModifyRequest } from "../../src/protocol/index.ts";
import type { Texts } from "./config-tree.ts";

const ACIS = [
  '(targetattr != "userPassword")(version 3.0; acl "read"; allow (read, search, compare) userdn = "ldap:///anyone";)',
  '(targetattr = "mail || telephoneNumber")(version 3.0; acl "own"; allow (write) userdn = "ldap:///self";)',
];

const person = (uid: string): readonly [string, Texts] => [
  `uid=${uid},ou=People,dc=example,dc=com`,
  {
    objectClass: ["top", "person", "organizationalPerson", "inetOrgPerson"],
    uid,
    cn: uid,
    sn: uid,
    mail: `${uid}@example.com`,
    userPassword: "{CLEAR}secret",
  },
];

export const SAMPLE: readonly (readonly [string, Texts])[] = [
  ["dc=example,dc=com", { objectClass: ["top", "domain"], dc: "example", aci: ACIS }],
  ["ou=People,dc=example,dc=com", { objectClass: ["top", "organizationalUnit"], ou: "People" }],
  person("ann"),
  person("bob"),
];

/** Gives a person another address. */
export const modifyMail = (uid: string): ModifyRequest => ({
  type: "modify",
  dn: `uid=${uid},ou=People,dc=example,dc=com`,
  mods: [{ operation: "replace", type: "mail", values: [Buffer.from(`${uid}@example.org`)] }],
});
