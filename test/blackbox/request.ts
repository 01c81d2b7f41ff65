// What the black-box cases are made of. A request is plain data that each of the three clients can be told to send, an
// answer is plain data that each of them gives back, so one table of expectations serves all.
//
// `$B` in DNs and filters stands for the container that a client has for itself.

export type ClientName = "ldapjs" | "ldap-utils" | "python-ldap";
export type Connection = "ldap" | "ldaps" | "startTls" | "ldapi";

/** Text, or octets that are not text. */
export type RequestValue = string | { readonly base64: string };
export type RequestAttributes = Readonly<Record<string, RequestValue | readonly RequestValue[]>>;

export interface RequestChange {
  readonly op: "add" | "delete" | "replace" | "increment";
  readonly type: string;
  readonly values?: readonly RequestValue[];
}

export interface RequestControl {
  readonly oid: string;
  readonly critical?: boolean;
  readonly base64?: string;
}

export interface SearchRequest {
  readonly kind: "search";
  readonly base?: string;
  readonly scope?: "base" | "one" | "sub" | "children";
  readonly filter?: string;
  readonly attributes?: readonly string[];
  readonly sizeLimit?: number;
  readonly typesOnly?: boolean;
  /** Reads page by page with the paged results control. */
  readonly pageSize?: number;
}

export type Operation =
  | { readonly kind: "add"; readonly dn: string; readonly attributes: RequestAttributes }
  | { readonly kind: "modify"; readonly dn: string; readonly changes: readonly RequestChange[] }
  | {
      readonly kind: "rename";
      readonly dn: string;
      readonly newRdn: string;
      readonly deleteOldRdn?: boolean;
      readonly newSuperior?: string;
    }
  | { readonly kind: "delete"; readonly dn: string }
  | { readonly kind: "compare"; readonly dn: string; readonly type: string; readonly value: string }
  | SearchRequest
  | { readonly kind: "whoAmI" }
  | {
      readonly kind: "passwordModify";
      readonly user?: string;
      readonly old?: string;
      readonly new?: string;
    }
  | { readonly kind: "extended"; readonly oid: string };

export interface Identity {
  readonly dn: string;
  readonly password: string;
}

export interface Request {
  readonly operation: Operation;
  /** Default: the root DN. An empty DN is anonymous; `external` is SASL EXTERNAL. */
  readonly as?: Identity | "external";
  readonly on?: Connection;
  readonly controls?: readonly RequestControl[];
  /** Filter of a critical assertion control. */
  readonly assertion?: string;
  /** Attributes asked for with the pre-read and post-read controls. */
  readonly preRead?: readonly string[];
  readonly postRead?: readonly string[];
}

/** Values as text, or `base64:…` when they are not UTF-8. */
export type AnswerAttributes = Readonly<Record<string, readonly string[]>>;

export interface AnswerEntry {
  readonly dn: string;
  readonly attributes: AnswerAttributes;
}

export interface Answer {
  /** Result code; of the bind when that failed. */
  readonly code: number;
  readonly message?: string;
  readonly matchedDn?: string;
  readonly entries?: readonly AnswerEntry[];
  /** Entries on each page, where the client tells. */
  readonly pages?: readonly number[];
  readonly authzId?: string;
  readonly preRead?: AnswerAttributes;
  readonly postRead?: AnswerAttributes;
  readonly generatedPassword?: string;
}

export interface Expectation {
  /** One of several where the standard leaves the choice. */
  readonly code: number | readonly number[];
  readonly matchedDn?: string;
  /** First RDN values of the entries that are found, in any order. */
  readonly names?: readonly string[];
  /** How many entries are found. */
  readonly count?: number;
  /** Values of the first entry; `true`: any; `false`: none. */
  readonly attributes?: Readonly<Record<string, readonly string[] | boolean>>;
  /** The attribute descriptions of the first entry exactly as sent, in any order. */
  readonly types?: readonly string[];
  readonly pages?: readonly number[];
  readonly authzId?: string;
  readonly preRead?: AnswerAttributes;
  readonly postRead?: AnswerAttributes;
  readonly isGenerated?: boolean;
}

export interface Case {
  readonly title: string;
  readonly request: Request;
  readonly expect: Expectation;
  /** Clients that have no means to say this, and why. */
  readonly cannot?: Readonly<Partial<Record<ClientName, string>>>;
  /** What 389 answers instead; the case is left out when the table is rehearsed against ns-slapd. */
  readonly on389?: string;
}

/** Everything a client driver needs to reach the server. */
export interface Target {
  readonly port: number;
  readonly securePort: number;
  readonly ldapiPath: string;
  readonly root: Identity;
  readonly base: string;
}

/** Sends all requests one after the other, each on a connection of its own, and gives the answers in the same order. */
export type Driver = (requests: readonly Request[], target: Target) => Promise<readonly Answer[]>;

export function valueList<T>(values: T | readonly T[]): readonly T[] {
  return Array.isArray(values) ? (values as readonly T[]) : [values as T];
}

export function textOf(octets: Buffer): string {
  const text = octets.toString("utf8");
  return Buffer.from(text).equals(octets) ? text : `base64:${octets.toString("base64")}`;
}

export function octetsOf(value: RequestValue): Buffer {
  return typeof value === "string" ? Buffer.from(value) : Buffer.from(value.base64, "base64");
}

/** Fills in the container for `$B`, everywhere in a request or an expectation. */
export function withBase<T>(data: T, base: string): T {
  return JSON.parse(JSON.stringify(data).replaceAll("$B", base)) as T;
}
