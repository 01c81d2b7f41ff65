// The little schema of the conflict histories in test/data/urp: types fold case and blanks, some have one value. Everything is
// made here so that tests of the conflict rules do not depend on the schema files.
import type { AttributeDescription } from "../../src/entry/index.ts";
import type { Rdn } from "../../src/dn/index.ts";
import type { DescriptionSource } from "../../src/replication/registers/index.ts";
import type { AttributeType } from "../../src/schema/index.ts";

const SINGLE_VALUED = new Set([
  "displayname",
  "employeenumber",
  "uidnumber",
  "gidnumber",
  "homedirectory",
]);
const PERSON = ["cn", "sn", "description", "telephonenumber", "seealso", "userpassword"];
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  top: [],
  person: PERSON,
  ldapsubentry: ["cn"],
};

/** Folds case and blanks. */
export const foldValue = (value: Buffer): Buffer =>
  Buffer.from(value.toString("utf8").toLowerCase().trim().split(/\s+/).join(" "), "utf8");

function makeType(name: string): AttributeType {
  const key = name.toLowerCase();
  const equality = { oid: "0", name: "fold", syntax: "0", kind: "equality" } as const;
  const syntax = { oid: "0", name: "text", humanReadable: true, check: () => undefined };
  return {
    oid: key,
    names: [name],
    name,
    key,
    description: "",
    obsolete: false,
    sup: undefined,
    syntax,
    lengthMax: undefined,
    equality: { ...equality, normalize: foldValue, normalizePart: foldValue },
    equalityImplied: false,
    ordering: undefined,
    orderingImplied: true,
    substring: undefined,
    substringImplied: true,
    singleValue: SINGLE_VALUED.has(key),
    collective: false,
    noUserModification: false,
    usage: "userApplications",
    operational: false,
    defined: true,
    extensions: new Map(),
    normalize: foldValue,
  };
}

const byKey = new Map<string, AttributeDescription>();
const byId: AttributeDescription[] = [];

/** The description of a type with options. */
export function describe(text: string): AttributeDescription {
  const [name = "", ...rest] = text.split(";");
  const options = rest.map((option) => option.toLowerCase()).sort();
  const key = [name.toLowerCase(), ...options].join(";");
  let found = byKey.get(key);
  if (found === undefined) {
    found = {
      id: byId.length,
      text: [name, ...options].join(";"),
      key,
      type: makeType(name),
      options,
    };
    byId.push(found);
    byKey.set(key, found);
  }
  return found;
}

export const descriptionSource: DescriptionSource = {
  resolve: describe,
  get: (id) => byId[id] as AttributeDescription,
};

export const normalizeRdn = (rdn: Rdn): string =>
  rdn
    .map(({ type, value }) => `${type.toLowerCase()}=${foldValue(value).toString("utf8")}`)
    .sort()
    .join("+");

/** Whether attributes, by lower-case type, hold one that none of the classes allows; unknown classes allow all. */
export function violatesSchema(attributes: ReadonlyMap<string, readonly string[]>): boolean {
  const classes = (attributes.get("objectclass") ?? []).map((name) => name.toLowerCase());
  if (classes.some((name) => CLASSES[name] === undefined)) return false;
  const allowed = new Set(["objectclass", ...classes.flatMap((name) => CLASSES[name] ?? [])]);
  return [...attributes.keys()].some((type) => !allowed.has(type));
}
