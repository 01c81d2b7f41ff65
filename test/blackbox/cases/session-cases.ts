// Who is at the other end: binds, access, passwords, TLS, the UNIX socket, extended operations (RFC 4513, 4532, 3062).
import type { Case, Expectation, Identity, Request } from "../request.ts";

const ANN = "uid=ann,ou=people,$B";
const ANN_SECRET: Identity = { dn: ANN, password: "ann's secret" };
const ANONYMOUS: Identity = { dn: "", password: "" };
const ROOT_AUTHZ_ID = "dn:cn=Directory Manager";
const SPELLING = "writes a blank after dn: and the DN in lower case";
const NEEDS_TLS = "allows it over TLS alone";

function who(
  title: string,
  request: Partial<Request>,
  { expect, ...rest }: { readonly expect: Expectation } & Partial<Case>,
): Case {
  return { title, request: { operation: { kind: "whoAmI" }, ...request }, expect, ...rest };
}

const bindCases: readonly Case[] = [
  who("bind: the root DN", {}, { expect: { code: 0, authzId: ROOT_AUTHZ_ID }, on389: SPELLING }),
  who("bind: anonymous", { as: ANONYMOUS }, { expect: { code: 0, authzId: "" } }),
  who(
    "bind: a person",
    { as: ANN_SECRET },
    { expect: { code: 0, authzId: `dn:${ANN}` }, on389: SPELLING },
  ),
  who("bind: a wrong password", { as: { dn: ANN, password: "wrong" } }, { expect: { code: 49 } }),
  who(
    "bind: nobody",
    { as: { dn: "uid=nobody,ou=people,$B", password: "x" } },
    { expect: { code: 49 } },
  ),
  who(
    "bind: outside all suffixes",
    { as: { dn: "cn=x,dc=nowhere", password: "x" } },
    { expect: { code: 49 } },
  ),
  who(
    "bind: an entry without password",
    { as: { dn: "uid=bob,ou=people,$B", password: "x" } },
    { expect: { code: 49 } },
  ),
  who("bind: a name without password", { as: { dn: ANN, password: "" } }, { expect: { code: 53 } }),
  who(
    "bind: a name that is no DN",
    { as: { dn: "no dn at all", password: "x" } },
    { expect: { code: [34, 49] } },
  ),
];

const accessCases: readonly Case[] = [
  {
    title: "access: passwords are not shown",
    request: {
      operation: { kind: "search", base: ANN, scope: "base", attributes: ["userPassword", "sn"] },
      as: ANONYMOUS,
    },
    expect: { code: 0, attributes: { sn: ["Alpha"], userPassword: false } },
  },
  {
    title: "access: a person may not write what the rules do not give",
    request: {
      operation: {
        kind: "modify",
        dn: "uid=bob,ou=people,$B",
        changes: [{ op: "replace", type: "description", values: ["mine"] }],
      },
      as: ANN_SECRET,
    },
    expect: { code: 50 },
  },
  {
    title: "access: anonymous may not add",
    request: {
      operation: { kind: "add", dn: "cn=x,$B", attributes: { objectClass: "device", cn: "x" } },
      as: ANONYMOUS,
    },
    expect: { code: 50 },
  },
  {
    title: "access: anonymous may not delete",
    request: { operation: { kind: "delete", dn: ANN }, as: ANONYMOUS },
    expect: { code: 50 },
  },
  {
    title: "access: the configuration shows nothing to anonymous",
    request: { operation: { kind: "search", base: "cn=config" }, as: ANONYMOUS },
    expect: { code: 0, names: [] },
  },
];

const passwordCases: readonly Case[] = [
  {
    title: "password: a wrong old one is refused",
    request: {
      operation: { kind: "passwordModify", user: ANN, old: "wrong", new: "ann's second" },
      as: ANN_SECRET,
    },
    expect: { code: [49, 53] },
    on389: NEEDS_TLS,
  },
  {
    title: "password: a person changes their own",
    request: {
      operation: { kind: "passwordModify", old: "ann's secret", new: "ann's second" },
      as: ANN_SECRET,
    },
    expect: { code: 0 },
    on389: NEEDS_TLS,
  },
  who(
    "password: the new one is good",
    { as: { dn: ANN, password: "ann's second" } },
    {
      expect: { code: 0, authzId: `dn:${ANN}` },
      on389: NEEDS_TLS,
    },
  ),
  who(
    "password: the old one is not any more",
    { as: ANN_SECRET },
    { expect: { code: 49 }, on389: NEEDS_TLS },
  ),
  {
    title: "password: the root DN sets it over TLS, the server makes it",
    request: { operation: { kind: "passwordModify", user: ANN }, on: "startTls" },
    expect: { code: 0, isGenerated: true },
  },
  {
    title: "password: the root DN sets it over LDAPS",
    request: { operation: { kind: "passwordModify", user: ANN, new: "ann's third" }, on: "ldaps" },
    expect: { code: 0 },
  },
  who(
    "password: what the root DN has set is good",
    { as: { dn: ANN, password: "ann's third" } },
    {
      expect: { code: 0, authzId: `dn:${ANN}` },
      on389: SPELLING,
    },
  ),
  {
    title: "password: of an entry that is not there",
    request: {
      operation: { kind: "passwordModify", user: "uid=nobody,ou=people,$B", new: "some secret" },
      on: "ldaps",
    },
    expect: { code: 32 },
    on389: "answers success",
  },
  {
    title: "password: a replaced userPassword is stored as a hash",
    request: {
      operation: {
        kind: "search",
        base: ANN,
        scope: "base",
        filter: "(userPassword=ann's third)",
        attributes: ["1.1"],
      },
    },
    expect: { code: 0, names: [] },
  },
];

const channelCases: readonly Case[] = [
  who(
    "channel: StartTLS",
    { on: "startTls" },
    { expect: { code: 0, authzId: ROOT_AUTHZ_ID }, on389: SPELLING },
  ),
  who(
    "channel: LDAPS",
    { on: "ldaps" },
    { expect: { code: 0, authzId: ROOT_AUTHZ_ID }, on389: SPELLING },
  ),
  who(
    "channel: the UNIX socket",
    { on: "ldapi" },
    { expect: { code: 0, authzId: ROOT_AUTHZ_ID }, on389: SPELLING },
  ),
  who(
    "channel: the UNIX socket knows the root user",
    { on: "ldapi", as: "external" },
    {
      expect: { code: 0, authzId: ROOT_AUTHZ_ID },
      cannot: { ldapjs: "has no SASL" },
      on389: SPELLING,
    },
  ),
  {
    title: "channel: a search over StartTLS",
    request: {
      operation: { kind: "search", base: ANN, scope: "base", attributes: ["sn"] },
      on: "startTls",
    },
    expect: { code: 0, attributes: { sn: ["Alpha"] } },
  },
  {
    title: "extended: an operation that nobody knows",
    request: { operation: { kind: "extended", oid: "1.2.3.4.5.6" } },
    expect: { code: 2 },
  },
];

export const sessionCases: readonly Case[] = [
  ...bindCases,
  ...accessCases,
  ...channelCases,
  ...passwordCases,
];
