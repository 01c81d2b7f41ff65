// Who may do what. The tree, the rules and the answers marked "389" are those of an experiment on 389 2.3.1;
// cases marked "ours" differ on purpose and say why.
import { assert } from "chai";
import type { Directory, LocalTime } from "../../../src/access/index.ts";
import { AccessEvaluator, AciStore, formatReason } from "../../../src/access/index.ts";
import { PlainEntry } from "../../support/plain-entry.ts";
import {
  ANYONE,
  C,
  D,
  S,
  callerOf,
  directory,
  entries,
  evaluator,
  get,
  mayRead,
  rule,
  schema,
  time,
  type,
} from "./access-sample.ts";

suite("access/access-evaluator", () => {
  const T = ANYONE;
  const F = 'userdn="ldap:///uid=zz,dc=x"';
  const logic: [rule: string, expected: boolean][] = [
    [`${T} or ${T} and ${F}`, true],
    [`${F} and ${T} or ${T}`, true],
    [`${T} or ${F} and ${F}`, true],
    [`${F} and ${F} or ${T}`, true],
    [`not ${F} and ${F}`, false],
    [`not ${F} or ${F}`, true],
    [`not (${F} and ${T})`, true],
    [`(${F} and ${T}) or ${T}`, true],
    [`${F} and (${T} or ${T})`, false],
    [`not not ${T}`, true],
  ];
  for (const [bind, expected] of logic) {
    const shown = bind.replaceAll(T, "T").replaceAll(F, "F");
    test(`access/bind-evaluator: ${shown} is ${String(expected)} (389)`, () => {
      assert.equal(mayRead(evaluator("a", [rule(bind)])), expected);
    });
  }

  /** On uid=c unless the entry is named. */
  const binds: [user: string, bind: string, expected: boolean, entry?: PlainEntry][] = [
    ["", 'userdn="ldap:///anyone"', true],
    ["", 'userdn="ldap:///all"', false],
    ["a", 'userdn="ldap:///all"', true],
    ["", `userdn!="ldap:///uid=b,${S}"`, true],
    ["a", `userdn!="ldap:///uid=b,${S}"`, true],
    ["b", `userdn!="ldap:///uid=b,${S}"`, false],
    ["", 'userdn!="ldap:///all"', true],
    ["a", 'userdn!="ldap:///self"', true],
    ["a", `userdn="ldap:///uid=*,${S}"`, true],
    ["d", `userdn="ldap:///uid=*,${S}"`, true],
    ["a", `userdn="ldap:///cn=*,${S}"`, false],
    ["", 'userdn="ldap:///*"', false],
    ["a", `userdn="ldap:///${S}??sub?(uid=a)"`, true],
    ["b", `userdn="ldap:///${S}??sub?(uid=a)"`, false],
    ["d", `userdn="ldap:///${S}??one?(uid=*)"`, false],
    ["a", `userdn="ldap:///${S}??one?(uid=*)"`, true],
    ["a", `userdn="ldap:///${S}??base?(uid=*)"`, false],
    ["a", `userdn="ldap:///${S}???(uid=*)"`, false],
    ["a", `userdn="ldap:///uid=b,${S} || ldap:///uid=a,${S}"`, true],
    ["a", `userdn!="ldap:///uid=b,${S} || ldap:///uid=a,${S}"`, false],
    ["a", 'userdn="ldap:///UID=A, ou=T, dc=x"', true],
    ["a", `userdn="ldap:///${S}"`, false],
    ["a", `groupdn="ldap:///cn=g1,${S}"`, true],
    ["a", `groupdn="ldap:///cn=g2,${S}"`, true],
    ["a", `groupdn="ldap:///cn=gu,${S}"`, true],
    ["b", `groupdn="ldap:///cn=g2,${S} || ldap:///cn=gu,${S}"`, false],
    ["b", `groupdn!="ldap:///cn=g1,${S}"`, true],
    ["a", `groupdn!="ldap:///cn=g1,${S}"`, false],
    ["", `groupdn!="ldap:///cn=g1,${S}"`, true],
    ["", `groupdn="ldap:///cn=g1,${S}"`, false],
    ["a", `groupdn="ldap:///cn=nosuch,${S}"`, false],
    ["a", `groupdn="ldap:///cn=nosuch,${S} || ldap:///cn=g1,${S}"`, true],
    ["a", `groupdn="ldap:///${S}??sub?(cn=g1)"`, true],
    ["a", 'ip="127.0.0.1"', true],
    ["a", 'ip="127.*"', true],
    ["a", 'ip="127.0.0.0+255.0.0.0"', true],
    ["a", 'ip="::1"', false],
    ["a", 'ip!="10.0.0.1"', true],
    ["a", 'ip="10.0.0.1,127.0.0.1,::1"', true],
    ["a", 'dns="*"', false],
    ["a", 'dns!="foo"', false],
    ["a", 'authmethod="simple"', true],
    ["", 'authmethod="none"', true],
    ["a", 'authmethod="none"', true],
    ["", 'authmethod="simple"', false],
    ["a", 'authmethod="ssl"', false],
    ["a", 'authmethod!="ssl"', true],
    ["a", 'authmethod="SASL"', false],
    ["a", 'ssf>="56"', true],
    ["a", 'ssf>"56"', false],
    ["a", 'ssf="56"', true],
    ["a", 'ssf<"56"', false],
    ["a", 'timeofday>="0930"', true],
    ["a", 'timeofday<"0930"', false],
    ["a", 'timeofday<"2400"', true],
    ["a", 'timeofday="0930"', true],
    ["a", 'dayofweek="Mon, Wednesday"', true],
    ["a", 'dayofweek="sun mon"', false],
    ["a", 'dayofweek!="Sun"', true],
    ["a", 'roledn="ldap:///cn=r,dc=x"', false],
    ["a", 'userdn="ldap:///self"', false],
    ["c", 'userdn="ldap:///self"', true],
    ["a", 'userattr="uid#c"', false],
    ["a", 'userattr="objectclass#INETORGPERSON"', true],
    ["", 'userattr="telephonenumber#1"', false],
    ["a", 'userattr="telephonenumber#2"', false],
    ["a", 'userattr="manager#USERDN"', true, D],
    ["b", 'userattr="manager#USERDN"', false, D],
    ["", 'userattr!="manager#USERDN"', false, D],
    ["a", 'userdnattr="manager"', true, D],
    ["a", 'userattr="parent[1].manager#USERDN"', false, D],
    ["b", 'userattr="parent[1].manager#USERDN"', true, D],
    ["a", 'userattr="parent[0,1].manager#USERDN"', true, D],
    ["a", 'userattr="owner#GROUPDN"', true, D],
    ["b", 'userattr="owner#GROUPDN"', false, D],
    ["a", 'groupdnattr="owner"', true, D],
    ["d", 'userdn="ldap:///self"', true, D],
  ];
  for (const [user, bind, expected, entry = C] of binds) {
    const answer = expected ? "may" : "may not";
    test(`access/bind-evaluator: "${user}" ${answer} by ${bind} on ${entry.dn} (389)`, () => {
      assert.equal(mayRead(evaluator(user, [rule(bind)]), entry), expected);
    });
  }

  test("access/bind-evaluator: nobody is other than anyone (ours: 389 lets anonymous pass)", () => {
    assert.isFalse(mayRead(evaluator("", [rule('userdn!="ldap:///anyone"')])));
  });

  test("access/bind-evaluator: prefix lengths are addresses too (ours: 389 2.3.1 has no match)", () => {
    assert.isTrue(mayRead(evaluator("a", [rule('ip="127.0.0.0/8"')])));
  });

  test("access/bind-evaluator: a host name matches whole or behind an asterisk", () => {
    const caller = { ...callerOf("a"), host: "www.example.com" };
    assert.isTrue(mayRead(evaluator(caller, [rule('dns="WWW.example.com"')])));
    assert.isTrue(mayRead(evaluator(caller, [rule('dns="*.example.com"')])));
    assert.isFalse(mayRead(evaluator(caller, [rule('dns="*.example.org"')])));
  });

  test("access/bind-evaluator: SASL mechanisms are told apart", () => {
    const caller = { ...callerOf("a"), method: "sasl", mechanism: "GSSAPI" } as const;
    assert.isTrue(mayRead(evaluator(caller, [rule('authmethod="sasl"')])));
    assert.isTrue(mayRead(evaluator(caller, [rule('authmethod="sasl gssapi"')])));
    assert.isFalse(mayRead(evaluator(caller, [rule('authmethod="sasl DIGEST-MD5"')])));
  });

  const all = ["ou=t", "uid=a", "uid=b", "uid=c", "cn=inner", "uid=d", "cn=g1", "cn=g2", "cn=gu"];
  const targets: [target: string, expected: readonly string[]][] = [
    [`(target="ldap:///uid=*,${S}")`, ["uid=a", "uid=b", "uid=c", "uid=d"]],
    [`(target="ldap:///uid=c,${S}")`, ["uid=c"]],
    [`(target="ldap:///cn=inner,${S}")`, ["cn=inner", "uid=d"]],
    ['(target="ldap:///uid=*,dc=x")', ["uid=a", "uid=b", "uid=c", "uid=d"]],
    [`(target!="ldap:///cn=inner,${S}")`, all.filter((rdn) => !/inner|uid=d/.test(rdn))],
    [`(target!="ldap:///uid=*,${S}")`, all.filter((rdn) => !rdn.startsWith("uid"))],
    ['(targetfilter="(uid=c)")', ["uid=c"]],
    ['(targetfilter!="(uid=c)")', all.filter((rdn) => rdn !== "uid=c")],
    ['(targetfilter="(nosuch=c)")', []],
    ['(targetfilter!="(nosuch=c)")', all],
    [`(target="ldap:///cn=inn*,${S}")`, ["cn=inner", "uid=d"]],
    ['(target="ldap:///uid=*")', ["uid=a", "uid=b", "uid=c", "uid=d"]],
    ['(target="ldap:///*uid=c*")', ["uid=c"]],
    ['(targetscope="base")', ["ou=t"]],
    ['(targetscope="onelevel")', all.filter((rdn) => rdn !== "ou=t" && rdn !== "uid=d")],
    ['(targetscope="subordinate")', all.filter((rdn) => rdn !== "ou=t")],
    ['(targetscope="subtree")', all],
  ];
  for (const [target, expected] of targets) {
    test(`access/target-match: ${target} is about ${expected.length} entries`, () => {
      const access = evaluator("", [rule(ANYONE, { target: `(targetattr="*")${target}` })]);
      const found = entries.filter((entry) => mayRead(access, entry, "objectClass"));
      const rdns = found.map((entry) => entry.dn.split(",")[0] ?? "");
      assert.sameMembers(rdns, [...expected]);
    });
  }

  const attributes: [target: string, readable: readonly string[]][] = [
    ['(targetattr="*")', ["cn", "cn;lang-de", "sn", "createTimestamp"]],
    ['(targetattr!="cn")', ["sn", "createTimestamp"]],
    ['(targetattr="cn || objectclass")', ["cn", "cn;lang-de"]],
    ['(targetattr="commonName")', ["cn", "cn;lang-de"]],
    ['(targetattr="name")', []],
    ['(targetattr="c*")', ["cn", "cn;lang-de", "createTimestamp"]],
    ['(targetattr="+")', ["createTimestamp"]],
    ['(targetattr="cn;lang-de")', ["cn;lang-de"]],
    ['(targetattr="")', []],
    ["", []],
  ];
  for (const [target, readable] of attributes) {
    test(`access/target-attributes: "${target}" covers ${readable.join(", ") || "nothing"}`, () => {
      const access = evaluator("", [rule(ANYONE, { target })]);
      const found = ["cn", "cn;lang-de", "sn", "createTimestamp"].filter((text) => {
        const [name = "", ...options] = text.split(";");
        return access.mayAttribute(C, "read", type(name), options);
      });
      assert.deepEqual(found, [...readable]);
    });
  }

  test("access/access-evaluator: nothing is allowed without a rule, everything to the root DN", () => {
    const none = evaluator("a", []);
    assert.isFalse(mayRead(none));
    assert.isFalse(none.mayEntry(C, "add"));
    assert.isFalse(none.mayReturn(C));
    assert.equal(formatReason(none.decideEntry(C, "delete")), "no rule allows it");
    const root = evaluator({ ...callerOf("a"), isRoot: true }, []);
    assert.isTrue(mayRead(root) && root.mayEntry(C, "proxy") && root.mayReturn(C));
    assert.equal(formatReason(root.decideEntry(C, "delete")), "allowed to the root DN");
  });

  test("access/access-evaluator: a deny wins over every allow, and the reason names it", () => {
    const deny = '(targetattr="sn")(version 3.0; acl "no sn"; deny (read) userdn="ldap:///all";)';
    const access = evaluator("a", [rule(ANYONE), deny]);
    assert.isFalse(mayRead(access, C, "sn"));
    assert.isTrue(mayRead(access, C, "cn"));
    const decision = access.decideAttribute(C, "read", type("sn"));
    assert.equal(formatReason(decision), `denied by aci "no sn" at "${S}"`);
    assert.isTrue(mayRead(evaluator("", [rule(ANYONE), deny]), C, "sn"));
  });

  test("access/access-evaluator: rules of every ancestor count, those of others do not", () => {
    const access = (at: string): boolean => mayRead(evaluator("a", [rule(ANYONE)], at), D);
    assert.isTrue(access("dc=x"));
    assert.isTrue(access(S));
    assert.isTrue(access(`cn=inner,${S}`));
    assert.isTrue(access(D.normalDn));
    assert.isFalse(access(`uid=a,${S}`));
    assert.isFalse(access("ou=tt,dc=x"));
    // The root DSE holds rules for itself alone.
    assert.isFalse(access(""));
    const rootDse = new PlainEntry(schema, "", { objectClass: ["top"] });
    assert.isTrue(mayRead(evaluator("a", [rule(ANYONE)], ""), rootDse, "objectClass"));
  });

  const entryRights: [target: string, expected: boolean][] = [
    ["", true],
    ['(targetattr="cn")', true],
    ['(targetattr!="cn")', true],
    ['(targattrfilters="add=cn:(cn=c), del=cn:(cn=c)")', false],
    ['(targattrfilters="add=uid:(uid=c), del=uid:(uid=c)")', true],
    [`(target="ldap:///uid=*,${S}")`, true],
    ['(targetfilter="(sn=c)")', true],
    ['(targetfilter="(sn=m)")', false],
  ];
  for (const [target, expected] of entryRights) {
    const answer = expected ? "may" : "may not";
    test(`access/access-evaluator: with ${target || "no target"} one ${answer} add and delete (389)`, () => {
      const access = evaluator("a", [rule(ANYONE, { rights: "add, delete", target })]);
      assert.equal(access.mayEntry(C, "add"), expected);
      assert.equal(access.mayEntry(C, "delete"), expected);
      assert.isFalse(access.mayEntry(C, "proxy"));
    });
  }

  test("access/access-evaluator: a deny of all on one attribute keeps the entry (389)", () => {
    const deny = rule(ANYONE, { rights: "all", effect: "deny", target: '(targetattr="sn")' });
    const access = evaluator("a", [rule(ANYONE, { rights: "all" }), deny]);
    assert.isFalse(access.mayEntry(C, "delete"));
    assert.isTrue(mayRead(access, C, "cn"));
    assert.isTrue(access.mayReturn(C));
  });

  test("access/access-evaluator: an added entry gives its author no rights at level 0 (389)", () => {
    const bind = 'userattr="manager#USERDN"';
    const access = evaluator("a", [rule(bind, { rights: "add, delete" })]);
    assert.isFalse(access.mayEntry(D, "add"));
    assert.isTrue(access.mayEntry(D, "delete"));
    const parent = evaluator("b", [rule('userattr="parent[1].manager#USERDN"', { rights: "add" })]);
    assert.isTrue(parent.mayEntry(D, "add"));
  });

  test("access/access-evaluator: an entry is returned for one readable attribute, or a bare rule", () => {
    const bare = rule(ANYONE, { rights: "read", target: "" });
    const denied = rule(ANYONE, { rights: "read", target: "", effect: "deny" });
    const search = rule(ANYONE, { rights: "search" });
    assert.isFalse(evaluator("", [search]).mayReturn(C));
    assert.isTrue(evaluator("", [search, bare]).mayReturn(C));
    assert.isTrue(evaluator("", [rule(ANYONE, { target: '(targetattr="cn")' })]).mayReturn(C));
    assert.isFalse(evaluator("", [rule(ANYONE, { target: '(targetattr="mail")' })]).mayReturn(C));
    assert.isFalse(evaluator("", [rule(ANYONE), denied]).mayReturn(C));
  });

  test("access/access-evaluator: selfwrite is about one's own DN (389)", () => {
    const selfwrite = rule('userdn="ldap:///all"', {
      rights: "selfwrite",
      target: '(targetattr="member")',
    });
    const access = evaluator("b", [selfwrite]);
    const g1 = get(`cn=g1,${S}`);
    const may = (kind: "add" | "delete", dn: string, name = "member"): boolean =>
      access.mayChange(g1, { kind, value: Buffer.from(dn) }, type(name));
    assert.isTrue(may("add", `UID=b, ${S}`));
    assert.isTrue(may("delete", `uid=b,${S}`));
    assert.isFalse(may("add", `uid=c,${S}`));
    assert.isFalse(may("add", "no dn"));
    assert.isFalse(may("add", `uid=b,${S}`, "owner"));
    assert.isFalse(access.mayAttribute(g1, "write", type("member")));
  });

  const changes: [target: string, change: string, expected: boolean][] = [
    ['(targattrfilters="add=description:(description=ok*)")', "add ok1", true],
    ['(targattrfilters="add=description:(description=ok*)")', "add bad", false],
    ['(targattrfilters="add=description:(description=ok*)")', "delete ok1", false],
    ['(targattrfilters="del=description:(description=ok*)")', "add ok1", false],
    ['(targattrfilters="del=description:(description=ok*)")', "delete ok1", true],
    [
      '(targetattr="description")(targattrfilters="add=description:(description=ok*)")',
      "add ok1",
      true,
    ],
    [
      '(targetattr="description")(targattrfilters="add=description:(description=ok*)")',
      "add bad",
      false,
    ],
    [
      '(targetattr="description")(targattrfilters="add=description:(description=ok*)")',
      "delete x",
      true,
    ],
    ['(targetattr="sn")(targattrfilters="add=description:(description=ok*)")', "add ok1", true],
    ['(targetattr="sn")(targattrfilters="add=description:(description=ok*)")', "delete ok1", false],
    ['(targetattr="description")', "add bad", true],
    ['(targetattr="sn")', "add bad", false],
    ["", "add bad", false],
  ];
  for (const [target, text, expected] of changes) {
    const answer = expected ? "allowed" : "refused";
    test(`access/access-evaluator: with ${target || "no target"} "${text}" is ${answer} (389)`, () => {
      const access = evaluator("a", [rule(ANYONE, { rights: "write", target })]);
      const [kind, value = ""] = text.split(" ");
      const change = {
        kind: kind === "add" ? "add" : "delete",
        value: Buffer.from(value),
      } as const;
      assert.equal(access.mayChange(C, change, type("description")), expected);
    });
  }

  test("access/access-evaluator: a rule narrowed by values allows no write without values", () => {
    const target = '(targetattr="cn || sn")(targattrfilters="add=cn:(cn=ok)")';
    const allow = evaluator("a", [rule(ANYONE, { rights: "write", target })]);
    assert.isFalse(allow.mayAttribute(C, "write", type("cn")));
    assert.isTrue(allow.mayAttribute(C, "write", type("sn")));
  });

  const moves: [target: string, rights: string, expected: boolean][] = [
    ['(targetattr="*")', "all", true],
    ['(targetattr="*")', "moddn", true],
    ["", "moddn", true],
    ['(targetattr="*")', "write, add, delete", false],
    [`(target_to="ldap:///cn=inner,${S}")(target_from="ldap:///${S}")`, "moddn", true],
    [`(target_to="ldap:///cn=other,${S}")`, "moddn", false],
    [`(target_from="ldap:///cn=other,${S}")`, "moddn", false],
    [`(target="ldap:///cn=inner,${S}")`, "moddn", true],
    [`(target="ldap:///uid=c,${S}")`, "moddn", false],
  ];
  for (const [target, rights, expected] of moves) {
    const answer = expected ? "may" : "may not";
    test(`access/access-evaluator: with ${target} ${rights} one ${answer} move (389)`, () => {
      const access = evaluator("a", [rule(ANYONE, { rights, target })]);
      assert.equal(access.mayMove(C, get(`cn=inner,${S}`)), expected);
    });
  }

  test("access/access-evaluator: uniform answers agree with single ones", () => {
    const narrow = rule(ANYONE, { target: '(targetattr="cn")' });
    const deny = rule(ANYONE, { target: '(targetattr="sn")', effect: "deny" });
    const filtered = rule(ANYONE, { target: '(targetattr="*")(targetfilter="(uid=c)")' });
    const own = rule('userdn="ldap:///self"');
    assert.isTrue(evaluator("a", [rule(ANYONE)]).uniform(C, "read"));
    assert.isTrue(evaluator("a", [narrow, rule(ANYONE)]).uniform(C, "read"));
    assert.isUndefined(evaluator("a", [narrow]).uniform(C, "read"));
    assert.isUndefined(evaluator("a", [rule(ANYONE), deny]).uniform(C, "read"));
    assert.isUndefined(evaluator("a", [deny, rule(ANYONE)]).uniform(C, "read"));
    assert.isUndefined(evaluator("a", [filtered]).uniform(C, "read"));
    assert.isUndefined(evaluator("a", [own]).uniform(C, "read"));
    assert.isFalse(evaluator("a", [deny]).uniform(C, "read"));
    assert.isFalse(evaluator("", [rule('userdn="ldap:///all"')]).uniform(C, "read"));
    assert.isFalse(evaluator("a", [rule(ANYONE, { rights: "write" })]).uniform(C, "read"));
  });

  test("access/access-evaluator: a mask answers type by type", () => {
    const access = evaluator("a", [rule(ANYONE, { target: '(targetattr="cn || sn")' })]);
    const types = ["cn", "mail", "sn"].map(type);
    assert.deepEqual(access.maskFor(C, "search", types), [true, false, true]);
  });

  test("access/access-evaluator: bind rules without the entry are asked once for many entries", () => {
    let asked = 0;
    const counting: Directory = {
      ...directory,
      isMember: (one, user) => {
        asked += 1;
        return directory.isMember(one, user);
      },
    };
    const store = new AciStore(schema);
    store.set(S, [Buffer.from(rule(`groupdn="ldap:///cn=g1,${S}"`))]);
    const access = new AccessEvaluator(store, counting, { caller: callerOf("a"), time });
    for (let round = 0; round < 3; round += 1) {
      for (const entry of entries) assert.isTrue(mayRead(access, entry, "objectClass"));
    }
    assert.equal(asked, 1);
  });

  test("access/access-evaluator: answers hold until something changes that a rule has looked at", () => {
    const state = { snapshot: 1, config: "c" };
    const lasting = (text: string): { store: AciStore; access: AccessEvaluator } => {
      const store = new AciStore(schema);
      store.set(S, [Buffer.from(text)]);
      const access = new AccessEvaluator(store, directory, { caller: callerOf("a"), time, state });
      assert.isTrue(mayRead(access));
      return { store, access };
    };
    const now = (): LocalTime => time;
    const later = (): LocalTime => ({ minute: time.minute + 1, day: time.day });

    const plain = lasting(rule(ANYONE));
    assert.isTrue(plain.access.stillHolds({ snapshot: 2, config: "d" }, later));
    plain.store.set("ou=other,dc=x", [Buffer.from(rule(ANYONE))]);
    assert.isFalse(plain.access.stillHolds(state, now), "a rule has come");

    const { access: byGroup } = lasting(rule(`groupdn="ldap:///cn=g1,${S}"`));
    assert.isTrue(byGroup.stillHolds(state, later));
    assert.isFalse(
      byGroup.stillHolds({ ...state, snapshot: 2 }, now),
      "the group may have changed",
    );
    assert.isFalse(byGroup.stillHolds({ ...state, config: "d" }, now));

    const { access: byTime } = lasting(rule('timeofday < "1200"'));
    assert.isTrue(byTime.stillHolds({ snapshot: 2, config: "d" }, now));
    assert.isFalse(byTime.stillHolds(state, later), "the time has changed");
  });
});
