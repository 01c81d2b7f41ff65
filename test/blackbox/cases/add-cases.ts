// Add (RFC 4511 §4.7), and the people that the other tables look for.
import type { Case, RequestAttributes } from "../request.ts";

const PEOPLE = "ou=people,$B";
const PERSON = ["top", "person", "organizationalPerson", "inetOrgPerson"];

function added(title: string, dn: string, attributes: RequestAttributes): Case {
  return { title, request: { operation: { kind: "add", dn, attributes } }, expect: { code: 0 } };
}

interface Refused {
  readonly dn?: string;
  readonly attributes: RequestAttributes;
  readonly code: number;
  readonly rest?: Partial<Case>;
}

function refused(title: string, { dn, attributes, code, rest }: Refused): Case {
  const operation = { kind: "add", dn: dn ?? `cn=refused,${PEOPLE}`, attributes } as const;
  return { title, request: { operation }, expect: { code }, ...rest };
}

const device = { objectClass: "device", cn: "refused" };

export const addCases: readonly Case[] = [
  added("add: a container", PEOPLE, { objectClass: "organizationalUnit", ou: "people" }),
  added("add: a person with many attributes", `uid=ann,${PEOPLE}`, {
    objectClass: [...PERSON, "posixAccount"],
    uid: "ann",
    cn: ["Ann Alpha", "Anne"],
    sn: "Alpha",
    givenName: "Ann",
    mail: "ann@example.com",
    telephoneNumber: "+49 30 1234-567",
    description: ["Star * sign", "Paren (x)", "back\\slash"],
    "description;lang-de": "Deutsch",
    manager: `uid=Bob,${PEOPLE}`,
    uidNumber: "7",
    gidNumber: "100",
    homeDirectory: "/home/ann",
    userPassword: "ann's secret",
    jpegPhoto: { base64: "AP//2AoNAP4=" },
  }),
  added("add: a person with its superclasses left out", `uid=bob,${PEOPLE}`, {
    objectClass: ["inetOrgPerson", "posixAccount"],
    uid: ["bob", "robert"],
    cn: "Bob Bravo",
    sn: "Bravo",
    uidNumber: "12",
    gidNumber: "100",
    homeDirectory: "/home/bob",
    description: "second",
  }),
  added("add: an RDN value that the attributes leave out", `uid=cyd,${PEOPLE}`, {
    objectClass: [...PERSON, "posixAccount"],
    cn: "Cyd Charlie",
    sn: "charlie",
    uidNumber: "20",
    gidNumber: "100",
    homeDirectory: "/home/cyd",
  }),
  added("add: a DN outside ASCII", `cn=Zoë Ünal,${PEOPLE}`, {
    objectClass: "person",
    cn: "Zoë Ünal",
    sn: "Ünal",
    description: "日本語",
  }),
  added("add: an RDN of two attribute values with escapes", `cn=Day\\, Dan+sn=D\\2bD,${PEOPLE}`, {
    objectClass: "person",
    cn: "Day, Dan",
    sn: "D+D",
  }),
  added("add: a certificate as binary", `cn=cert,${PEOPLE}`, {
    objectClass: ["inetOrgPerson"],
    cn: "cert",
    sn: "cert",
    "userCertificate;binary": { base64: "MAMCAcg=" },
  }),
  {
    title: "add: superclasses are stored with their subclass",
    request: {
      operation: { kind: "search", base: `uid=bob,${PEOPLE}`, scope: "base" },
    },
    expect: {
      code: 0,
      attributes: { objectClass: [...PERSON, "posixAccount"], uid: ["bob", "robert"] },
    },
  },
  {
    title: "add: the RDN value is among the values",
    request: { operation: { kind: "search", base: `uid=cyd,${PEOPLE}`, scope: "base" } },
    expect: { code: 0, attributes: { uid: ["cyd"] } },
  },
  {
    title: "add: both attribute values of the RDN can be asked for in either order",
    request: {
      operation: { kind: "search", base: `sn=d\\+d+cn=day\\2c dan,${PEOPLE}`, scope: "base" },
    },
    expect: { code: 0, attributes: { cn: ["Day, Dan"], sn: ["D+D"] } },
  },
  refused("add: an entry that exists", {
    dn: `uid=ANN,${PEOPLE}`,
    attributes: { objectClass: "account", uid: "ANN" },
    code: 68,
  }),
  refused("add: below a missing parent", {
    dn: `cn=x,ou=nowhere,${PEOPLE}`,
    attributes: { objectClass: "device", cn: "x" },
    code: 32,
    rest: { expect: { code: 32, matchedDn: PEOPLE } },
  }),
  refused("add: outside all suffixes", {
    dn: "dc=nowhere",
    attributes: { objectClass: "domain", dc: "nowhere" },
    code: 32,
  }),
  refused("add: a name that is no DN", {
    dn: "no dn at all",
    attributes: device,
    code: 34,
  }),
  refused("add: one value twice", {
    attributes: { ...device, description: ["Same", "same"] },
    code: 20,
  }),
  refused("add: a required attribute is missing", {
    attributes: { objectClass: "person", cn: "refused" },
    code: 65,
  }),
  refused("add: an attribute that no class allows", {
    attributes: { ...device, mail: "x@example.com" },
    code: 65,
  }),
  refused("add: an attribute that nobody knows", {
    attributes: { ...device, noSuchAttribute: "x" },
    code: 65,
  }),
  refused("add: a class that nobody knows", {
    attributes: { objectClass: ["device", "noSuchClass"], cn: "refused" },
    code: 65,
  }),
  refused("add: no object class", { attributes: { cn: "refused" }, code: 65 }),
  refused("add: two values of a single-valued attribute", {
    attributes: {
      objectClass: "inetOrgPerson",
      cn: "refused",
      sn: "x",
      employeeNumber: ["1", "2"],
    },
    code: 65,
  }),
  refused("add: a value against its syntax", {
    attributes: { ...device, seeAlso: "no dn at all" },
    code: 21,
  }),
  refused("add: a number that is none", {
    attributes: {
      objectClass: ["account", "posixAccount"],
      uid: "refused",
      cn: "refused",
      uidNumber: "many",
      gidNumber: "1",
      homeDirectory: "/",
    },
    code: 21,
  }),
  refused("add: an attribute without values", {
    attributes: { ...device, description: [] },
    code: 2,
    rest: {
      cannot: {
        "ldap-utils": "LDIF cannot name an attribute without values",
        "python-ldap": "leaves out attributes without values",
      },
    },
  }),
];
