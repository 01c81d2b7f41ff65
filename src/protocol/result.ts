// LDAP result codes (RFC 4511 appendix A, RFC 4370, RFC 4528) and the one error class that carries
// them to a client.
import type { LdapResult } from "./messages.ts";

export const ResultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  confidentialityRequired: 13,
  saslBindInProgress: 14,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  inappropriateMatching: 18,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  invalidAttributeSyntax: 21,
  noSuchObject: 32,
  aliasProblem: 33,
  invalidDnSyntax: 34,
  aliasDereferencingProblem: 36,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  loopDetect: 54,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  notAllowedOnRdn: 67,
  entryAlreadyExists: 68,
  objectClassModsProhibited: 69,
  affectsMultipleDsas: 71,
  other: 80,
  canceled: 118,
  noSuchOperation: 119,
  tooLate: 120,
  cannotCancel: 121,
  assertionFailed: 122,
  authorizationDenied: 123,
} as const;

export type ResultCodeName = keyof typeof ResultCode;

/** What a client asked for and cannot have. `message` goes to the client: sentence case, no full
 *  stop, no secrets. */
export class LdapError extends Error {
  override readonly name: string = "LdapError";
  readonly code: number;
  readonly matchedDn: string;
  readonly referrals: readonly string[];

  constructor(
    code: ResultCodeName,
    message: string,
    details: { readonly matchedDn?: string; readonly referrals?: readonly string[] } = {},
  ) {
    super(message);
    this.code = ResultCode[code];
    this.matchedDn = details.matchedDn ?? "";
    this.referrals = details.referrals ?? [];
  }

  result(): LdapResult {
    return {
      code: this.code,
      matchedDn: this.matchedDn,
      message: this.message,
      referrals: this.referrals,
    };
  }
}

export const SUCCESS: LdapResult = { code: 0, matchedDn: "", message: "", referrals: [] };
