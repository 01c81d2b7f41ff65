// INTEGER values (RFC 4517 §3.3.16) of any size, as keys whose byte order is numeric order. Decimal digits stay decimal, so that
// the cost is linear in their number.
//
//   byte 0        0x80 + number of digits, at most 0x7e of them; 0xff for more. Zero has no digits: the key is 80
//   bytes 1–4     only after 0xff: number of digits, big-endian
//   then          digits, two to a byte, the last low half zero when their number is odd
//
// A negative value has the key of its amount with every bit inverted.

const MINUS = 0x2d;
const ZERO_HEADER = 0x80;
const LONG_HEADER = 0xff;
const SHORT_DIGITS_MAX = 0x7e;

/** Whether the value is `0` or an optional minus and digits without a leading zero. */
export function isInteger(value: Buffer): boolean {
  const start = value[0] === MINUS ? 1 : 0;
  if (value.length === start) return false;
  if (value[start] === 0x30) return value.length === 1;
  for (let i = start; i < value.length; i += 1) {
    const byte = value[i]!;
    if (byte < 0x30 || byte > 0x39) return false;
  }
  return true;
}

/** The ordering key; undefined when the value is no INTEGER. */
export function normalInteger(value: Buffer): Buffer | undefined {
  if (!isInteger(value)) return undefined;
  if (value.length === 1 && value[0] === 0x30) return Buffer.of(ZERO_HEADER);
  const negative = value[0] === MINUS;
  const start = negative ? 1 : 0;
  const digits = value.length - start;
  const headerBytes = digits > SHORT_DIGITS_MAX ? 5 : 1;
  const key = Buffer.alloc(headerBytes + ((digits + 1) >> 1));
  if (headerBytes === 1) {
    key[0] = ZERO_HEADER + digits;
  } else {
    key[0] = LONG_HEADER;
    key.writeUInt32BE(digits, 1);
  }
  for (let i = 0; i < digits; i += 1) {
    const digit = value[start + i]! - 0x30;
    key[headerBytes + (i >> 1)]! |= (i & 1) === 0 ? digit << 4 : digit;
  }
  if (negative) for (let i = 0; i < key.length; i += 1) key[i] = ~key[i]! & 0xff;
  return key;
}
