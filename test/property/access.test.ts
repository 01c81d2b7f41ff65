// Laws of access control: order and place of rules do not matter, what an evaluator remembers does not change its
// answers, more deny never gives more access, and no text stops the parser.
import { assert } from "chai";
import fc from "fast-check";
import type { Directory } from "../../src/access/index.ts";
import { AccessEvaluator, AciStore, ANONYMOUS, parseAci } from "../../src/access/index.ts";
import { LdapError } from "../../src/protocol/index.ts";
import { normalParent } from "../../src/schema/index.ts";
import { PlainEntry } from "../support/plain-entry.ts";
import { loadShippedSchema } from "../unit/schema/shipped-schema.ts";

const schema = loadShippedSchema();
const HOLDERS = ["dc=x", "ou=t,dc=x", "uid=a,ou=t,dc=x"];

const entries = ["uid=a,ou=t,dc=x", "uid=b,ou=t,dc=x", "uid=c,cn=i,ou=t,dc=x", "ou=t,dc=x"].map(
  (dn) =>
    new PlainEntry(schema, dn, {
      objectClass: ["top", "inetOrgPerson"],
      uid: [dn.charAt(4)],
      cn: ["x"],
      manager: ["uid=a,ou=t,dc=x"],
    }),
);
const directory: Directory = {
  find: (dn) => entries.find((entry) => entry.normalDn === dn),
  isMember: (_, user) => user.startsWith("uid=a"),
  isMemberOfSelected: () => false,
};
const types = ["objectClass", "uid", "cn", "manager"].map((name) => schema.attributeType(name));

const bind = fc.constantFrom(
  'userdn="ldap:///anyone"',
  'userdn="ldap:///all"',
  'userdn="ldap:///self"',
  'userdn!="ldap:///self"',
  'userdn="ldap:///uid=a,*"',
  'groupdn="ldap:///cn=g,dc=x"',
  'userattr="manager#USERDN"',
  'not userdn="ldap:///all" or ip="10.*"',
);
const target = fc.constantFrom(
  "",
  '(targetattr="*")',
  '(targetattr="cn || uid")',
  '(targetattr!="cn")',
  '(targetattr="*")(targetfilter="(uid=a)")',
  '(targetattr="*")(target="ldap:///uid=*,cn=i,ou=t,dc=x")',
  '(targetattr="uid")(targetscope="onelevel")',
);
const rule = (effect: "allow" | "deny") =>
  fc.record({
    holder: fc.constantFrom(...HOLDERS),
    text: fc
      .tuple(target, fc.constantFrom("read", "all", "search, read", "delete"), bind)
      .map(
        ([place, rights, who]) => `${place}(version 3.0; acl "n"; ${effect} (${rights}) ${who};)`,
      ),
  });
const anyRule = fc.oneof(
  { weight: 3, arbitrary: rule("allow") },
  { weight: 1, arbitrary: rule("deny") },
);
const rules = fc.array(anyRule, { maxLength: 8 });
const user = fc.constantFrom(undefined, "uid=a,ou=t,dc=x", "uid=b,ou=t,dc=x");

interface Held {
  readonly holder: string;
  readonly text: string;
}

function evaluator(held: readonly Held[], normalDn: string | undefined): AccessEvaluator {
  const store = new AciStore(schema);
  for (const holder of HOLDERS) {
    const own = held.filter((one) => one.holder === holder);
    assert.deepEqual(
      store.set(
        holder,
        own.map(({ text }) => Buffer.from(text)),
      ),
      [],
    );
  }
  const caller = { ...ANONYMOUS, normalDn, address: "10.0.0.1" };
  return new AccessEvaluator(store, directory, { caller, time: { minute: 0, day: 0 } });
}

/** Every answer of one evaluator as letters. */
function answers(access: AccessEvaluator, about: readonly PlainEntry[] = entries): string {
  const letters: boolean[] = [];
  for (const entry of about) {
    for (const type of types) letters.push(access.mayAttribute(entry, "read", type));
    letters.push(access.mayEntry(entry, "delete"), access.mayReturn(entry));
  }
  return letters.map((letter) => (letter ? "1" : "0")).join("");
}

suite("access laws", () => {
  test("access/access-evaluator: the order of rules does not matter", () => {
    fc.assert(
      fc.property(rules, user, (held, who) => {
        assert.equal(answers(evaluator(held.toReversed(), who)), answers(evaluator(held, who)));
      }),
    );
  });

  test("access/access-evaluator: an evaluator that remembers answers as a fresh one", () => {
    fc.assert(
      fc.property(rules, user, (held, who) => {
        const kept = evaluator(held, who);
        answers(kept);
        for (const entry of entries) {
          for (const type of types) {
            const fresh = evaluator(held, who).mayAttribute(entry, "read", type);
            assert.equal(kept.mayAttribute(entry, "read", type), fresh);
          }
        }
      }),
    );
  });

  test("access/access-evaluator: one deny more never gives more access, one allow more never less", () => {
    const isWithin = (less: string, more: string): boolean =>
      Array.from(less).every((letter, i) => letter <= more.charAt(i));
    fc.assert(
      fc.property(rules, rule("deny"), rule("allow"), user, (held, deny, allow, who) => {
        const plain = answers(evaluator(held, who));
        assert.isTrue(isWithin(answers(evaluator([...held, deny], who)), plain));
        assert.isTrue(isWithin(plain, answers(evaluator([...held, allow], who))));
      }),
    );
  });

  test("access/access-evaluator: a uniform answer holds for every attribute", () => {
    fc.assert(
      fc.property(rules, user, (held, who) => {
        const access = evaluator(held, who);
        for (const entry of entries) {
          const uniform = access.uniform(entry, "read");
          if (uniform === undefined) continue;
          for (const type of types) {
            assert.equal(access.mayAttribute(entry, "read", type), uniform);
          }
        }
      }),
    );
  });

  test("access/access-evaluator: what the rules above decide holds for every entry below them", () => {
    fc.assert(
      fc.property(rules, user, (held, who) => {
        const access = evaluator(held, who);
        for (const entry of entries) {
          for (const type of types) {
            const description = { id: 1, text: type.name, key: type.key, type, options: [] };
            const above = access.rulesOf(entry);
            const decision = access.decisionUnder(above, "read", description);
            if (decision !== undefined) {
              assert.equal(access.mayAttribute(entry, "read", type), decision);
            }
          }
        }
      }),
    );
  });

  test("access/access-evaluator: an entry that knows its parent gets the same answers", () => {
    class Child extends PlainEntry {
      get parentNormalDn(): string | undefined {
        return normalParent(this.normalDn);
      }
    }
    const children = entries.map(({ dn }, i) => {
      const attributes = Object.fromEntries(
        [...entries[i]!.attributes()].map(({ description, values }) => [description.text, values]),
      );
      return new Child(schema, dn, attributes);
    });
    fc.assert(
      fc.property(rules, user, (held, who) => {
        assert.equal(answers(evaluator(held, who), children), answers(evaluator(held, who)));
      }),
    );
  });

  test("access/parse-aci: any text gives a rule or an LdapError of 21", () => {
    const words = [
      "(",
      ")",
      '"',
      ";",
      "=",
      "!=",
      "targetattr",
      "target",
      "targetfilter",
      "version 3.0",
      "acl",
      '"n"',
      "allow",
      "deny",
      "(read)",
      "userdn",
      '"ldap:///all"',
      "and",
      "or",
      "not",
      "ssf",
      ">=",
      "ip",
      '"10.*"',
      "x",
      "*",
      "||",
      " ",
      "targattrfilters",
      "add=cn:(cn=a)",
      "$dn",
    ];
    const text = fc
      .array(fc.constantFrom(...words), { maxLength: 25 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ maxLength: 60 })), (one) => {
        try {
          parseAci(one, schema);
        } catch (error) {
          if (!(error instanceof LdapError)) throw error;
          assert.equal(error.code, 21);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
