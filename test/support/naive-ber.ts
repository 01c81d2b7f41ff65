// A second encoder, for tests only, that shares nothing with src/ber: it builds every element from
// the inside out by concatenation. `LengthForm` chooses how the length octets of an element are
// written, so that one value can be encoded in any of the forms that BER allows.

/** Octets of a length. */
export type LengthForm = (contentBytes: number) => Buffer;

export const minimalLength: LengthForm = (n) => {
  if (n < 128) return Buffer.from([n]);
  const octets: number[] = [];
  for (let rest = n; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.from([128 + octets.length, ...octets]);
};

/** The form 84 xx xx xx xx. */
export const fourOctetLength: LengthForm = (n) => paddedLength(n, 4);

/** The long form with exactly `count` octets; with more if that is too few. */
export function paddedLength(n: number, count: number): Buffer {
  const octets: number[] = [];
  for (let rest = n; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  while (octets.length < count) octets.unshift(0);
  return Buffer.from([128 + octets.length, ...octets]);
}

export function element(
  tag: number,
  content: Uint8Array,
  form: LengthForm = minimalLength,
): Buffer {
  return Buffer.concat([Buffer.from([tag]), form(content.length), content]);
}

/** The functions below with one form of length for all that they make. */
export class NaiveBer {
  readonly form: LengthForm;

  constructor(form: LengthForm = minimalLength) {
    this.form = form;
  }

  element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
    return element(tag, Buffer.concat(parts), this.form);
  }

  sequence(...parts: readonly Uint8Array[]): Buffer {
    return this.element(0x30, ...parts);
  }

  set(...parts: readonly Uint8Array[]): Buffer {
    return this.element(0x31, ...parts);
  }

  octets(value: Uint8Array | string, tag = 0x04): Buffer {
    return this.element(tag, typeof value === "string" ? Buffer.from(value, "utf8") : value);
  }

  boolean(value: boolean, tag = 0x01): Buffer {
    return this.element(tag, Buffer.from([value ? 255 : 0]));
  }

  integer(value: number, tag = 0x02): Buffer {
    let hex = BigInt.asUintN(64, BigInt(value)).toString(16).padStart(16, "0");
    while (/^(00[0-7]|ff[89a-f])/.test(hex) && hex.length > 2) hex = hex.slice(2);
    return this.element(tag, Buffer.from(hex, "hex"));
  }

  enumerated(value: number): Buffer {
    return this.integer(value, 0x0a);
  }
}
