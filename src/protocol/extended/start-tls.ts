// StartTLS (RFC 4511 §4.14): no values either way. The response carries the name, as 389's does.

export const START_TLS_OID = "1.3.6.1.4.1.1466.20037";
