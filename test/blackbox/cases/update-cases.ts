// Modify, modify DN, delete, compare (RFC 4511 §4.6, 4.8–4.10) with their read and assertion controls (RFC 4527, 4528).
import type { AnswerAttributes, Case, RequestChange } from "../request.ts";

const WORK = "ou=work,$B";
const DEVICE = `cn=device,${WORK}`;
const EMPTY_CHANGES = {
  "ldap-utils": "LDIF cannot say a modify without changes",
  "python-ldap": "refuses a modify without changes",
};

interface Rest extends Partial<Case> {
  readonly code?: number;
}

function modify(title: string, changes: readonly RequestChange[], rest: Rest = {}): Case {
  const { code = 0, ...others } = rest;
  return {
    title: `modify: ${title}`,
    request: { operation: { kind: "modify", dn: DEVICE, changes } },
    expect: { code },
    ...others,
  };
}

function shows(
  title: string,
  dn: string,
  attributes: Readonly<Record<string, readonly string[] | boolean>>,
): Case {
  return {
    title,
    request: { operation: { kind: "search", base: dn, scope: "base", attributes: ["*"] } },
    expect: { code: 0, attributes },
  };
}

function rename(
  title: string,
  operation: {
    readonly dn: string;
    readonly newRdn: string;
    readonly deleteOldRdn?: boolean;
    readonly newSuperior?: string;
  },
  rest: Rest = {},
): Case {
  const { code = 0, ...others } = rest;
  return {
    title: `rename: ${title}`,
    request: { operation: { kind: "rename", ...operation } },
    expect: { code },
    ...others,
  };
}

function erase(title: string, dn: string, rest: Rest = {}): Case {
  const { code = 0, ...others } = rest;
  return {
    title: `delete: ${title}`,
    request: { operation: { kind: "delete", dn } },
    expect: { code },
    ...others,
  };
}

function compare(
  title: string,
  [dn, type, value]: readonly [string, string, string],
  rest: Rest = {},
): Case {
  const { code = 6, ...others } = rest;
  return {
    title: `compare: ${title}`,
    request: { operation: { kind: "compare", dn, type, value } },
    expect: { code },
    ...others,
  };
}

const added = (dn: string, name: string): Case => ({
  title: `add: ${name} to work on`,
  request: {
    operation: {
      kind: "add",
      dn,
      attributes: dn.startsWith("ou=")
        ? { objectClass: "organizationalUnit", ou: name }
        : { objectClass: "device", cn: name, serialNumber: "1", description: ["a", "b", "c"] },
    },
  },
  expect: { code: 0 },
});

const modifyCases: readonly Case[] = [
  added(WORK, "work"),
  added(DEVICE, "device"),
  modify("adds, deletes and replaces values", [
    { op: "add", type: "description", values: ["d"] },
    { op: "delete", type: "description", values: ["A"] },
    { op: "replace", type: "serialNumber", values: ["2", "3"] },
    { op: "add", type: "owner", values: ["cn=device,ou=work,$B"] },
  ]),
  shows("modify: what it leaves", DEVICE, {
    description: ["b", "c", "d"],
    serialNumber: ["2", "3"],
    owner: true,
  }),
  modify("deletes a whole attribute", [{ op: "delete", type: "owner" }]),
  modify("replaces by nothing what is not there", [{ op: "replace", type: "l", values: [] }]),
  modify("adds a value that is there", [{ op: "add", type: "description", values: ["B"] }], {
    code: 20,
  }),
  modify(
    "deletes a value that is not there",
    [{ op: "delete", type: "description", values: ["z"] }],
    { code: 16 },
  ),
  modify("deletes an attribute that is not there", [{ op: "delete", type: "l" }], { code: 16 }),
  modify(
    "an attribute that nobody knows",
    [{ op: "add", type: "noSuchAttribute", values: ["x"] }],
    { code: 65 },
  ),
  modify(
    "an attribute that no class allows",
    [{ op: "add", type: "mail", values: ["x@example.com"] }],
    { code: 65 },
  ),
  modify("a value against its syntax", [{ op: "add", type: "seeAlso", values: ["no dn at all"] }], {
    code: 21,
  }),
  modify("the value of the RDN goes", [{ op: "delete", type: "cn", values: ["device"] }], {
    code: 67,
    on389: "answers objectClassViolation when the attribute is required",
  }),
  modify("the value of the RDN is replaced", [{ op: "replace", type: "cn", values: ["other"] }], {
    code: 67,
  }),
  modify("the structural class goes", [{ op: "delete", type: "objectClass", values: ["device"] }], {
    code: 65,
  }),
  modify(
    "an operational attribute",
    [{ op: "replace", type: "createTimestamp", values: ["20200101000000Z"] }],
    { code: 53 },
  ),
  modify(
    "the first change stays undone when the second fails",
    [
      { op: "add", type: "description", values: ["never"] },
      { op: "delete", type: "l" },
    ],
    { code: 16 },
  ),
  shows("modify: nothing of a failed one is there", DEVICE, { description: ["b", "c", "d"] }),
  modify("an intermediate state may be against the schema", [
    { op: "add", type: "uidNumber", values: ["1"] },
    { op: "delete", type: "uidNumber" },
  ]),
  modify("no change at all", [], { cannot: EMPTY_CHANGES }),
  modify("an auxiliary class with its attributes", [
    { op: "add", type: "objectClass", values: ["extensibleObject"] },
    { op: "add", type: "uidNumber", values: ["41"] },
  ]),
  modify("increment", [{ op: "increment", type: "uidNumber", values: ["1"] }], {
    cannot: { ldapjs: "does not know increment" },
    on389: "answers protocolError",
  }),
  {
    title: "modify: an entry that is not there",
    request: {
      operation: {
        kind: "modify",
        dn: `cn=missing,${WORK}`,
        changes: [{ op: "replace", type: "description", values: ["x"] }],
      },
    },
    expect: { code: 32, matchedDn: WORK },
  },
  {
    title: "modify: an unknown critical control",
    request: {
      operation: {
        kind: "modify",
        dn: DEVICE,
        changes: [{ op: "replace", type: "l", values: ["x"] }],
      },
      controls: [{ oid: "1.2.3.4.5.6", critical: true }],
    },
    expect: { code: 12 },
  },
];

const reads: Readonly<Record<"before" | "after", AnswerAttributes>> = {
  before: { serialNumber: ["2", "3"] },
  after: { serialNumber: ["9"] },
};

const controlCases: readonly Case[] = [
  {
    title: "modify: pre-read and post-read",
    request: {
      operation: {
        kind: "modify",
        dn: DEVICE,
        changes: [{ op: "replace", type: "serialNumber", values: ["9"] }],
      },
      preRead: ["serialNumber"],
      postRead: ["serialNumber"],
    },
    expect: { code: 0, preRead: reads.before, postRead: reads.after },
  },
  {
    title: "add: post-read",
    request: {
      operation: {
        kind: "add",
        dn: `cn=read,${WORK}`,
        attributes: { objectClass: "device", cn: "read", l: "here" },
      },
      postRead: ["l", "cn"],
    },
    expect: { code: 0, postRead: { l: ["here"], cn: ["read"] } },
  },
  {
    title: "delete: pre-read",
    request: { operation: { kind: "delete", dn: `cn=read,${WORK}` }, preRead: ["l"] },
    expect: { code: 0, preRead: { l: ["here"] } },
  },
  {
    title: "modify: an assertion that holds",
    request: {
      operation: {
        kind: "modify",
        dn: DEVICE,
        changes: [{ op: "replace", type: "l", values: ["Rome"] }],
      },
      assertion: "(serialNumber=9)",
    },
    expect: { code: 0 },
    on389: "does not know the assertion control",
  },
  {
    title: "modify: an assertion that does not hold",
    request: {
      operation: {
        kind: "modify",
        dn: DEVICE,
        changes: [{ op: "replace", type: "l", values: ["Oslo"] }],
      },
      assertion: "(serialNumber=8)",
    },
    expect: { code: 122 },
    on389: "does not know the assertion control",
  },
  {
    ...shows("modify: the assertion kept the second one out", DEVICE, { l: ["Rome"] }),
    on389: "does not know the assertion control",
  },
];

const compareCases: readonly Case[] = [
  compare("true", [DEVICE, "serialNumber", "9"]),
  compare("true in another spelling", [DEVICE, "description", "B"]),
  compare("false", [DEVICE, "serialNumber", "8"], { code: 5 }),
  compare("an attribute that is not there", [DEVICE, "ou", "x"], { code: 16 }),
  compare("an entry that is not there", [`cn=missing,${WORK}`, "cn", "missing"], {
    expect: { code: 32, matchedDn: WORK },
  }),
  compare("DNs are compared as DNs", [`uid=ann,ou=people,$B`, "manager", "UID=BOB, ou=people,$B"], {
    on389: "compares the text",
  }),
  compare("a password", ["uid=ann,ou=people,$B", "userPassword", "ann's secret"], {
    on389: "compares the hash",
  }),
  compare("a wrong password", ["uid=ann,ou=people,$B", "userPassword", "wrong"], { code: 5 }),
];

const renameCases: readonly Case[] = [
  added(`ou=from,${WORK}`, "from"),
  added(`ou=to,${WORK}`, "to"),
  added(`cn=one,ou=from,${WORK}`, "one"),
  added(`cn=two,ou=from,${WORK}`, "two"),
  rename("the old value goes", { dn: `cn=one,ou=from,${WORK}`, newRdn: "cn=uno" }),
  shows("rename: the new value alone", `cn=uno,ou=from,${WORK}`, { cn: ["uno"] }),
  rename("the old value stays", {
    dn: `cn=uno,ou=from,${WORK}`,
    newRdn: "cn=eins",
    deleteOldRdn: false,
  }),
  shows("rename: both values", `cn=eins,ou=from,${WORK}`, { cn: ["uno", "eins"] }),
  rename("to the same name in another case", { dn: `cn=eins,ou=from,${WORK}`, newRdn: "cn=EINS" }),
  rename("to two attribute values", {
    dn: `cn=EINS,ou=from,${WORK}`,
    newRdn: "cn=Größe+serialNumber=1",
  }),
  shows("rename: an RDN of two values", `serialNumber=1+cn=größe,ou=from,${WORK}`, {
    cn: ["uno", "Größe"],
  }),
  rename(
    "to a name that is taken",
    { dn: `cn=two,ou=from,${WORK}`, newRdn: "cn=größe+serialNumber=1" },
    { code: 68 },
  ),
  rename("below a new superior", {
    dn: `cn=two,ou=from,${WORK}`,
    newRdn: "cn=two",
    newSuperior: `ou=to,${WORK}`,
  }),
  rename(
    "below a superior that is not there",
    { dn: `cn=two,ou=to,${WORK}`, newRdn: "cn=two", newSuperior: `ou=nowhere,${WORK}` },
    { code: 32 },
  ),
  rename(
    "below itself",
    { dn: `ou=to,${WORK}`, newRdn: "ou=to", newSuperior: `cn=two,ou=to,${WORK}` },
    { code: 53 },
  ),
  rename(
    "an RDN that is none",
    { dn: `cn=two,ou=to,${WORK}`, newRdn: "no rdn" },
    { code: 34, on389: "answers unwillingToPerform" },
  ),
  rename("more than one RDN", { dn: `cn=two,ou=to,${WORK}`, newRdn: "cn=a,cn=b" }, { code: 34 }),
  rename(
    "an entry that is not there",
    { dn: `cn=missing,${WORK}`, newRdn: "cn=x" },
    { expect: { code: 32, matchedDn: WORK } },
  ),
  rename(
    "a value that the schema does not allow",
    { dn: `cn=two,ou=to,${WORK}`, newRdn: "mail=x@example.com" },
    { code: 65 },
  ),
  rename("a subtree with what is below it", {
    dn: `ou=from,${WORK}`,
    newRdn: "ou=moved",
    newSuperior: `ou=to,${WORK}`,
  }),
  shows("rename: an entry of the moved subtree", `cn=größe+serialNumber=1,ou=moved,ou=to,${WORK}`, {
    cn: ["uno", "Größe"],
  }),
];

const deleteCases: readonly Case[] = [
  erase("an entry with children", `ou=to,${WORK}`, { code: 66 }),
  erase("a leaf", `cn=two,ou=to,${WORK}`),
  erase("a leaf that has gone", `cn=two,ou=to,${WORK}`, {
    expect: { code: 32, matchedDn: `ou=to,${WORK}` },
  }),
  erase("a name that is no DN", "no dn at all", { code: 34, on389: "answers noSuchObject" }),
  erase("the schema", "cn=schema", { code: 53 }),
  erase("the configuration", "cn=config", { expect: { code: [53, 66] } }),
  erase("an unknown critical control", DEVICE, {
    request: {
      operation: { kind: "delete", dn: DEVICE },
      controls: [{ oid: "1.2.3.4", critical: true }],
    },
    code: 12,
  }),
];

export const updateCases: readonly Case[] = [
  ...modifyCases,
  ...controlCases,
  ...compareCases,
  ...renameCases,
  ...deleteCases,
];
