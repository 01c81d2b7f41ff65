// The text form of a stored password: `{SCHEME}body`, or a bare cleartext password.
// 389 knows the scheme by its name between braces without regard to case; braces around anything else belong to a
// cleartext password. The names are 389's, as listed below cn=Password Storage Schemes,cn=plugins,cn=config.

interface SchemeDefinition {
  readonly name: string;
  /** May new passwords be stored in it? The others can be verified or only recognized. */
  readonly mayStore: boolean;
  /** Can a password be checked against it? */
  readonly mayVerify: boolean;
}

const DEFINITIONS = [
  { name: "PBKDF2-SHA512", mayStore: true, mayVerify: true },
  { name: "PBKDF2-SHA256", mayStore: true, mayVerify: true },
  { name: "PBKDF2-SHA1", mayStore: true, mayVerify: true },
  { name: "PBKDF2_SHA256", mayStore: true, mayVerify: true },
  { name: "SSHA", mayStore: true, mayVerify: true },
  { name: "SSHA256", mayStore: true, mayVerify: true },
  { name: "SSHA384", mayStore: true, mayVerify: true },
  { name: "SSHA512", mayStore: true, mayVerify: true },
  { name: "SHA", mayStore: true, mayVerify: true },
  { name: "SHA256", mayStore: true, mayVerify: true },
  { name: "SHA384", mayStore: true, mayVerify: true },
  { name: "SHA512", mayStore: true, mayVerify: true },
  { name: "SMD5", mayStore: true, mayVerify: true },
  { name: "MD5", mayStore: true, mayVerify: true },
  { name: "CRYPT", mayStore: true, mayVerify: true },
  { name: "CRYPT-MD5", mayStore: true, mayVerify: true },
  { name: "CRYPT-SHA256", mayStore: true, mayVerify: true },
  { name: "CRYPT-SHA512", mayStore: true, mayVerify: true },
  { name: "CLEAR", mayStore: true, mayVerify: true },
  { name: "NS-MTA-MD5", mayStore: false, mayVerify: true },
  { name: "GOST_YESCRYPT", mayStore: false, mayVerify: false },
] as const satisfies readonly SchemeDefinition[];

export type SchemeName = (typeof DEFINITIONS)[number]["name"];

/** A password storage scheme as administrators see it. */
export interface Scheme {
  readonly name: SchemeName;
  readonly mayStore: boolean;
  readonly mayVerify: boolean;
}

const SCHEMES: readonly Scheme[] = DEFINITIONS;
const BY_KEY = new Map(SCHEMES.map((scheme) => [scheme.name.toLowerCase(), scheme]));

/** Longest name between braces that is looked up. */
const SCHEME_NAME_BYTES_MAX = 32;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A stored password taken apart. `body` is a view of the stored bytes behind the braces; for a password without a
 *  known scheme it is the whole value and the scheme is CLEAR. */
export interface StoredPassword {
  readonly scheme: SchemeName;
  readonly body: Buffer;
}

/** All schemes that have a name, storable or not. */
export function listSchemes(): readonly Scheme[] {
  return SCHEMES;
}

/** The scheme of that name, without regard to case. */
export function findScheme(name: string): Scheme | undefined {
  return BY_KEY.get(name.toLowerCase());
}

function findPrefix(value: Buffer): { readonly scheme: Scheme; readonly end: number } | undefined {
  if (value[0] !== OPEN_BRACE) return undefined;
  const close = value.subarray(0, SCHEME_NAME_BYTES_MAX).indexOf(CLOSE_BRACE);
  if (close < 0) return undefined;
  const scheme = findScheme(value.toString("latin1", 1, close));
  return scheme === undefined ? undefined : { scheme, end: close + 1 };
}

/** Scheme and body of a stored password; never fails. */
export function parseStoredPassword(value: Buffer): StoredPassword {
  const prefix = findPrefix(value);
  if (prefix === undefined) return { scheme: "CLEAR", body: value };
  return { scheme: prefix.scheme.name, body: value.subarray(prefix.end) };
}

/** Does the value name a scheme? Such a value is stored as it comes, and only privileged callers may send one. */
export function isHashed(value: Buffer): boolean {
  return findPrefix(value) !== undefined;
}
