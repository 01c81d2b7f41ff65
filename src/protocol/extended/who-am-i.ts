// Who am I (RFC 4532): the authorization identity of the connection. The request has no value; the
// response value is the identity itself (`dn:…`, `u:…`, empty for anonymous), not wrapped in BER,
// and there is no response name.

export const WHO_AM_I_OID = "1.3.6.1.4.1.4203.1.11.3";

/** The response value; present and empty for anonymous. */
export const encodeWhoAmI = (authzId: string): Buffer => Buffer.from(authzId, "utf8");

/** An absent value counts as anonymous. */
export const decodeWhoAmI = (value: Buffer | undefined): string => value?.toString("utf8") ?? "";
