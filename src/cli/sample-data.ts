// Sample entries of any number: people with varied attributes (names beyond ASCII, photographs, POSIX accounts, managers) and
// the groups they are in. The same suffix and number always give the same entries. Nobody has a password.
import { formatAvaValue, parseDn } from "../dn/index.ts";
import type { LdifContentRecord } from "../ldif/index.ts";
import { DEPARTMENTS, type Department, GIVEN_NAMES, OFFICES, SURNAMES } from "./sample-names.ts";
import { contentRecord, suffixEntry } from "./suffix-entry.ts";

/** Members of one sample group; in large directories people beyond it are in none. */
export const GROUP_MEMBERS_MAX = 2_000;
export const SAMPLE_USERS_MAX = 10_000_000;
/** The latter ones are those by which `dsidm user` finds users. */
const USER_CLASSES: readonly string[] = [
  ...["top", "person", "organizationalPerson", "inetOrgPerson"],
  ...["posixAccount", "nsPerson", "nsOrgPerson", "nsAccount"],
];
const FIRST_UID_NUMBER = 10_000;
const STAFF_GID_NUMBER = 9_000;
const PHOTO_EVERY = 10;
const MOBILE_EVERY = 2;
const DESCRIPTION_EVERY = 4;

/** A gray JPEG of one pixel. */
const PHOTO = Buffer.from(
  "ffd8ffe000104a46494600010100000100010000ffdb004300010101010101010101010101010101010101010101010101010101010101" +
    "01010101010101010101010101010101010101010101010101010101010101010101ffc0000b080001000101011100ffc4001400010000" +
    "0000000000000000000000000009ffc40014100100000000000000000000000000000000ffda0008010100003f0054dfffd9",
  "hex",
);

/** The suffix entry, containers, users and groups; parents first. */
export function* sampleEntries(suffix: string, userCount: number): Iterable<LdifContentRecord> {
  yield suffixEntry(suffix);
  yield* sampleEntriesBelow(suffix, userCount);
}

/** The same without the suffix entry. */
export function* sampleEntriesBelow(
  suffix: string,
  userCount: number,
): Iterable<LdifContentRecord> {
  for (const [name, description] of [
    ["people", "Everybody who works here"],
    ["groups", "Departments, offices and lists"],
    ["services", "Accounts of programs"],
  ] as const) {
    yield contentRecord(`ou=${name},${suffix}`, {
      objectClass: ["top", "organizationalUnit"],
      ou: [name],
      description: [description],
    });
  }
  const members = new Members();
  const names = new Map<string, number>();
  const leads: string[] = [];
  for (let index = 0; index < userCount; index += 1) {
    const user = sampleUser(index, { suffix, names, leads });
    members.add(`department ${user.department}`, user.dn);
    members.add(`office ${user.office}`, user.dn);
    if (index < DEPARTMENTS.length) leads.push(user.dn);
    yield user.record;
  }
  yield* sampleGroups(suffix, members, leads);
}

class Members {
  readonly #lists = new Map<string, string[]>();

  add(group: string, dn: string): void {
    const list = this.#lists.get(group) ?? [];
    if (list.length < GROUP_MEMBERS_MAX) list.push(dn);
    this.#lists.set(group, list);
  }

  of(group: string): readonly string[] {
    return this.#lists.get(group) ?? [];
  }
}

interface UserContext {
  readonly suffix: string;
  /** How often a user name was given out. */
  readonly names: Map<string, number>;
  /** DNs of the heads of departments so far. */
  readonly leads: readonly string[];
}

function sampleUser(
  index: number,
  { suffix, names, leads }: UserContext,
): { dn: string; department: number; office: number; record: LdifContentRecord } {
  const chance = randomFrom(index);
  const given = pick(GIVEN_NAMES, chance());
  const surname = pick(SURNAMES, chance());
  const departmentIndex = index % DEPARTMENTS.length;
  const department = DEPARTMENTS[departmentIndex] as Department;
  const officeIndex = Math.floor(chance() * OFFICES.length);
  const office = OFFICES[officeIndex] as (typeof OFFICES)[number];
  const uid = userName(given, surname, names);
  const dn = `uid=${uid},ou=people,${suffix}`;
  const isLead = index < DEPARTMENTS.length;
  const manager = isLead ? leads[0] : leads[departmentIndex];
  const number = String(FIRST_UID_NUMBER + index);
  const extension = String(1_000 + (index % 9_000));
  const record = contentRecord(dn, {
    objectClass: USER_CLASSES,
    uid: [uid],
    cn: [`${given} ${surname}`],
    sn: [surname],
    givenName: [given],
    displayName: [`${surname}, ${given}`],
    mail: [`${uid}@${mailDomain(suffix)}`],
    telephoneNumber: [`${office.phonePrefix} 555 ${extension}`],
    mobile: index % MOBILE_EVERY === 0 ? [`+1 555 ${String(index).padStart(7, "0")}`] : [],
    employeeNumber: [number],
    employeeType: [chance() < 0.9 ? "employee" : "contractor"],
    departmentNumber: [department.number],
    ou: [department.name],
    title: [isLead ? `Head of ${department.name}` : pick(department.titles, chance())],
    l: [office.city],
    postalCode: [office.postalCode],
    street: [`${office.street} ${1 + Math.floor(chance() * 120)}`],
    roomNumber: [`${1 + Math.floor(chance() * 9)}.${String(index % 60).padStart(2, "0")}`],
    preferredLanguage: [office.language],
    manager: manager === undefined ? [] : [manager],
    description:
      index % DESCRIPTION_EVERY === 0
        ? [`${department.name} in ${office.city}, desk ${index}`]
        : [],
    jpegPhoto: index % PHOTO_EVERY === 0 ? [PHOTO] : [],
    uidNumber: [number],
    gidNumber: [String(STAFF_GID_NUMBER)],
    homeDirectory: [`/home/${uid}`],
    loginShell: ["/bin/bash"],
  });
  return { dn, department: departmentIndex, office: officeIndex, record };
}

function* sampleGroups(
  suffix: string,
  members: Members,
  leads: readonly string[],
): Iterable<LdifContentRecord> {
  const groups = `ou=groups,${suffix}`;
  const departmentGroups: string[] = [];
  for (const [index, { name }] of DEPARTMENTS.entries()) {
    const cn = name.toLowerCase().replaceAll(" ", "-");
    departmentGroups.push(`cn=${cn},${groups}`);
    yield contentRecord(`cn=${cn},${groups}`, {
      objectClass: ["top", "groupOfNames"],
      cn: [cn],
      description: [`The department ${name}`],
      owner: leads[index] === undefined ? [] : [leads[index]],
      member: members.of(`department ${index}`),
    });
  }
  for (const [index, { city }] of OFFICES.entries()) {
    yield contentRecord(`cn=${formatAvaValue(Buffer.from(`Office ${city}`))},${groups}`, {
      objectClass: ["top", "groupOfUniqueNames"],
      cn: [`Office ${city}`],
      description: [`People in ${city}`],
      uniqueMember: members.of(`office ${index}`),
    });
  }
  yield contentRecord(`cn=heads,${groups}`, {
    objectClass: ["top", "groupOfNames"],
    cn: ["heads"],
    description: ["Heads of departments"],
    member: leads,
  });
  yield contentRecord(`cn=staff,${groups}`, {
    objectClass: ["top", "groupOfNames"],
    cn: ["staff"],
    description: ["All departments: a group of groups"],
    member: departmentGroups,
  });
}

/** `given.surname` in ASCII; the second of that name gets a 2. */
function userName(given: string, surname: string, names: Map<string, number>): string {
  const plain = `${asciiOf(given)}.${asciiOf(surname)}`;
  const count = (names.get(plain) ?? 0) + 1;
  names.set(plain, count);
  return count === 1 ? plain : `${plain}${count}`;
}

const SPECIAL_LETTERS: Readonly<Record<string, string>> = { ß: "ss", ø: "o", ł: "l", ı: "i" };

function asciiOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[ßøłı]/g, (letter) => SPECIAL_LETTERS[letter] ?? "")
    .normalize("NFD")
    .replaceAll(/[^a-z]/g, "");
}

const domains = new Map<string, string>();

/** example.com for dc=example,dc=com, also for suffixes without dc. */
function mailDomain(suffix: string): string {
  const known = domains.get(suffix);
  if (known !== undefined) return known;
  const labels = parseDn(suffix)
    .flat()
    .filter(({ type }) => type.toLowerCase() === "dc")
    .map(({ value }) => value.toString("utf8"));
  const domain = labels.length > 0 ? labels.join(".") : "example.com";
  domains.set(suffix, domain);
  return domain;
}

const pick = <T>(list: readonly T[], chance: number): T =>
  list[Math.floor(chance * list.length)] as T;

/** Numbers in [0, 1) that depend on `seed` alone (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
