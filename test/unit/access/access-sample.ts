// The tree and the people of the experiment on 389 2.3.1 that the tests of access control repeat.
import { assert } from "chai";
import type { Caller, Directory } from "../../../src/access/index.ts";
import {
  AccessEvaluator,
  AciStore,
  ANONYMOUS,
  isGroupMember,
  isSelected,
} from "../../../src/access/index.ts";
import { PlainEntry } from "../../support/plain-entry.ts";
import { loadShippedSchema } from "../schema/shipped-schema.ts";

export const schema = loadShippedSchema();
export const S = "ou=t,dc=x";

function person(rdn: string, more: Record<string, string[]> = {}): PlainEntry {
  const uid = rdn.slice(4, 5);
  return new PlainEntry(schema, `${rdn},${S}`, {
    objectClass: ["top", "person", "organizationalPerson", "inetOrgPerson"],
    uid: [uid],
    cn: [uid],
    sn: [uid],
    telephoneNumber: ["1"],
    description: ["d"],
    createTimestamp: ["20240101000000Z"],
    ...more,
  });
}

const group = (name: string, more: Record<string, string[]>): PlainEntry =>
  new PlainEntry(schema, `cn=${name},${S}`, { objectClass: ["top"], cn: [name], ...more });

export const entries = [
  new PlainEntry(schema, S, { objectClass: ["top", "organizationalUnit"], ou: ["t"] }),
  person("uid=a"),
  person("uid=b"),
  person("uid=c", { "cn;lang-de": ["de"] }),
  person("uid=d,cn=inner", { manager: [`UID=a, ${S}`], owner: [`cn=g2,${S}`] }),
  new PlainEntry(schema, `cn=inner,${S}`, {
    objectClass: ["top", "nsContainer"],
    cn: ["inner"],
    manager: [`uid=b,${S}`],
  }),
  group("g1", { member: [`uid=a,${S}`] }),
  group("g2", { member: [`cn=g1,${S}`, `cn=g2,${S}`] }),
  group("gu", { memberURL: [`ldap:///${S}??sub?(uid=a)`] }),
];
const byDn = new Map(entries.map((entry) => [entry.normalDn, entry]));
export const get = (dn: string): PlainEntry => {
  const entry = byDn.get(schema.normalizeDnText(dn));
  if (entry === undefined) throw new Error(`no entry ${dn}`);
  return entry;
};

const find = (dn: string): PlainEntry | undefined => byDn.get(dn);
export const directory: Directory = {
  find,
  isMember: (one, user) => isGroupMember(one, user, { schema, find }),
  isMemberOfSelected: (selector, user) =>
    entries.some(
      (entry) =>
        isSelected(selector, entry) && isGroupMember(entry.normalDn, user, { schema, find }),
    ),
};

export function callerOf(name: string): Caller {
  if (name === "") return { ...ANONYMOUS, address: "127.0.0.1" };
  const dn = name === "d" ? `uid=d,cn=inner,${S}` : `uid=${name},${S}`;
  return { ...ANONYMOUS, normalDn: dn, method: "simple", address: "127.0.0.1", ssf: 56 };
}

// Wednesday, 09:30
export const time = { minute: 570, day: 3 };

/** An evaluator with these rules at ou=t (or, behind `at`, elsewhere). */
export function evaluator(
  user: string | Caller,
  rules: readonly string[],
  at = S,
): AccessEvaluator {
  const store = new AciStore(schema);
  const unreadable = store.set(
    at,
    rules.map((rule) => Buffer.from(rule)),
  );
  assert.deepEqual(unreadable, []);
  const caller = typeof user === "string" ? callerOf(user) : user;
  return new AccessEvaluator(store, directory, { caller, time });
}

export const ANYONE = 'userdn="ldap:///anyone"';
export const rule = (
  bind: string,
  { rights = "read, search, compare", target = '(targetattr="*")', effect = "allow" } = {},
): string => `${target}(version 3.0; acl "n"; ${effect} (${rights}) ${bind};)`;

export const type = (name: string) => schema.attributeType(name);
export const C = get(`uid=c,${S}`);
export const D = get(`uid=d,cn=inner,${S}`);
export const mayRead = (access: AccessEvaluator, entry = C, name = "cn"): boolean =>
  access.mayAttribute(entry, "read", type(name));
