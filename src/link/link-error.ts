// Why an outgoing connection failed. `ldapCode` is the result of the bind, or negative as in libldap, as status texts of
// agreements have it.

export const LinkCode = {
  /** Cannot be reached, or was lost. */
  serverDown: -1,
  /** Something on our side: files of certificates, a method that we do not know. */
  localError: -2,
  timeout: -5,
  /** TLS. */
  connectError: -11,
} as const;

export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly ldapCode: number;

  constructor(ldapCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.ldapCode = ldapCode;
  }
}
