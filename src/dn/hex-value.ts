// The `#` form of a value (RFC 4514 §2.4): hex digits of the BER encoding of the X.500 value. LDAP wants the value in its
// LDAP-specific encoding, so character strings become UTF-8; for other types the content octets stand for themselves.
//
//   tag 01 BOOLEAN      TRUE or FALSE              tag 1C UniversalString  UCS-4 to UTF-8
//   tag 02 INTEGER      decimal digits             tag 1E BMPString        UCS-2 to UTF-8
//   tag 14 T61String    Latin-1 to UTF-8           other primitive tags    the content octets

const TAG_CLASS_AND_NUMBER_MAX = 0x1e;
const CONSTRUCTED_BIT = 0x20;
/** Integers of more bytes are no names; the bound keeps conversion to decimal cheap. */
const INTEGER_BYTES_MAX = 64;

function decodeLength(bytes: Buffer): { length: number; start: number } | undefined {
  const first = bytes[1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { length: first, start: 2 };
  const count = first - 0x80;
  if (count < 1 || count > 4 || bytes.length < 2 + count) return undefined;
  return { length: bytes.readUIntBE(2, count), start: 2 + count };
}

function decodeInteger(content: Buffer): Buffer | undefined {
  if (content.length === 0 || content.length > INTEGER_BYTES_MAX) return undefined;
  const unsigned = BigInt(`0x${content.toString("hex")}`);
  return Buffer.from(BigInt.asIntN(content.length * 8, unsigned).toString(), "latin1");
}

function decodeWide(content: Buffer, unitBytes: 2 | 4): Buffer | undefined {
  if (content.length % unitBytes !== 0) return undefined;
  let text = "";
  for (let at = 0; at < content.length; at += unitBytes) {
    const code = content.readUIntBE(at, unitBytes);
    if (code > 0x10ffff) return undefined;
    text += unitBytes === 2 ? String.fromCharCode(code) : String.fromCodePoint(code);
  }
  return Buffer.from(text, "utf8");
}

/** The value that one BER element stands for; undefined unless `bytes` is exactly one primitive universal element. */
export function decodeBerValue(bytes: Buffer): Buffer | undefined {
  const tag = bytes[0];
  const measured = decodeLength(bytes);
  if (tag === undefined || measured === undefined) return undefined;
  if (tag > TAG_CLASS_AND_NUMBER_MAX || (tag & CONSTRUCTED_BIT) !== 0) return undefined;
  if (measured.start + measured.length !== bytes.length) return undefined;
  const content = bytes.subarray(measured.start);
  switch (tag) {
    case 0x01:
      return content.length === 1 ? Buffer.from(content[0] === 0 ? "FALSE" : "TRUE") : undefined;
    case 0x02:
      return decodeInteger(content);
    case 0x14:
      return Buffer.from(content.toString("latin1"), "utf8");
    case 0x1c:
      return decodeWide(content, 4);
    case 0x1e:
      return decodeWide(content, 2);
    default:
      return content;
  }
}
