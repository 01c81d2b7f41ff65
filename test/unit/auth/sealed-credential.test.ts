import { assert } from "chai";
import { isSealed, openCredential, sealCredential } from "../../../src/auth/index.ts";

const KEY = Buffer.alloc(32, 7);
const random = { bytes: (count: number) => Buffer.alloc(count, 3) };

suite("auth/sealed-credential", () => {
  test("auth/sealed-credential: what was sealed opens with the same key", () => {
    for (const text of ["", "secret", "pässword", "x".repeat(2000)]) {
      const sealed = sealCredential(Buffer.from(text), KEY, random);
      assert.match(sealed.toString(), /^\{AES-256-GCM\}[A-Za-z0-9+/]+=*$/);
      assert.equal(openCredential(sealed, KEY)?.toString(), text);
    }
  });

  test("auth/sealed-credential: a sealed value passes through sealing", () => {
    const sealed = sealCredential(Buffer.from("secret"), KEY, random);
    assert.deepEqual(sealCredential(sealed, KEY, random), sealed);
    const foreign = Buffer.from("{AES-TUhNR0NT}Ip5Nz0g=");
    assert.isTrue(isSealed(foreign));
    assert.deepEqual(sealCredential(foreign, KEY, random), foreign);
    assert.isUndefined(openCredential(foreign, KEY));
  });

  test("auth/sealed-credential: a value that is not sealed is the credential", () => {
    assert.equal(openCredential(Buffer.from("{AES"), KEY)?.toString(), "{AES");
    assert.isFalse(isSealed(Buffer.from("secret")));
  });

  test("auth/sealed-credential: another key or any changed character opens nothing", () => {
    const sealed = sealCredential(Buffer.from("secret"), KEY, random);
    assert.isUndefined(openCredential(sealed, Buffer.alloc(32, 8)));
    const start = "{AES-256-GCM}".length;
    for (let at = start; at < sealed.indexOf("="); at += 1) {
      const damaged = Buffer.from(sealed);
      damaged[at] = sealed[at] === 0x41 ? 0x42 : 0x41;
      assert.isUndefined(openCredential(damaged, KEY), `character ${at}`);
      assert.isUndefined(openCredential(sealed.subarray(0, at), KEY), `cut at ${at}`);
    }
  });
});
