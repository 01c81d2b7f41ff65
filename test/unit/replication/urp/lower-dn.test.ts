import { assert } from "chai";
import { lowerDn } from "../../../../src/replication/urp/names.ts";

const CASES: readonly (readonly [dn: string, lower: string])[] = [
  ["uid=U1, ou=Größe,DC=Example,dc=com", "uid=u1,ou=größe,dc=example,dc=com"],
  ["sn=B + CN=A\\, c,dc=x", "cn=a\\2c c+sn=b,dc=x"],
  ["no dn", ""],
];

suite("replication/urp/lower-dn", () => {
  for (const [dn, lower] of CASES) {
    test(`replication/urp/lower-dn: ${dn}`, () => assert.equal(lowerDn(dn), lower));
  }
});
