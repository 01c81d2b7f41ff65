// Identifier octets of the LDAP operations and of the context-specific parts of messages (RFC 4511
// §4, appendix B).

export const TAG_BIND_REQUEST = 0x60;
export const TAG_BIND_RESPONSE = 0x61;
export const TAG_UNBIND_REQUEST = 0x42;
export const TAG_SEARCH_REQUEST = 0x63;
export const TAG_SEARCH_ENTRY = 0x64;
export const TAG_SEARCH_DONE = 0x65;
export const TAG_SEARCH_REFERENCE = 0x73;
export const TAG_MODIFY_REQUEST = 0x66;
export const TAG_MODIFY_RESPONSE = 0x67;
export const TAG_ADD_REQUEST = 0x68;
export const TAG_ADD_RESPONSE = 0x69;
export const TAG_DELETE_REQUEST = 0x4a;
export const TAG_DELETE_RESPONSE = 0x6b;
export const TAG_MODIFY_DN_REQUEST = 0x6c;
export const TAG_MODIFY_DN_RESPONSE = 0x6d;
export const TAG_COMPARE_REQUEST = 0x6e;
export const TAG_COMPARE_RESPONSE = 0x6f;
export const TAG_ABANDON_REQUEST = 0x50;
export const TAG_EXTENDED_REQUEST = 0x77;
export const TAG_EXTENDED_RESPONSE = 0x78;
export const TAG_INTERMEDIATE_RESPONSE = 0x79;

export const TAG_CONTROLS = 0xa0;
export const TAG_REFERRALS = 0xa3;

export const TAG_AUTHENTICATION_SIMPLE = 0x80;
export const TAG_AUTHENTICATION_SASL = 0xa3;
export const TAG_SERVER_CREDENTIALS = 0x87;
export const TAG_NEW_SUPERIOR = 0x80;

export const TAG_REQUEST_NAME = 0x80;
export const TAG_REQUEST_VALUE = 0x81;
export const TAG_RESPONSE_NAME = 0x8a;
export const TAG_RESPONSE_VALUE = 0x8b;
export const TAG_INTERMEDIATE_NAME = 0x80;
export const TAG_INTERMEDIATE_VALUE = 0x81;

export const TAG_FILTER_AND = 0xa0;
export const TAG_FILTER_OR = 0xa1;
export const TAG_FILTER_NOT = 0xa2;
export const TAG_FILTER_EQUALITY = 0xa3;
export const TAG_FILTER_SUBSTRINGS = 0xa4;
export const TAG_FILTER_GREATER_OR_EQUAL = 0xa5;
export const TAG_FILTER_LESS_OR_EQUAL = 0xa6;
export const TAG_FILTER_PRESENT = 0x87;
export const TAG_FILTER_APPROX = 0xa8;
export const TAG_FILTER_EXTENSIBLE = 0xa9;

export const TAG_SUBSTRING_INITIAL = 0x80;
export const TAG_SUBSTRING_ANY = 0x81;
export const TAG_SUBSTRING_FINAL = 0x82;

export const TAG_EXTENSIBLE_RULE = 0x81;
export const TAG_EXTENSIBLE_TYPE = 0x82;
export const TAG_EXTENSIBLE_VALUE = 0x83;
export const TAG_EXTENSIBLE_DN_ATTRIBUTES = 0x84;
