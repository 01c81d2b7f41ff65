// Search: scopes, selectors, limits, errors (RFC 4511 §4.5), the root DSE and the schema, and the controls of a search.
import type { Case, Expectation, SearchRequest } from "../request.ts";

const PEOPLE = "ou=people,$B";
const ANN = `uid=ann,${PEOPLE}`;
const SUBORDINATE_SCOPE = { ldapjs: "has no scope for subordinates alone" };

function search(
  title: string,
  request: Omit<SearchRequest, "kind">,
  { expect, ...rest }: { readonly expect: Expectation } & Partial<Case>,
): Case {
  return {
    title: `search: ${title}`,
    request: { operation: { kind: "search", ...request } },
    expect,
    ...rest,
  };
}

function selected(
  title: string,
  attributes: readonly string[],
  { expect, ...rest }: { readonly expect: Partial<Expectation> } & Omit<Partial<Case>, "expect">,
): Case {
  const request = { base: ANN, scope: "base", attributes } as const;
  return search(title, request, { expect: { code: 0, ...expect }, ...rest });
}

export const searchCases: readonly Case[] = [
  search("scope base", { base: PEOPLE, scope: "base" }, { expect: { code: 0, names: ["people"] } }),
  search("scope one", { base: "$B", scope: "one" }, { expect: { code: 0, names: ["people"] } }),
  search(
    "scope sub",
    { base: PEOPLE, filter: "(|(ou=people)(uid=ann))" },
    { expect: { code: 0, names: ["people", "ann"] } },
  ),
  search(
    "scope children",
    { base: PEOPLE, scope: "children", filter: "(|(ou=people)(uid=ann))" },
    {
      expect: { code: 0, names: ["ann"] },
      cannot: SUBORDINATE_SCOPE,
      on389: "answers protocolError",
    },
  ),
  search(
    "the base in another case, with blanks",
    { base: "UID=Ann , OU=PEOPLE,$B", scope: "base" },
    { expect: { code: 0, names: ["ann"] } },
  ),
  search(
    "a missing base names what exists",
    { base: `cn=a,cn=missing,${PEOPLE}`, scope: "base" },
    { expect: { code: 32, matchedDn: PEOPLE } },
  ),
  search("a base outside all suffixes", { base: "dc=nowhere" }, { expect: { code: 32 } }),
  search("a base that is no DN", { base: "no dn at all" }, { expect: { code: 34 } }),
  search(
    "exactly as many as the size limit",
    { base: PEOPLE, scope: "one", filter: "(uidNumber=*)", sizeLimit: 3 },
    { expect: { code: 0, names: ["ann", "bob", "cyd"] } },
  ),
  search(
    "one entry with a size limit of one",
    { base: PEOPLE, scope: "base", filter: "(objectClass=*)", sizeLimit: 1 },
    { expect: { code: 0, names: ["people"] } },
  ),
  search(
    "beyond the size limit as many as fit come, then sizeLimitExceeded",
    { base: PEOPLE, scope: "one", filter: "(uidNumber=*)", sizeLimit: 2 },
    { expect: { code: 4, count: 2 } },
  ),
  search(
    "types only",
    { base: ANN, scope: "base", attributes: ["cn", "sn"], typesOnly: true },
    { expect: { code: 0, types: ["cn", "sn"], attributes: { cn: [], sn: [] } } },
  ),
  selected("no selector: all user attributes", [], {
    expect: { attributes: { cn: ["Ann Alpha", "Anne"], sn: ["Alpha"], createTimestamp: false } },
  }),
  selected("*: all user attributes", ["*"], {
    expect: { attributes: { sn: ["Alpha"], "description;lang-de": ["Deutsch"], entryUUID: false } },
  }),
  selected("+: all operational attributes", ["+"], {
    expect: {
      attributes: {
        createTimestamp: true,
        entryUUID: true,
        nsUniqueId: true,
        cn: false,
        sn: false,
      },
    },
  }),
  selected("* and +: all attributes", ["*", "+"], {
    expect: { attributes: { createTimestamp: true, creatorsName: true, sn: ["Alpha"] } },
  }),
  selected("* and an operational one by name", ["*", "modifyTimestamp"], {
    expect: { attributes: { modifyTimestamp: true, sn: ["Alpha"], createTimestamp: false } },
  }),
  selected("1.1: none", ["1.1"], { expect: { types: [] } }),
  selected("1.1 beside another is ignored", ["1.1", "sn"], { expect: { types: ["sn"] } }),
  selected("names keep the spelling of the client", ["CN", "Sn"], {
    expect: { types: ["CN", "Sn"] },
  }),
  selected("one attribute twice", ["sn", "sn"], { expect: { types: ["sn"] } }),
  selected("what nobody knows is ignored", ["sn", "noSuchAttribute"], {
    expect: { types: ["sn"] },
  }),
  selected("what nobody knows, alone", ["noSuchAttribute"], { expect: { types: [] } }),
  selected("a base type brings its options", ["description"], {
    expect: { types: ["description", "description;lang-de"] },
  }),
  selected("an option selects", ["description;lang-de"], {
    expect: { types: ["description;lang-de"] },
  }),
  selected("an option that is not there", ["description;lang-fr"], { expect: { types: [] } }),
  selected("all attributes of a class", ["@posixAccount"], {
    expect: { attributes: { uidNumber: ["7"], homeDirectory: ["/home/ann"], mail: false } },
    cannot: { ldapjs: "refuses selectors that start with @" },
    on389: "does not know class selectors",
  }),
  selected("binary values come back as they were", ["jpegPhoto"], {
    expect: { attributes: { jpegPhoto: ["base64:AP//2AoNAP4="] } },
  }),
  search(
    "a certificate with its option",
    { base: `cn=cert,${PEOPLE}`, scope: "base", attributes: ["userCertificate;binary"] },
    { expect: { code: 0, attributes: { "userCertificate;binary": ["base64:MAMCAcg="] } } },
  ),
  search(
    "the root DSE",
    {
      base: "",
      scope: "base",
      attributes: ["supportedLDAPVersion", "subschemaSubentry", "supportedFeatures"],
    },
    {
      expect: {
        code: 0,
        attributes: {
          supportedLDAPVersion: true,
          subschemaSubentry: ["cn=schema"],
          supportedFeatures: true,
        },
      },
    },
  ),
  search(
    "the schema",
    {
      base: "cn=schema",
      scope: "base",
      filter: "(objectClass=subschema)",
      attributes: ["objectClasses", "attributeTypes", "ldapSyntaxes", "matchingRules"],
    },
    {
      expect: {
        code: 0,
        attributes: {
          objectClasses: true,
          attributeTypes: true,
          ldapSyntaxes: true,
          matchingRules: true,
        },
      },
    },
  ),
  search(
    "paged, two on a page",
    {
      base: PEOPLE,
      scope: "one",
      filter: "(objectClass=person)",
      pageSize: 2,
      attributes: ["1.1"],
    },
    {
      expect: {
        code: 0,
        names: ["ann", "bob", "cyd", "Zoë Ünal", "Day\\, Dan", "cert"],
        pages: [2, 2, 2],
      },
    },
  ),
  search(
    "paged, all on one page",
    { base: PEOPLE, scope: "one", filter: "(uidNumber=*)", pageSize: 10, attributes: ["1.1"] },
    { expect: { code: 0, names: ["ann", "bob", "cyd"], pages: [3] } },
  ),
  search(
    "paged below a missing base",
    { base: `cn=missing,${PEOPLE}`, pageSize: 10 },
    { expect: { code: 32 }, on389: "answers success without entries" },
  ),
  {
    title: "search: an unknown critical control is refused",
    request: {
      operation: { kind: "search", base: ANN, scope: "base" },
      controls: [{ oid: "1.2.3.4.5.6", critical: true }],
    },
    expect: { code: 12 },
  },
  {
    title: "search: an unknown control that is not critical is ignored",
    request: {
      operation: { kind: "search", base: ANN, scope: "base" },
      controls: [{ oid: "1.2.3.4.5.6", base64: "MAA=" }],
    },
    expect: { code: 0, names: ["ann"] },
  },
];
