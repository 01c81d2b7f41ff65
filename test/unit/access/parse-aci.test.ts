// The language of access rules: what is read, and where errors point. "389" in a title: 389 2.3.1 was asked.
import { assert } from "chai";
import { parseAci } from "../../../src/access/index.ts";
import { LdapError } from "../../../src/protocol/index.ts";
import { loadShippedSchema } from "../schema/shipped-schema.ts";

const schema = loadShippedSchema();
const HOLDER = "ou=t,dc=x";

const body = (rules: string): string => `(version 3.0; acl "n"; ${rules})`;
const READ = body('allow (read) userdn="ldap:///anyone";');
const bind = (rule: string): string => `(targetattr="*")${body(`allow (read) ${rule};`)}`;

/** Accepted by 389 and by us. */
const accepted: string[] = [
  READ,
  `(targetattr="*")(version 3.0; aci "n"; allow (read) userdn="ldap:///anyone";)`,
  `(targetattr="*")(version 3.0; acl n; allow (read) userdn="ldap:///anyone";)`,
  `(targetattr="*")(version 3.0;acl "n";allow (all)(userdn="ldap:///anyone");)`,
  `(targetattr="*") (version 3.0; acl "n"; allow (all) (userdn="ldap:///anyone") ; ) `,
  `${READ}(targetattr="*")`,
  `(targetattr="cn;lang-de")${READ}`,
  `(targetattr="tele* || nosuch*")${READ}`,
  `(targetattr=cn)${READ}`,
  `(targetattr = cn || sn)${READ}`,
  `(targetattr!="cn")${READ}`,
  `(targetattr="")${READ}`,
  `(target="ldap:///uid=*,ou=t,dc=x")${READ}`,
  `(target="ldap:///uid=*,dc=x")${READ}`,
  `(target!="ldap:///uid=a,ou=t,dc=x")${READ}`,
  `(target="ldap:///OU=T, dc=x")${READ}`,
  `(targetfilter="(cn=a)")${READ}`,
  `(targetfilter=(cn=a))${READ}`,
  `(targetfilter="cn=a")${READ}`,
  `(targetfilter!="(cn=a)")${READ}`,
  `(targetfilter=(nosuch=a))${READ}`,
  `(targattrfilters="add=cn:(cn=a)")${READ}`,
  `(targattrfilters="add=cn:(cn=a) && sn:(sn=b), del=cn:(cn=a)")${READ}`,
  `(target_to="ldap:///ou=t,dc=x")${READ}`,
  bind('not userdn="ldap:///anyone"'),
  bind('userdn="ldap:///anyone" and not (ip="10.*" or dns="*.x")'),
  bind('userdn = "ldap:///uid=a,dc=x || ldap:///self || ldap:///dc=x??sub?(cn=a)"'),
  bind('groupdn = "ldap:///cn=a,dc=x || ldap:///cn=b,dc=x"'),
  bind('roledn = "ldap:///cn=a,dc=x"'),
  bind('userattr="parent[0,1].manager#USERDN"'),
  bind('userdnattr="manager"'),
  bind('groupdnattr="owner"'),
  bind('timeofday >= "0830" and timeofday<1700 and dayofweek = "Mon, Tue"'),
  bind('authmethod="sasl DIGEST-MD5" and ssf>="128"'),
  `(targetattr="*")${body(
    'allow (read) userdn="ldap:///anyone"; deny (write) userdn="ldap:///all";',
  )}`,
  `(targetattr="*")${body('ALLOW (READ, Search) userdn = "ldap:///anyone";')}`,
  // sample entries of lib389
  `(targetattr="cn || member || gidNumber || description || objectClass")(targetfilter="(objectClass=groupOfNames)")(version 3.0; acl "Enable group_admin to manage groups"; allow (write, add, delete)(groupdn="ldap:///cn=group_admin,ou=permissions,dc=x");)`,
  `(targetattr="objectClass || cn || nsAccountLock ")(targetfilter="(objectClass=netscapeServer)")(version 3.0; acl "x"; allow (read, search, compare)(userdn="ldap:///anyone");)`,
];

/** Refused by 389 or not known to it, and taken here. */
const acceptedHere: string[] = [
  `(TARGETATTR="cn")${READ}`,
  `(targetattr="+")${READ}`,
  `(targetscope="onelevel")${READ}`,
  `(target="ldap:///*")${READ}`,
  `(target="ldap:///*,ou=t,dc=x")${READ}`,
  bind('USERDN = "ldap:///anyone"'),
  bind('userdn="ldap:///*,dc=x"'),
  bind('ip="10.0.0.0/8, 2001:db8::/32"'),
  `(targetattr="*")(version 3.0; acl "n;m (x"; deny absolute (all) userdn="ldap:///anyone")`,
];

/** The text with `^` where the error must point. */
const refused: [marked: string, message: RegExp][] = [
  ["^", /expected "\("/],
  ["^x", /expected "\("/],
  ["(^)", /expected = or !=/],
  ['(targetattr="*")^', /expected "\(version/],
  [`(targetattr="*"^${READ}`, /expected "\)"/],
  [`(^foo="x")${READ}`, /expected a target/],
  [
    `(targetattr="*")(version ^2.0; acl "n"; allow (read) userdn="ldap:///anyone";)`,
    /Error\(-11\)/,
  ],
  [`(targetattr="*")(version 3.0; ^foo "n"; allow (read) userdn="ldap:///anyone";)`, /"acl"/],
  [`(targetattr="*")(version 3.0; acl "n" ^allow (read) userdn="ldap:///anyone";)`, /";"/],
  [bind('^foo="ldap:///anyone"'), /expected a bind rule/],
  [`(targetattr="*")${body('allow (^frob) userdn="ldap:///anyone";')}`, /expected a right/],
  [`(targetattr="*")${body('allow ^read userdn="ldap:///anyone";')}`, /expected "\("/],
  [`(targetattr="*")${body('allow (read ^search) userdn="ldap:///anyone";')}`, /"," or "\)"/],
  [`(targetattr="*")${body('allow (read,^) userdn="ldap:///anyone";')}`, /expected a right/],
  [`(targetattr="*")${body('allow (^) userdn="ldap:///anyone";')}`, /expected a right/],
  [`(targetattr="*")${body('^permit (read) userdn="ldap:///anyone";')}`, /"allow" or "deny"/],
  ['(targetattr="*")(version 3.0; acl "n"; ^)', /"allow" or "deny"/],
  [bind('userdn="^anyone"'), /expected "ldap:\/\/\/"/],
  [bind('userdn ^> "ldap:///anyone"'), /expected = or !=/],
  [bind('userdn="ldap:///anyone" and^'), /expected a bind rule/],
  [bind('userdn="ldap:///anyone" ^userdn="ldap:///all"'), /"and", "or" or ";"/],
  [bind('(userdn="ldap:///anyone"^'), /"and", "or" or "\)"/],
  [bind('userdn="ldap:///foo^"'), /expected a DN/],
  [bind('userdn="^ldap:///dc=x??tree?(cn=a)"'), /scope/],
  [bind('userdn="^ldap:///dc=x??sub?(cn=a"'), /expected a filter/],
  [bind('ip="^foo"'), /expected an IP address/],
  [bind('ip="10.0.0.1, ^10.0.0.0/33"'), /expected an IP address/],
  [bind('timeofday="^2500"'), /HHMM/],
  [bind('timeofday=^>"1000"'), /HHMM/],
  [bind('dayofweek="Mon, ^Foo"'), /expected a day/],
  [bind('authmethod="^foo"'), /expected none, simple/],
  [bind('ssf>="^foo"'), /bits/],
  [bind('userattr="manager^"'), /"#"/],
  [bind('userattr="^parent[5].manager#USERDN"'), /levels/],
  [bind('userattr="^nosuch#USERDN"'), /attribute type/],
  [
    `(targetattr="cn || ^nosuchattr")${READ}`,
    /^targetattr "nosuchattr" does not exist in schema\./,
  ],
  [`(targetattr="cn ||^ ")${READ}`, /^targetattr "" does not exist in schema\./],
  [`(targetattr="^cn,sn")${READ}`, /^targetattr "cn,sn" does not exist/],
  [`(targetattr="cn")(^targetattr="sn")${READ}`, /only once/],
  [`(target="^dc=x")${READ}`, /"ldap:\/\/\/"/],
  [`^(target="ldap:///dc=y")${READ}`, /^ACL Invalid Target Error\(-8\)/],
  [`^(target="ldap:///dc=x")${READ}`, /beyond the scope of the ACL\(SCOPE:ou=t,dc=x\)/],
  [`(targetfilter="(cn=a^")${READ}`, /expected a filter/],
  [`(targetscope="^foo")${READ}`, /expected base, onelevel/],
  [`(targattrfilters="add=cn:^(sn=a)")${READ}`, /filter on cn alone/],
  [`(targattrfilters="^put=cn:(cn=a)")${READ}`, /"add=" or "del="/],
  [`(targattrfilters="add=cn:(cn=a^")${READ}`, /closing parenthesis/],
  [`(target="ldap:///ou=^($dn),ou=t,dc=x")${READ}`, /macros/],
  [bind('userdn="ldap:///uid=a,^[$dn],dc=x"'), /macros/],
  [`${READ}^x`, /expected "\("/],
  [bind(`${"(".repeat(40)}^userdn="ldap:///all"${")".repeat(40)}`), /less deep/],
];

suite("access/parse-aci", () => {
  for (const text of [...accepted, ...acceptedHere]) {
    test(`access/parse-aci: ${text} is read`, () => {
      assert.equal(parseAci(text, schema, { holder: HOLDER }).text, text);
    });
  }

  for (const [marked, message] of refused) {
    test(`access/parse-aci: ${marked.slice(0, 100)} is refused at the mark`, () => {
      const offset = marked.indexOf("^");
      const text = marked.replace("^", "");
      try {
        parseAci(text, schema, { holder: HOLDER });
      } catch (error) {
        if (!(error instanceof LdapError)) throw error;
        assert.equal(error.code, 21);
        assert.match(error.message, message);
        assert.include(error.message, text);
        assert.match(error.message, new RegExp(`at character ${offset + 1}$`));
        return;
      }
      assert.fail("it was read");
    });
  }

  test("access/parse-aci: unknown attributes are taken where they are stored already", () => {
    const options = { unknownAttributes: "accept" } as const;
    const aci = parseAci(`(targetattr="nosuch")${READ}`, schema, options);
    assert.deepEqual([...(aci.attributes?.named.keys() ?? [])], ["nosuch"]);
  });

  test("access/parse-aci: names, aliases and OIDs of attributes are one thing", () => {
    const aci = parseAci(`(targetattr="commonName || 2.5.4.4 || UID")${READ}`, schema);
    assert.deepEqual([...(aci.attributes?.named.keys() ?? [])], ["cn", "sn", "uid"]);
  });

  test("access/parse-aci: all stands for every right but proxy", () => {
    const [rule] = parseAci(body('allow (all) userdn="ldap:///all";'), schema).rules;
    const each = "read, write, add, delete, search, compare, selfwrite, moddn";
    const [same] = parseAci(body(`allow (${each}) userdn="ldap:///all";`), schema).rules;
    assert.equal(rule?.rights, same?.rights);
  });
});
