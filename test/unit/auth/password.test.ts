// Stored passwords: what other servers wrote is verified, what we write others verify (the 389 vectors go both ways
// because salt and rounds are in the text).
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert } from "chai";
import type { Random } from "../../../src/base/index.ts";
import type { SchemeName, SlowHash } from "../../../src/auth/index.ts";
import {
  createNodeHash,
  findMatch,
  hashPassword,
  isHashed,
  isOutdated,
  listSchemes,
  parseStoredPassword,
  verifyPassword,
} from "../../../src/auth/index.ts";

function findRoot(from: string): string {
  return existsSync(join(from, "package.json")) ? from : findRoot(dirname(from));
}

const DATA = join(findRoot(import.meta.dirname), "test/data/auth/stored-passwords.txt");

/** Bytes that count up from where the last call stopped: every salt differs and every run is the same. */
function countingRandom(): Random {
  let next = 0;
  return {
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => (next++ * 37) & 255)),
  };
}

const hashers: SlowHash = createNodeHash().forOrigin("test");

interface Vector {
  readonly origin: string;
  readonly password: string;
  readonly stored: string;
}

function readVectors(): Vector[] {
  const vectors: Vector[] = [];
  let password = "";
  for (const line of readFileSync(DATA, "utf8").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const space = line.indexOf(" ");
    const word = space < 0 ? line : line.slice(0, space);
    const rest = space < 0 ? "" : line.slice(space + 1);
    if (word === "password") password = rest;
    else vectors.push({ origin: word, password, stored: rest });
  }
  return vectors;
}

suite("auth/password", () => {
  for (const { origin, password, stored } of readVectors()) {
    const title = `${stored.slice(0, 24)} of ${origin} for "${password.slice(0, 16)}"`;
    test(`auth/password: ${title} matches its password alone`, async () => {
      const value = Buffer.from(stored);
      assert.isTrue(await verifyPassword(Buffer.from(password), value, hashers));
      assert.isFalse(await verifyPassword(Buffer.from(`-${password}`), value, hashers));
    });
  }

  for (const scheme of listSchemes().filter((one) => one.mayStore)) {
    test(`auth/password: a new ${scheme.name} value matches its password alone`, async () => {
      const password = Buffer.from("pass wörd");
      const value = await hashPassword(scheme.name, password, countingRandom(), hashers);
      assert.isTrue(await verifyPassword(password, value, hashers));
      assert.isFalse(await verifyPassword(Buffer.from("pass word"), value, hashers));
      assert.equal(isHashed(value), scheme.name !== "CLEAR");
      assert.isFalse(isOutdated(value, scheme.name));
    });
  }

  test("auth/password: the default form is rounds, salt and key between dollar signs", async () => {
    const value = await hashPassword("PBKDF2-SHA512", Buffer.from("x"), countingRandom(), hashers);
    const form = /^\{PBKDF2-SHA512\}10000\$[A-Za-z0-9+/]{32}\$[A-Za-z0-9+/]{86}==$/;
    assert.match(value.toString(), form);
  });

  test("auth/password: a body that cannot be read matches nothing", async () => {
    const values = [
      "{PBKDF2-SHA512}",
      "{PBKDF2-SHA512}10000$abc",
      "{PBKDF2-SHA512}x$AAAA$AAAA",
      "{PBKDF2-SHA512}0$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
      "{PBKDF2-SHA512}99999999$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
      "{PBKDF2-SHA512}1$AAAA$AAAA",
      "{PBKDF2_SHA256}AAAA",
      "{SSHA}AAAA",
      "{SHA}",
      "{CRYPT}",
      "{CRYPT}$2b$10$abcdefghijklmnopqrstuuKR1y0ZkkGuI1jPPIFXcVIq5UGOv0Tl2",
      "{CRYPT}$6$rounds=99999999$a$b",
      "{NS-MTA-MD5}00",
      "{GOST_YESCRYPT}$gy$j9T$2fw.cKEZATPnBRsbleZ.t/$hp8IZJ0PvQf2VVwKjShEcJsNrdfSZxnHw/kF4sAJ4cA",
    ];
    for (const value of values) {
      for (const password of ["", "secret", value]) {
        const matches = await verifyPassword(Buffer.from(password), Buffer.from(value), hashers);
        assert.isFalse(matches, value);
      }
    }
  });

  test("auth/password: only slow hashes make somebody wait", async () => {
    const slow = new Set(["PBKDF2-SHA512", "PBKDF2-SHA256", "PBKDF2-SHA1", "PBKDF2_SHA256"]);
    for (const { name } of listSchemes().filter((one) => one.mayStore)) {
      const password = Buffer.from("secret");
      const value = await hashPassword(name, password, countingRandom(), hashers);
      const isSlow = slow.has(name) || name.startsWith("CRYPT");
      for (const given of [password, Buffer.from("other")]) {
        assert.equal(verifyPassword(given, value, hashers) instanceof Promise, isSlow, name);
      }
    }
  });

  test("auth/password: the first stored value that matches is found, among slow and fast ones", async () => {
    const made = async (scheme: SchemeName, password: string): Promise<Buffer> =>
      hashPassword(scheme, Buffer.from(password), countingRandom(), hashers, { rounds: 1 });
    const fast = await made("SSHA", "one");
    const slow = await made("PBKDF2-SHA512", "two");
    const last = await made("SMD5", "three");
    const find = (password: string, stored: readonly Buffer[]): ReturnType<typeof findMatch> =>
      findMatch(Buffer.from(password), stored, hashers);
    assert.strictEqual(find("one", [fast, slow, last]), fast);
    assert.strictEqual(await find("two", [fast, slow, last]), slow);
    assert.strictEqual(await find("three", [fast, slow, last]), last);
    assert.isUndefined(await find("four", [fast, slow, last]));
    assert.isUndefined(find("four", [fast, last]));
    assert.isUndefined(find("four", []));
  });

  test("auth/password: a key of several blocks is judged by the first one", async () => {
    const password = Buffer.from("secret");
    const value = await hashPassword("PBKDF2_SHA256", password, countingRandom(), hashers, {
      rounds: 1,
    });
    const prefix = "{PBKDF2_SHA256}";
    const body = Buffer.from(value.toString("latin1", prefix.length), "base64");
    const keyStart = 4 + 64;
    for (const [at, isMatch] of [
      [keyStart, false],
      [keyStart + 31, false],
      [keyStart + 32, true],
      [body.length - 1, true],
    ] as const) {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const stored = Buffer.from(prefix + changed.toString("base64"));
      assert.equal(await verifyPassword(password, stored, hashers), isMatch, `byte ${at}`);
    }
  });

  test("auth/password: a password over the limit never matches", async () => {
    const long = Buffer.alloc(1025, "a");
    assert.isFalse(await verifyPassword(long, long, hashers));
    assert.isTrue(await verifyPassword(long.subarray(1), long.subarray(1), hashers));
  });

  const parsed: [value: string, scheme: SchemeName, body: string, hashed: boolean][] = [
    ["{SSHA}abc", "SSHA", "abc", true],
    ["{ssha256}abc", "SSHA256", "abc", true],
    ["{Crypt}abc", "CRYPT", "abc", true],
    ["{clear}abc", "CLEAR", "abc", true],
    ["abc", "CLEAR", "abc", false],
    ["", "CLEAR", "", false],
    ["{", "CLEAR", "{", false],
    ["{}", "CLEAR", "{}", false],
    ["{foo}abc", "CLEAR", "{foo}abc", false],
    ["{SSHA abc", "CLEAR", "{SSHA abc", false],
  ];
  for (const [value, scheme, body, hashed] of parsed) {
    test(`auth/stored-password: "${value}" is ${scheme}${hashed ? ", hashed" : ""}`, () => {
      const password = parseStoredPassword(Buffer.from(value));
      assert.equal(password.scheme, scheme);
      assert.equal(password.body.toString(), body);
      assert.equal(isHashed(Buffer.from(value)), hashed);
    });
  }

  const outdated: [value: string, scheme: SchemeName, expected: boolean][] = [
    ["{SSHA}abc", "PBKDF2-SHA512", true],
    ["secret", "PBKDF2-SHA512", true],
    ["{PBKDF2-SHA512}10000$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "PBKDF2-SHA512", false],
    ["{PBKDF2-SHA512}9999$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "PBKDF2-SHA512", true],
    ["{PBKDF2-SHA512}20000$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "PBKDF2-SHA512", false],
    ["{PBKDF2-SHA256}10000$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "PBKDF2-SHA512", true],
    ["{crypt}$6$a$b", "CRYPT-SHA512", false],
    ["{crypt}$5$a$b", "CRYPT-SHA512", true],
    ["{SSHA512}abc", "CRYPT-SHA512", true],
    ["secret", "CLEAR", false],
  ];
  for (const [value, scheme, expected] of outdated) {
    const fact = expected ? "is outdated" : "is up to date";
    test(`auth/password: ${value.slice(0, 24)} ${fact} under ${scheme}`, () => {
      assert.equal(isOutdated(Buffer.from(value), scheme), expected);
    });
  }
});
