// Every kind of filter (RFC 4511 §4.5.1.7, RFC 4515, RFC 4526) over the people of the add cases.
import type { Case, ClientName } from "../request.ts";

const PEOPLE = "ou=people,$B";
const ALL = ["ann", "bob", "cyd", "Zoë Ünal", "Day\\, Dan", "cert"];
const POSIX = ["ann", "bob", "cyd"];

interface Row {
  readonly filter: string;
  readonly names: readonly string[];
  readonly on389?: string;
  readonly cannot?: Partial<Record<ClientName, string>>;
}

const undefinedUnderNot = "takes Undefined as FALSE under NOT, so that everything is found";
const ordersNumbersAsText = "orders numbers as text where the type has no ordering rule";
const noEmptySets = "answers protocolError";

const rows: readonly Row[] = [
  // equality
  { filter: "(uid=ann)", names: ["ann"] },
  { filter: "(UID=ANN)", names: ["ann"] },
  { filter: "(cn=ann   alpha)", names: ["ann"] },
  { filter: "(uid=robert)", names: ["bob"] },
  { filter: "(sn=Charlie)", names: ["cyd"] },
  { filter: "(userid=ann)", names: ["ann"] },
  { filter: "(0.9.2342.19200300.100.1.1=ann)", names: ["ann"] },
  { filter: "(sn=ünal)", names: ["Zoë Ünal"] },
  { filter: "(cn=zo\\c3\\ab \\c3\\9cnal)", names: ["Zoë Ünal"] },
  { filter: "(description=日本語)", names: ["Zoë Ünal"] },
  { filter: "(description=Star \\2a sign)", names: ["ann"] },
  { filter: "(description=Paren \\28x\\29)", names: ["ann"] },
  { filter: "(description=back\\5cslash)", names: ["ann"] },
  { filter: "(telephoneNumber=+49301234567)", names: ["ann"] },
  { filter: "(uidNumber=12)", names: ["bob"] },
  { filter: "(manager=UID=bob, OU=People,$B)", names: ["ann"] },
  { filter: "(uid=nobody)", names: [] },
  {
    filter: "(jpegPhoto=\\00\\ff\\ff\\d8\\0a\\0d\\00\\fe)",
    names: [],
    on389: "compares octets where the type has no equality rule",
  },
  // object classes
  { filter: "(objectClass=person)", names: ALL },
  { filter: "(objectClass=INETORGPERSON)", names: ["ann", "bob", "cyd", "cert"] },
  { filter: "(objectClass=2.5.6.6)", names: ALL, on389: "knows classes by name alone" },
  { filter: "(objectClass=posixAccount)", names: POSIX },
  // presence
  { filter: "(mail=*)", names: ["ann"] },
  { filter: "(uidNumber=*)", names: POSIX },
  { filter: "(noSuchAttribute=*)", names: [] },
  // substrings
  { filter: "(cn=ann*)", names: ["ann"] },
  { filter: "(cn=*alpha)", names: ["ann"] },
  { filter: "(cn=a*ph*)", names: ["ann"] },
  { filter: "(cn=*o*)", names: ["bob", "Zoë Ünal"] },
  { filter: "(cn=b*b*o)", names: ["bob"] },
  { filter: "(cn=ann al*lpha)", names: [] },
  { filter: "(sn=ü*)", names: ["Zoë Ünal"] },
  { filter: "(telephoneNumber=*1234567)", names: ["ann"] },
  { filter: "(description=*\\2a*)", names: ["ann"] },
  // ordering
  { filter: "(uidNumber>=12)", names: ["bob", "cyd"] },
  { filter: "(uidNumber<=12)", names: ["ann", "bob"], on389: ordersNumbersAsText },
  { filter: "(uidNumber>=9)", names: ["bob", "cyd"], on389: ordersNumbersAsText },
  { filter: "(&(uid>=b)(uid<=c))", names: ["bob"] },
  { filter: "(createTimestamp>=20200101000000Z)", names: ALL },
  { filter: "(createTimestamp<=20200101000000Z)", names: [] },
  // approximate
  { filter: "(sn~=alpha)", names: ["ann"] },
  // sets
  { filter: "(&(objectClass=person)(uidNumber>=12)(sn=b*))", names: ["bob"] },
  { filter: "(|(uid=ann)(uid=cyd)(uid=nobody))", names: ["ann", "cyd"] },
  { filter: "(&(objectClass=posixAccount)(!(uid=ann)))", names: ["bob", "cyd"] },
  { filter: "(&(objectClass=person)(!(mail=*)))", names: ALL.filter((name) => name !== "ann") },
  { filter: "(&(uid=ann))", names: ["ann"] },
  { filter: "(|(&(uid=ann)(sn=Alpha))(&(uid=bob)(sn=Alpha)))", names: ["ann"] },
  { filter: "(&(objectClass=person)(!(noSuchAttribute=x)))", names: [], on389: undefinedUnderNot },
  { filter: "(&(uid=ann)(|))", names: [], on389: noEmptySets },
  { filter: "(&(uid=ann)(&))", names: ["ann"], on389: noEmptySets },
  // options
  { filter: "(description;lang-de=deutsch)", names: ["ann"] },
  { filter: "(description=deutsch)", names: ["ann"] },
  { filter: "(description;lang-fr=deutsch)", names: [] },
  // extensible
  { filter: "(cn:caseExactMatch:=Ann Alpha)", names: ["ann"] },
  { filter: "(cn:caseExactMatch:=ann alpha)", names: [] },
  { filter: "(cn:2.5.13.2:=ann alpha)", names: ["ann"] },
  { filter: "(uid:=ann)", names: ["ann"] },
  { filter: "(uidNumber:1.2.840.113556.1.4.803:=4)", names: ["ann", "bob", "cyd"] },
  { filter: "(uidNumber:1.2.840.113556.1.4.803:=3)", names: ["ann"] },
  { filter: "(uidNumber:1.2.840.113556.1.4.804:=3)", names: ["ann"] },
  { filter: "(&(ou:dn:=people)(uid=ann))", names: ["ann"] },
  { filter: "(uid:noSuchRule:=ann)", names: [], on389: "answers unavailableCriticalExtension" },
  // operational attributes
  { filter: "(entryDN=uid=ann,ou=people,$B)", names: ["ann"] },
  { filter: "(&(objectClass=person)(hasSubordinates=FALSE))", names: ALL },
  { filter: "(&(nsUniqueId=*)(uid=ann))", names: ["ann"] },
  { filter: "(&(entryUUID=*)(uid=bob))", names: ["bob"] },
];

export const filterCases: readonly Case[] = rows.map(({ filter, names, on389, cannot }) => ({
  title: `filter: ${filter}`,
  request: {
    operation: { kind: "search", base: PEOPLE, scope: "one", filter, attributes: ["1.1"] },
  },
  expect: { code: 0, names },
  ...(on389 === undefined ? {} : { on389 }),
  ...(cannot === undefined ? {} : { cannot }),
}));
