// The crypt(3) formats that Unix password files use, in plain code over a digest function:
//
//   $1$salt$hash                  md5-crypt (FreeBSD, 1000 rounds of MD5), salt of at most 8 characters
//   $5$[rounds=n$]salt$hash       sha256-crypt, $6$ sha512-crypt (U. Drepper, "Unix crypt using SHA-256 and SHA-512"),
//                                 salt of at most 16 characters
//
// Base64 here is the crypt alphabet, 6 bits at a time from the low end of a group of up to three bytes; which bytes form
// a group differs by format and is written down below as a table of byte positions (-1: no byte).
// Computations are generators that yield after each slice of rounds, so that a caller can let other work go on.
import { createHash } from "node:crypto";
import { equalsConstantTime } from "./constant-time.ts";
import { CRYPT_ALPHABET } from "./crypt-alphabet.ts";
import { cryptDes, isDesCrypt } from "./crypt-des.ts";
import {
  CRYPT_SLICE_ROUNDS,
  SHA_CRYPT_ROUNDS_DEFAULT,
  SHA_CRYPT_ROUNDS_MAX,
  SHA_CRYPT_ROUNDS_MIN,
} from "./limits.ts";

const MD5_ROUNDS = 1000;
const MD5_SALT_CHARS_MAX = 8;
const SHA_SALT_CHARS_MAX = 16;

type Group = readonly [high: number, middle: number, low: number];

const MD5_GROUPS: readonly Group[] = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
  [-1, -1, 11],
];

interface ShaCrypt {
  readonly digest: "sha256" | "sha512";
  readonly prefix: "$5$" | "$6$";
  readonly groups: readonly Group[];
}

/** Both SHA tables turn three columns of byte positions against each other by one step per group. */
function turningGroups(columnBytes: number, turn: 1 | 2): Group[] {
  const groups: Group[] = [];
  for (let row = 0; row < columnBytes; row += 1) {
    const at = (column: number): number => row + columnBytes * ((column + turn * row) % 3);
    groups.push([at(0), at(1), at(2)]);
  }
  return groups;
}

const SHA256_CRYPT: ShaCrypt = {
  digest: "sha256",
  prefix: "$5$",
  groups: [...turningGroups(10, 2), [-1, 31, 30]],
};
const SHA512_CRYPT: ShaCrypt = {
  digest: "sha512",
  prefix: "$6$",
  groups: [...turningGroups(21, 1), [-1, -1, 63]],
};

function formatGroups(hash: Buffer, groups: readonly Group[]): string {
  let text = "";
  for (const group of groups) {
    let bits = 0;
    let bytes = 0;
    for (const position of group) {
      if (position < 0) continue;
      bits = (bits << 8) | hash.readUInt8(position);
      bytes += 1;
    }
    for (let left = bytes + 1; left > 0; left -= 1) {
      text += CRYPT_ALPHABET.charAt(bits & 63);
      bits >>>= 6;
    }
  }
  return text;
}

/** `source` over and over until `length` bytes are full. */
function repeatTo(source: Buffer, length: number): Buffer {
  return source.length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, source);
}

function* md5Crypt(password: Buffer, saltText: string): Generator<undefined, string> {
  const salt = Buffer.from(saltText.slice(0, MD5_SALT_CHARS_MAX), "latin1");
  const md5 = (parts: readonly Buffer[]): Buffer => {
    const hash = createHash("md5");
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const inner = md5([password, salt, password]);
  const first = [password, Buffer.from("$1$"), salt, repeatTo(inner, password.length)];
  // The bits of the length choose between a zero byte and the first byte of the password: an old mistake that stayed.
  for (let bits = password.length; bits > 0; bits >>= 1) {
    first.push((bits & 1) === 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  }
  let hash = md5(first);
  for (let round = 0; round < MD5_ROUNDS; round += 1) {
    const parts = [(round & 1) === 1 ? password : hash];
    if (round % 3 !== 0) parts.push(salt);
    if (round % 7 !== 0) parts.push(password);
    parts.push((round & 1) === 1 ? hash : password);
    hash = md5(parts);
    if (round % CRYPT_SLICE_ROUNDS === CRYPT_SLICE_ROUNDS - 1) yield;
  }
  return `$1$${salt.toString("latin1")}$${formatGroups(hash, MD5_GROUPS)}`;
}

/** The password and salt sequences of the definition: steps 13 to 20. */
function shaSequences(
  kind: ShaCrypt,
  password: Buffer,
  more: { readonly salt: Buffer; readonly saltRepeats: number },
): readonly [password: Buffer, salt: Buffer] {
  const passwordHash = createHash(kind.digest);
  for (let i = 0; i < password.length; i += 1) passwordHash.update(password);
  const saltHash = createHash(kind.digest);
  for (let i = 0; i < more.saltRepeats; i += 1) saltHash.update(more.salt);
  return [
    repeatTo(passwordHash.digest(), password.length),
    repeatTo(saltHash.digest(), more.salt.length),
  ];
}

function shaFirstHash(kind: ShaCrypt, password: Buffer, salt: Buffer): Buffer {
  const other = createHash(kind.digest).update(password).update(salt).update(password).digest();
  const hash = createHash(kind.digest).update(password).update(salt);
  hash.update(repeatTo(other, password.length));
  for (let bits = password.length; bits > 0; bits >>= 1) {
    hash.update((bits & 1) === 1 ? other : password);
  }
  return hash.digest();
}

function* shaCrypt(
  kind: ShaCrypt,
  password: Buffer,
  setting: string,
): Generator<undefined, string | undefined> {
  const named = /^rounds=([0-9]{1,9})\$/.exec(setting);
  const asked = named === null ? SHA_CRYPT_ROUNDS_DEFAULT : Number(named[1]);
  const rounds = Math.max(asked, SHA_CRYPT_ROUNDS_MIN);
  if (rounds > SHA_CRYPT_ROUNDS_MAX) return undefined;
  const saltText = setting.slice(named === null ? 0 : named[0].length).split("$", 1)[0] ?? "";
  const salt = Buffer.from(saltText.slice(0, SHA_SALT_CHARS_MAX), "latin1");
  let hash = shaFirstHash(kind, password, salt);
  const saltRepeats = 16 + hash.readUInt8(0);
  const [passwordBytes, saltBytes] = shaSequences(kind, password, { salt, saltRepeats });
  for (let round = 0; round < rounds; round += 1) {
    const odd = (round & 1) === 1;
    const next = createHash(kind.digest).update(odd ? passwordBytes : hash);
    if (round % 3 !== 0) next.update(saltBytes);
    if (round % 7 !== 0) next.update(passwordBytes);
    hash = next.update(odd ? hash : passwordBytes).digest();
    if (round % CRYPT_SLICE_ROUNDS === CRYPT_SLICE_ROUNDS - 1) yield;
  }
  const roundsText = named === null ? "" : `rounds=${rounds}$`;
  return `${kind.prefix}${roundsText}${salt.toString("latin1")}$${formatGroups(hash, kind.groups)}`;
}

/** The whole crypt text of a password under a setting (an earlier text, or its beginning up to and with the salt);
 *  undefined for a format that is not supported or past the limits. */
export function* crypt(
  password: Buffer,
  setting: string,
): Generator<undefined, string | undefined> {
  // C strings end at a zero byte: crypt(3) never sees what follows.
  const zero = password.indexOf(0);
  const key = zero < 0 ? password : password.subarray(0, zero);
  const rest = setting.slice(3);
  if (setting.startsWith("$1$")) return yield* md5Crypt(key, rest.split("$", 1)[0] ?? "");
  if (setting.startsWith(SHA256_CRYPT.prefix)) return yield* shaCrypt(SHA256_CRYPT, key, rest);
  if (setting.startsWith(SHA512_CRYPT.prefix)) return yield* shaCrypt(SHA512_CRYPT, key, rest);
  if (isDesCrypt(setting)) return cryptDes(key, setting);
  return undefined;
}

/** Does the password match the crypt text? Unsupported formats match nothing. */
export function* verifyCrypt(password: Buffer, body: Buffer): Generator<undefined, boolean> {
  const expected = body.toString("latin1");
  const computed = yield* crypt(password, expected);
  return computed !== undefined && equalsConstantTime(Buffer.from(computed, "latin1"), body);
}

/** Random bytes as salt characters: 6 bits of each byte count. */
export function formatSalt(random: Buffer): string {
  let text = "";
  for (const byte of random) text += CRYPT_ALPHABET.charAt(byte & 63);
  return text;
}
