// Client addresses in access rules. A range is a number of leading bits that must agree:
//
//   *                           every address
//   10.0.0.1  2001:db8::1       one address
//   10.0.*  10.0                leading octets (389 takes both)
//   10.0.0.0/8  2001:db8::/32   prefix length (RFC 4632)
//   10.0.0.0+255.0.0.0          netmask, as 389 writes it
//
// IPv4 addresses that come mapped into IPv6 (`::ffff:10.0.0.1`) are IPv4 addresses.

export interface Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

export interface IpRange {
  /** undefined: any family. */
  readonly family: 4 | 6 | undefined;
  readonly bits: bigint;
  readonly mask: bigint;
}

const ALL_4 = (1n << 32n) - 1n;
const ALL_6 = (1n << 128n) - 1n;
const MAPPED_PREFIX = 0xffffn;

function parseOctets(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length > 4 || !parts.every((part) => /^[0-9]{1,3}$/.test(part))) return undefined;
  const octets = parts.map(Number);
  return octets.every((octet) => octet <= 255) ? octets : undefined;
}

function parseIpv4(text: string): bigint | undefined {
  const octets = parseOctets(text);
  if (octets?.length !== 4) return undefined;
  return octets.reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

/** Groups of 16 bits; the last may be an IPv4 address. */
function parseGroups(text: string): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && index === parts.length - 1) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === undefined) return undefined;
      groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      groups.push(BigInt(`0x${part}`));
    } else {
      return undefined;
    }
  }
  return groups;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "");
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "") : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const zeros = Array.from({ length: missing }, () => 0n);
  return [...head, ...zeros, ...tail].reduce((bits, group) => (bits << 16n) | group, 0n);
}

/** An address in text form, with or without a zone (`fe80::1%eth0`); undefined if it is none. */
export function parseAddress(text: string): Address | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return { family: 4, bits: ipv4 };
  const ipv6 = parseIpv6(text.split("%", 1)[0] ?? "");
  if (ipv6 === undefined) return undefined;
  return ipv6 >> 32n === MAPPED_PREFIX
    ? { family: 4, bits: ipv6 & ALL_4 }
    : { family: 6, bits: ipv6 };
}

function prefixMask(length: number, width: number): bigint {
  const all = (1n << BigInt(width)) - 1n;
  return all ^ (all >> BigInt(length));
}

/** A range in one of the forms above; undefined if the text is none. */
export function parseIpRange(text: string): IpRange | undefined {
  if (text === "*") return { family: undefined, bits: 0n, mask: 0n };
  const leading = text.endsWith(".*") ? text.slice(0, -2) : text;
  const octets = parseOctets(leading);
  if (octets !== undefined && (octets.length < 4 || leading === text)) {
    const bits = octets.reduce((all, octet) => (all << 8n) | BigInt(octet), 0n);
    const missingBits = BigInt(8 * (4 - octets.length));
    return { family: 4, bits: bits << missingBits, mask: prefixMask(8 * octets.length, 32) };
  }
  const separator = /[/+]/.exec(text)?.[0];
  const [addressText = "", maskText] = text.split(separator ?? "/");
  const address = parseAddress(addressText);
  if (address === undefined) return undefined;
  const { family } = address;
  const mask = parseMask(maskText, separator, family);
  return mask === undefined ? undefined : { family, bits: address.bits & mask, mask };
}

function parseMask(
  text: string | undefined,
  separator: string | undefined,
  family: 4 | 6,
): bigint | undefined {
  if (text === undefined) return family === 4 ? ALL_4 : ALL_6;
  if (separator === "+") {
    const mask = parseAddress(text);
    return mask?.family === family ? mask.bits : undefined;
  }
  const width = family === 4 ? 32 : 128;
  return /^[0-9]{1,3}$/.test(text) && Number(text) <= width
    ? prefixMask(Number(text), width)
    : undefined;
}

export function isInRange(range: IpRange, address: Address): boolean {
  if (range.family === undefined) return true;
  return range.family === address.family && (address.bits & range.mask) === range.bits;
}
