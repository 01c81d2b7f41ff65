// LDAP messages as values (RFC 4511 §4). DNs and attribute descriptions are text as the client sent
// it; attribute and assertion values are bytes: views onto the received frame, valid as long as
// that frame is not reused.

export interface Control {
  readonly oid: string;
  readonly critical: boolean;
  /** undefined when absent; an empty buffer when present and empty. */
  readonly value: Buffer | undefined;
}

export interface AttributeValues {
  readonly type: string;
  readonly values: readonly Buffer[];
}

export type Filter =
  | { readonly type: "and" | "or"; readonly filters: readonly Filter[] }
  | { readonly type: "not"; readonly filter: Filter }
  | {
      readonly type: "equality" | "greaterOrEqual" | "lessOrEqual" | "approx";
      readonly attribute: string;
      readonly value: Buffer;
    }
  | {
      readonly type: "substrings";
      readonly attribute: string;
      readonly initial: Buffer | undefined;
      readonly any: readonly Buffer[];
      readonly final: Buffer | undefined;
    }
  | { readonly type: "present"; readonly attribute: string }
  | {
      readonly type: "extensible";
      readonly rule: string | undefined;
      readonly attribute: string | undefined;
      readonly value: Buffer;
      readonly dnAttributes: boolean;
    };

export type Scope = "base" | "one" | "sub" | "subordinate";
export type ModOperation = "add" | "delete" | "replace" | "increment";

export interface Mod {
  readonly operation: ModOperation;
  readonly type: string;
  readonly values: readonly Buffer[];
}

export interface BindRequest {
  readonly type: "bind";
  readonly version: number;
  readonly name: string;
  readonly authentication:
    | { readonly method: "simple"; readonly password: Buffer }
    | {
        readonly method: "sasl";
        readonly mechanism: string;
        readonly credentials: Buffer | undefined;
      };
}
export interface UnbindRequest {
  readonly type: "unbind";
}
export interface SearchRequest {
  readonly type: "search";
  readonly base: string;
  readonly scope: Scope;
  readonly derefAliases: 0 | 1 | 2 | 3;
  /** 0 = no limit asked for. */
  readonly sizeLimit: number;
  /** Seconds; 0 = no limit asked for. */
  readonly timeLimit: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  readonly attributes: readonly string[];
}
export interface ModifyRequest {
  readonly type: "modify";
  readonly dn: string;
  readonly mods: readonly Mod[];
}
export interface AddRequest {
  readonly type: "add";
  readonly dn: string;
  readonly attributes: readonly AttributeValues[];
}
export interface DeleteRequest {
  readonly type: "delete";
  readonly dn: string;
}
export interface ModifyDnRequest {
  readonly type: "modifyDn";
  readonly dn: string;
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  readonly newSuperior: string | undefined;
}
export interface CompareRequest {
  readonly type: "compare";
  readonly dn: string;
  readonly attribute: string;
  readonly value: Buffer;
}
export interface AbandonRequest {
  readonly type: "abandon";
  readonly messageId: number;
}
export interface ExtendedRequest {
  readonly type: "extended";
  readonly oid: string;
  readonly value: Buffer | undefined;
}

export type Request =
  | BindRequest
  | UnbindRequest
  | SearchRequest
  | ModifyRequest
  | AddRequest
  | DeleteRequest
  | ModifyDnRequest
  | CompareRequest
  | AbandonRequest
  | ExtendedRequest;

export interface RequestMessage {
  readonly messageId: number;
  readonly request: Request;
  readonly controls: readonly Control[];
}

/** The part that all final responses share (RFC 4511 §4.1.9). */
export interface LdapResult {
  readonly code: number;
  readonly matchedDn: string;
  readonly message: string;
  readonly referrals: readonly string[];
}

export type Response =
  | {
      readonly type: "bindResponse";
      readonly result: LdapResult;
      readonly serverCredentials: Buffer | undefined;
    }
  | {
      readonly type: "searchEntry";
      readonly dn: string;
      readonly attributes: readonly AttributeValues[];
    }
  | { readonly type: "searchReference"; readonly urls: readonly string[] }
  | {
      readonly type:
        | "searchDone"
        | "modifyResponse"
        | "addResponse"
        | "deleteResponse"
        | "modifyDnResponse"
        | "compareResponse";
      readonly result: LdapResult;
    }
  | {
      readonly type: "extendedResponse";
      readonly result: LdapResult;
      readonly oid: string | undefined;
      readonly value: Buffer | undefined;
    }
  | {
      readonly type: "intermediateResponse";
      readonly oid: string | undefined;
      readonly value: Buffer | undefined;
    };

export interface ResponseMessage {
  readonly messageId: number;
  readonly response: Response;
  readonly controls: readonly Control[];
}

export type ResponseType = Response["type"];
