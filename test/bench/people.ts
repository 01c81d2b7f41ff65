// The data that benchmarks run on: an organization of N users, the same for every server. User n is
// uid=user<n with six digits>,ou=people,<suffix>, with 13 values in 10 attributes, about 390 bytes of LDIF and a salted SHA-1
// password, so that no import has to hash. Names repeat as in a company: 997 surnames, 313 given names.
//
// Beside the people are some accounts for each slow scheme, for binds: uid=<scheme>-<n with two digits>,ou=accounts,<suffix>.
import { createHash, pbkdf2Sync } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";

export const SUFFIX = "dc=bench,dc=test";
export const PEOPLE = `ou=people,${SUFFIX}`;
/** For load.c: the run of # stands for the number. */
export const NAME_TEMPLATE = "user######";
/** Schemes that both 389 and Concord store passwords in: the default, and that of earlier versions of 389. */
export const SLOW_SCHEMES = ["PBKDF2-SHA512", "PBKDF2_SHA256"] as const;
export type SlowScheme = (typeof SLOW_SCHEMES)[number];
const ACCOUNTS = `ou=accounts,${SUFFIX}`;
const ACCOUNTS_EACH = 16;
/** What 389 2.3 writes. */
const ROUNDS = 10_000;
/** Of the LDIF; loads add some behind them. */
export const USERS_MAX = 1_000_000;
export const GROUP = `cn=everybody,${SUFFIX}`;
const NAME_DIGITS = 6;
export const SURNAMES = 997;
const GIVEN_NAMES = 313;
const SALT_BYTES = 8;
const WRITE_CHARACTERS = 1 << 20;

/** Rules that do not concern the users: of the administrators of areas that are elsewhere. With the one below there are 20. */
const AREAS = 19;

/** Everybody who is bound may read; said in 389's form, which only some servers know. */
const ACIS = [
  ...Array.from(
    { length: AREAS },
    (_, area) =>
      `(target="ldap:///${areaDn(area)}")(targetattr="*")(version 3.0; acl "area ${area}"; allow (all) groupdn="ldap:///${administratorsDn(area)}";)`,
  ),
  `(targetattr!="userPassword")(version 3.0; acl "users read"; allow (read, search, compare) userdn="ldap:///all";)`,
];

/** The same in the form of slapd.conf. */
export const SLAPD_RULES: readonly string[] = [
  "access to attrs=userPassword by anonymous auth by * none",
  ...Array.from(
    { length: AREAS },
    (_, area) =>
      `access to dn.subtree="${areaDn(area)}" by group.exact="${administratorsDn(area)}" write by users read by * none`,
  ),
  "access to * by users read by * none",
];

function areaDn(area: number): string {
  return `ou=area ${area},${SUFFIX}`;
}

function administratorsDn(area: number): string {
  return `cn=administrators ${area},${SUFFIX}`;
}

export const userDn = (number: number): string => `uid=${userName(number)},${PEOPLE}`;

export const userPassword = (number: number): string => `secret-${number}`;

/** For load.c, as `PEOPLE` and `NAME_TEMPLATE` of the people. */
export const accountsOf = (
  scheme: SlowScheme,
): { readonly base: string; readonly name: string; readonly range: number } => ({
  base: ACCOUNTS,
  name: `${scheme.toLowerCase()}-##`,
  range: ACCOUNTS_EACH,
});

const userName = (number: number): string => `user${String(number).padStart(NAME_DIGITS, "0")}`;

/** Writes the LDIF of suffix, ou=people and `count` users. */
export function writePeople(
  path: string,
  count: number,
  { withAci }: { readonly withAci: boolean },
): void {
  const file = openSync(path, "w");
  let text = organization(withAci);
  for (let number = 0; number < count; number += 1) {
    text += user(number);
    if (text.length < WRITE_CHARACTERS) continue;
    writeSync(file, text);
    text = "";
  }
  writeSync(file, text);
  closeSync(file);
}

function organization(withAci: boolean): string {
  const acis = withAci ? ACIS.map((aci) => `aci: ${aci}`) : [];
  return [
    `dn: ${SUFFIX}`,
    "objectClass: top",
    "objectClass: domain",
    "dc: bench",
    ...acis,
    "",
    `dn: ${PEOPLE}`,
    "objectClass: top",
    "objectClass: organizationalUnit",
    "ou: people",
    "",
    `dn: ${ACCOUNTS}`,
    "objectClass: top",
    "objectClass: organizationalUnit",
    "ou: accounts",
    "",
    ...SLOW_SCHEMES.flatMap(accounts),
    "",
  ].join("\n");
}

function accounts(scheme: SlowScheme): readonly string[] {
  return Array.from({ length: ACCOUNTS_EACH }, (_, number) => {
    const name = `${scheme.toLowerCase()}-${String(number).padStart(2, "0")}`;
    return [
      `dn: uid=${name},${ACCOUNTS}`,
      "objectClass: top",
      "objectClass: account",
      "objectClass: simpleSecurityObject",
      `uid: ${name}`,
      `userPassword: {${scheme}}${slowHash(scheme, userPassword(number), number)}`,
      "",
    ].join("\n");
  });
}

function slowHash(scheme: SlowScheme, password: string, number: number): string {
  if (scheme === "PBKDF2-SHA512") {
    const salt = Buffer.alloc(24, number);
    const key = pbkdf2Sync(password, salt, ROUNDS, 64, "sha512");
    return `${ROUNDS}$${salt.toString("base64")}$${key.toString("base64")}`;
  }
  const salt = Buffer.alloc(64, number);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(ROUNDS);
  return Buffer.concat([head, salt, pbkdf2Sync(password, salt, ROUNDS, 256, "sha256")]).toString(
    "base64",
  );
}

function user(number: number): string {
  const name = userName(number);
  return [
    `dn: ${userDn(number)}`,
    "objectClass: top",
    "objectClass: person",
    "objectClass: organizationalPerson",
    "objectClass: inetOrgPerson",
    `uid: ${name}`,
    `cn: User ${number}`,
    `sn: Surname${number % SURNAMES}`,
    `givenName: Given${number % GIVEN_NAMES}`,
    `mail: ${name}@example.com`,
    `telephoneNumber: +1 555 ${String(number).padStart(7, "0")}`,
    `employeeNumber: ${number}`,
    `description: load test user number ${number}`,
    `userPassword: ${saltedSha1(userPassword(number), number)}`,
    "",
    "",
  ].join("\n");
}

function saltedSha1(password: string, number: number): string {
  const salt = Buffer.alloc(SALT_BYTES);
  salt.writeUInt32BE(number, SALT_BYTES - 4);
  const digest = createHash("sha1").update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([digest, salt]).toString("base64")}`;
}
