// Identifier octets of the universal types that LDAP uses (X.690 §8.1.2). Tag numbers of 31 and
// more, which would need further octets, never occur in LDAP: the reader refuses them, the writer
// cannot make them.

export const TAG_BOOLEAN = 0x01;
export const TAG_INTEGER = 0x02;
export const TAG_OCTET_STRING = 0x04;
export const TAG_NULL = 0x05;
export const TAG_ENUMERATED = 0x0a;
export const TAG_SEQUENCE = 0x30;
export const TAG_SET = 0x31;

/** The bit that marks a constructed element. */
export const CONSTRUCTED = 0x20;

/** The identifier octet of the context-specific primitive [n], n < 31. */
export const contextTag = (n: number): number => 0x80 | n;
/** The identifier octet of the context-specific constructed [n], n < 31. */
export const contextConstructedTag = (n: number): number => 0xa0 | n;
