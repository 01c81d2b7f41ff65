// The syntaxes (RFC 4517 §3.3; certificates RFC 4523 §2; UUID RFC 4530; NIS RFC 2307; 389's space-insensitive string) and the
// equality rule that a type of each syntax has when its definition names none.
import { isGeneralizedTime } from "./normal-time.ts";
import { isInteger } from "./normal-integer.ts";
import * as is from "./syntax-checks.ts";
import { SYNTAX } from "./syntax-oids.ts";
import type { Syntax } from "./types.ts";

interface SyntaxRow {
  readonly oid: string;
  readonly name: string;
  readonly accepts: (value: Buffer) => boolean;
  /** Name of the usual equality rule; also says whether values are text. */
  readonly equality: string;
  readonly humanReadable?: false;
}

const anything = (): boolean => true;
const isDescription = (value: Buffer): boolean => is.isDirectoryString(value) && value[0] === 0x28;

const STRINGS: readonly SyntaxRow[] = [
  {
    oid: SYNTAX.directoryString,
    name: "Directory String",
    accepts: is.isDirectoryString,
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.printableString,
    name: "Printable String",
    accepts: is.isPrintable,
    equality: "caseIgnoreMatch",
  },
  // 389: ces.c compares IA5 strings without a rule exactly.
  { oid: SYNTAX.ia5String, name: "IA5 String", accepts: is.isIa5, equality: "caseExactIA5Match" },
  {
    oid: SYNTAX.numericString,
    name: "Numeric String",
    accepts: is.isNumericString,
    equality: "numericStringMatch",
  },
  {
    oid: SYNTAX.telephoneNumber,
    name: "Telephone Number",
    accepts: is.isPrintable,
    equality: "telephoneNumberMatch",
  },
  {
    oid: SYNTAX.countryString,
    name: "Country String",
    accepts: (value) => value.length === 2 && is.isPrintable(value),
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.postalAddress,
    name: "Postal Address",
    accepts: is.isPostalAddress,
    equality: "caseIgnoreListMatch",
  },
  {
    oid: SYNTAX.presentationAddress,
    name: "Presentation Address",
    accepts: is.isDirectoryString,
    equality: "presentationAddressMatch",
  },
  {
    oid: SYNTAX.mhsOrAddress,
    name: "MHS OR Address",
    accepts: is.isDirectoryString,
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.deliveryMethod,
    name: "Delivery Method",
    accepts: is.isDeliveryMethod,
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.facsimileTelephoneNumber,
    name: "Facsimile Telephone Number",
    accepts: is.isFacsimileNumber,
    equality: "telephoneNumberMatch",
  },
  {
    oid: SYNTAX.teletexTerminalIdentifier,
    name: "Teletex Terminal Identifier",
    accepts: is.isTeletexTerminal,
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.telexNumber,
    name: "Telex Number",
    accepts: is.isTelexNumber,
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.otherMailbox,
    name: "Other Mailbox",
    accepts: is.isOtherMailbox,
    equality: "caseIgnoreMatch",
  },
  { oid: SYNTAX.guide, name: "Guide", accepts: is.isDirectoryString, equality: "caseIgnoreMatch" },
  {
    oid: SYNTAX.enhancedGuide,
    name: "Enhanced Guide",
    accepts: is.isDirectoryString,
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.spaceInsensitiveString,
    name: "Space Insensitive String",
    accepts: is.isDirectoryString,
    equality: "spaceInsensitiveMatch",
  },
  {
    oid: SYNTAX.nisNetgroupTriple,
    name: "NIS Netgroup Triple",
    accepts: is.isNetgroupTriple,
    equality: "caseExactIA5Match",
  },
  {
    oid: SYNTAX.bootParameter,
    name: "Boot Parameter",
    accepts: is.isBootParameter,
    equality: "caseExactIA5Match",
  },
  {
    oid: SYNTAX.substringAssertion,
    name: "Substring Assertion",
    accepts: is.isSubstringAssertion,
    equality: "caseExactMatch",
  },
];

const TYPED: readonly SyntaxRow[] = [
  {
    oid: SYNTAX.bitString,
    name: "Bit String",
    accepts: is.isBitString,
    equality: "bitStringMatch",
  },
  { oid: SYNTAX.boolean, name: "Boolean", accepts: is.isBoolean, equality: "booleanMatch" },
  { oid: SYNTAX.dn, name: "DN", accepts: is.isDn, equality: "distinguishedNameMatch" },
  {
    oid: SYNTAX.nameAndOptionalUid,
    name: "Name And Optional UID",
    accepts: (value) => is.isDn(is.splitOptionalUid(value).dn),
    equality: "uniqueMemberMatch",
  },
  {
    oid: SYNTAX.generalizedTime,
    name: "Generalized Time",
    accepts: isGeneralizedTime,
    equality: "generalizedTimeMatch",
  },
  { oid: SYNTAX.utcTime, name: "UTC Time", accepts: is.isUtcTime, equality: "caseExactMatch" },
  { oid: SYNTAX.integer, name: "INTEGER", accepts: isInteger, equality: "integerMatch" },
  { oid: SYNTAX.oid, name: "OID", accepts: is.isOid, equality: "objectIdentifierMatch" },
  { oid: SYNTAX.uuid, name: "UUID", accepts: is.isUuid, equality: "UUIDMatch" },
  {
    oid: SYNTAX.authPassword,
    name: "Authentication Password",
    accepts: is.isAuthPassword,
    equality: "authPasswordExactMatch",
  },
];

const OCTETS: readonly SyntaxRow[] = [
  {
    oid: SYNTAX.octetString,
    name: "Octet String",
    accepts: anything,
    equality: "octetStringMatch",
  },
  {
    oid: SYNTAX.binary,
    name: "Binary",
    accepts: anything,
    equality: "octetStringMatch",
    humanReadable: false,
  },
  {
    oid: SYNTAX.jpeg,
    name: "JPEG",
    accepts: anything,
    equality: "octetStringMatch",
    humanReadable: false,
  },
  {
    oid: SYNTAX.fax,
    name: "Fax",
    accepts: anything,
    equality: "octetStringMatch",
    humanReadable: false,
  },
  {
    oid: SYNTAX.certificate,
    name: "Certificate",
    accepts: is.isSequence,
    equality: "certificateExactMatch",
    humanReadable: false,
  },
  {
    oid: SYNTAX.certificateList,
    name: "Certificate List",
    accepts: is.isSequence,
    equality: "certificateListExactMatch",
    humanReadable: false,
  },
  {
    oid: SYNTAX.certificatePair,
    name: "Certificate Pair",
    accepts: is.isSequence,
    equality: "certificatePairExactMatch",
    humanReadable: false,
  },
  {
    oid: SYNTAX.supportedAlgorithm,
    name: "Supported Algorithm",
    accepts: is.isSequence,
    equality: "algorithmIdentifierMatch",
    humanReadable: false,
  },
];

const DESCRIPTIONS: readonly SyntaxRow[] = [
  {
    oid: SYNTAX.attributeTypeDescription,
    name: "Attribute Type Description",
    accepts: isDescription,
    equality: "objectIdentifierFirstComponentMatch",
  },
  {
    oid: SYNTAX.objectClassDescription,
    name: "Object Class Description",
    accepts: isDescription,
    equality: "objectIdentifierFirstComponentMatch",
  },
  {
    oid: SYNTAX.matchingRule,
    name: "Matching Rule Description",
    accepts: isDescription,
    equality: "objectIdentifierFirstComponentMatch",
  },
  {
    oid: SYNTAX.matchingRuleUse,
    name: "Matching Rule Use Description",
    accepts: isDescription,
    equality: "objectIdentifierFirstComponentMatch",
  },
  {
    oid: SYNTAX.ldapSyntax,
    name: "LDAP Syntax Description",
    accepts: isDescription,
    equality: "objectIdentifierFirstComponentMatch",
  },
  {
    oid: SYNTAX.nameForm,
    name: "Name Form Description",
    accepts: isDescription,
    equality: "objectIdentifierFirstComponentMatch",
  },
  {
    oid: SYNTAX.ditContentRule,
    name: "DIT Content Rule Description",
    accepts: isDescription,
    equality: "objectIdentifierFirstComponentMatch",
  },
  {
    oid: SYNTAX.ditStructureRule,
    name: "DIT Structure Rule Description",
    accepts: isDescription,
    equality: "integerFirstComponentMatch",
  },
  {
    oid: SYNTAX.schemaDefinition,
    name: "LDAP Schema Definition",
    accepts: is.isDirectoryString,
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.schemaDescription,
    name: "LDAP Schema Description",
    accepts: is.isDirectoryString,
    equality: "caseIgnoreMatch",
  },
  {
    oid: SYNTAX.subtreeSpecification,
    name: "Subtree Specification",
    accepts: is.isDirectoryString,
    equality: "caseExactMatch",
  },
];

const ROWS: readonly SyntaxRow[] = [...STRINGS, ...TYPED, ...OCTETS, ...DESCRIPTIONS];

const SYNTAXES: readonly Syntax[] = ROWS.map((row) => ({
  oid: row.oid,
  name: row.name,
  humanReadable: row.humanReadable ?? true,
  check: (value) => (row.accepts(value) ? undefined : `value is no ${row.name}`),
}));

const BY_OID: ReadonlyMap<string, Syntax> = new Map(SYNTAXES.map((syntax) => [syntax.oid, syntax]));
const EQUALITY_BY_OID: ReadonlyMap<string, string> = new Map(
  ROWS.map((row) => [row.oid, row.equality]),
);

/** All syntaxes, in the order of the tables above. */
export const allSyntaxes = (): readonly Syntax[] => SYNTAXES;

export const findSyntax = (oid: string): Syntax | undefined => BY_OID.get(oid);

/** Name of the equality rule that a type of the syntax has when its definition names none. */
export const impliedEqualityName = (syntax: Syntax): string =>
  EQUALITY_BY_OID.get(syntax.oid) ?? "octetStringMatch";
