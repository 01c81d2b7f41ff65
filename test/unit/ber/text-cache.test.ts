import { assert } from "chai";
import { BerReader, TextCache } from "../../../src/ber/index.ts";

const NAMES = ["cn", "sn", "nc", "objectClass", "userCertificate;binary", "x".repeat(64)];

/** As the reader does. */
function read(cache: TextCache, text: string): string | undefined {
  const bytes = Buffer.from(`..${text}..`, "utf8");
  const end = bytes.length - 2;
  const known = cache.find(bytes, 2, end);
  if (known === undefined) cache.keep(bytes, 2, end, text);
  return known;
}

suite("ber/text-cache", () => {
  test("ber/text-cache: a text is found once it has been kept", () => {
    const cache = new TextCache();
    for (const name of NAMES) assert.isUndefined(read(cache, name));
    for (const name of NAMES) assert.equal(read(cache, name), name);
  });

  test("ber/text-cache: many texts never are taken for each other", () => {
    const cache = new TextCache();
    for (let round = 0; round < 2; round += 1) {
      for (let number = 0; number < 5_000; number += 1) {
        const text = `a${number.toString(36)}`;
        assert.oneOf(read(cache, text), [undefined, text]);
      }
    }
  });

  test("ber/text-cache: long texts are not kept", () => {
    const cache = new TextCache();
    read(cache, "x".repeat(65));
    assert.isUndefined(read(cache, "x".repeat(65)));
  });

  test("ber/text-cache: a reader gives the same text with a cache as without", () => {
    const cache = new TextCache();
    const texts = ["", "cn", "ä", "\ufffd", "cn", "ä"].map((text) => Buffer.from(text));
    for (const bytes of [...texts, Buffer.of(0xff), Buffer.of(0xc3), Buffer.of(0xff)]) {
      const element = Buffer.concat([Buffer.of(0x04, bytes.length), bytes]);
      const text = new BerReader(element).readRepeatedText(cache);
      assert.equal(text, new BerReader(element).readText());
    }
  });
});
