// Traditional crypt(3): two salt characters, then eleven characters of hash. DES (FIPS 46-3) encrypts a block of zeros
// 25 times under the first eight characters of the password (7 bits each); the 12 bits of the salt swap bits of the
// expansion. Broken as a password store and long replaced, but directories that grew out of NIS still hold such values.
// The plain form over arrays of single bits is slow for DES and quick enough here (about 1 ms a password).
//
// Tables are those of the standard; positions count from 1 at the most significant bit.
import { CRYPT_ALPHABET } from "./crypt-alphabet.ts";

const TEXT_CHARS = 13;
const ITERATIONS = 25;
const ROUNDS = 16;
const KEY_CHARS = 8;
const SALT_BITS = 12;

type Bits = readonly number[];

const INITIAL = [58, 60, 62, 64, 57, 59, 61, 63].flatMap((start) =>
  Array.from({ length: 8 }, (_, column) => start - 8 * column),
);
const FINAL = INITIAL.map((_, position) => INITIAL.indexOf(position + 1) + 1);

const EXPANSION = Array.from({ length: 48 }, (_, i) => {
  const bit = 4 * Math.floor(i / 6) + (i % 6);
  return ((bit + 31) % 32) + 1;
});

const PERMUTATION: Bits = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13,
  30, 6, 22, 11, 4, 25,
];

const KEY_CHOICE_1: Bits = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60,
  52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21,
  13, 5, 28, 20, 12, 4,
];

const KEY_CHOICE_2: Bits = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52,
  31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

const KEY_SHIFTS: Bits = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

/** Eight boxes of four rows of sixteen columns, one hexadecimal digit a cell. */
const BOXES: readonly string[] = [
  "E4D12FB83A6C5907" + "0F74E2D1A6CB9538" + "41E8D62BFC973A50" + "FC8249175B3EA06D",
  "F18E6B34972DC05A" + "3D47F28EC01A69B5" + "0E7BA4D158C6932F" + "D8A13F42B67C05E9",
  "A09E63F51DC7B428" + "D709346A285ECBF1" + "D6498F30B12C5AE7" + "1AD069874FE3B52C",
  "7DE3069A1285BC4F" + "D8B56F03472C1AE9" + "A690CB7DF13E5284" + "3F06A1D8945BC72E",
  "2C417AB6853FD0E9" + "EB2C47D150FA3986" + "421BAD78F9C5630E" + "B8C71E2D6F09A453",
  "C1AF92680D34E75B" + "AF427C9561DE0B38" + "9EF528C3704A1DB6" + "432C95FABE17608D",
  "4B2EF08D3C975A61" + "D0B7491AE35C2F86" + "14BDC37EAF680592" + "6BD814A7950FE23C",
  "D2846FB1A93E50C7" + "1FD8A374C56B0E92" + "7B419CE206ADF358" + "21E74A8DFC90356B",
];

const BOX_VALUES: readonly Bits[] = BOXES.map((box) =>
  Array.from(box, (digit) => Number.parseInt(digit, 16)),
);

function pick(bits: Bits, table: Bits): number[] {
  return table.map((position) => bits[position - 1] ?? 0);
}

/** The sixteen round keys of 48 bits. The parity bit of each key byte is not looked at. */
function keySchedule(password: Buffer): Bits[] {
  const key: number[] = [];
  for (let char = 0; char < KEY_CHARS; char += 1) {
    const byte = password[char] ?? 0;
    for (let bit = 6; bit >= 0; bit -= 1) key.push((byte >> bit) & 1);
    key.push(0);
  }
  const chosen = pick(key, KEY_CHOICE_1);
  let left = chosen.slice(0, 28);
  let right = chosen.slice(28);
  return KEY_SHIFTS.map((shift) => {
    left = [...left.slice(shift), ...left.slice(0, shift)];
    right = [...right.slice(shift), ...right.slice(0, shift)];
    return pick([...left, ...right], KEY_CHOICE_2);
  });
}

/** The expansion with bit i and bit i + 24 swapped for every bit i that is set in the salt. */
function saltedExpansion(salt: number): Bits {
  const table = [...EXPANSION];
  for (let bit = 0; bit < SALT_BITS; bit += 1) {
    if (((salt >> bit) & 1) === 0) continue;
    const low = table[bit] ?? 0;
    table[bit] = table[bit + 24] ?? 0;
    table[bit + 24] = low;
  }
  return table;
}

function mangle(half: Bits, key: Bits, expansion: Bits): number[] {
  const mixed = pick(half, expansion).map((bit, i) => bit ^ (key[i] ?? 0));
  const out: number[] = [];
  BOX_VALUES.forEach((box, index) => {
    const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0] = mixed.slice(6 * index, 6 * index + 6);
    const cell = box[(2 * b0 + b5) * 16 + 8 * b1 + 4 * b2 + 2 * b3 + b4] ?? 0;
    out.push((cell >> 3) & 1, (cell >> 2) & 1, (cell >> 1) & 1, cell & 1);
  });
  return pick(out, PERMUTATION);
}

function encrypt(block: Bits, keys: readonly Bits[], expansion: Bits): number[] {
  const start = pick(block, INITIAL);
  let left: Bits = start.slice(0, 32);
  let right: Bits = start.slice(32);
  for (let round = 0; round < ROUNDS; round += 1) {
    const mangled = mangle(right, keys[round] ?? [], expansion);
    const next = left.map((bit, i) => bit ^ (mangled[i] ?? 0));
    left = right;
    right = next;
  }
  return pick([...right, ...left], FINAL);
}

/** Is this a crypt text of the traditional form? */
export function isDesCrypt(text: string): boolean {
  return text.length === TEXT_CHARS && /^[./0-9A-Za-z]*$/.test(text);
}

/** The crypt text of a password under the salt of an earlier text. */
export function cryptDes(password: Buffer, setting: string): string {
  const salt =
    CRYPT_ALPHABET.indexOf(setting.charAt(0)) | (CRYPT_ALPHABET.indexOf(setting.charAt(1)) << 6);
  const keys = keySchedule(password);
  const expansion = saltedExpansion(salt);
  let block: Bits = Array.from({ length: 64 }, () => 0);
  for (let i = 0; i < ITERATIONS; i += 1) block = encrypt(block, keys, expansion);
  let text = setting.slice(0, 2);
  for (let start = 0; start < 66; start += 6) {
    let value = 0;
    for (let i = start; i < start + 6; i += 1) value = (value << 1) | (block[i] ?? 0);
    text += CRYPT_ALPHABET.charAt(value);
  }
  return text;
}
