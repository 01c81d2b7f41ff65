// The 64 characters of crypt(3) texts, in the order of their value. Not the alphabet of base64.

export const CRYPT_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
