/** What agreements say of themselves, what is sent to make one, and how far a consumer is behind. */
import { assert } from "chai";
import { suite, test } from "mocha";
import {
  type AgreementInfo,
  type NewAgreement,
  agreementAttributes,
  agreementDn,
  readStatus,
} from "../../../../src/cli/replication/agreement.ts";
import { agreementLag, describeLag } from "../../../../src/cli/replication/lag.ts";
import type { ReplicaInfo } from "../../../../src/cli/replication/replica.ts";
import { parseRuv } from "../../../../src/replication/ruv/index.ts";
import type { ReplicaId } from "../../../../src/replication/csn/index.ts";

const SUFFIX = {
  suffix: "dc=example,dc=com",
  dn: "cn=dc\\3Dexample\\2Cdc\\3Dcom,cn=mapping tree,cn=config",
  backend: "userroot",
};
const WANTED: NewAgreement = {
  name: "a-to-b",
  host: "b.example.com",
  port: 389,
  transport: "LDAP",
  bindMethod: "SIMPLE",
  bindDn: "cn=replication manager,cn=config",
  credentials: "secret",
  excluded: [],
  excludedTotal: [],
  stripped: [],
  schedule: undefined,
  enabled: true,
};

suite("cli/replication/agreement", () => {
  test("cli/replication/agreement: 389's texts give color and message", () => {
    const green =
      '{"state": "green", "ldap_rc": "0", "ldap_rc_text": "Success", "repl_rc": "0", "repl_rc_text": "replica acquired", "date": "2026-11-21T21:11:20Z", "message": "Error (0) x"}';
    assert.deepEqual(readStatus(green, "Error (0) x"), { state: "green", message: "Error (0) x" });
    // 389 does not escape what stands in the message.
    const broken = '{"state": "amber", "message": "Error (1) "quoted" and \\ more"}';
    assert.deepEqual(readStatus(broken, ""), {
      state: "amber",
      message: 'Error (1) "quoted" and \\ more',
    });
    assert.equal(readStatus("", "Error (0) fine").state, "green");
    assert.equal(readStatus("", "Error (49) Problem").state, "red");
  });

  test("cli/replication/agreement: attributes are those that dsconf sends", () => {
    assert.deepEqual(agreementAttributes(SUFFIX, WANTED), {
      objectClass: ["top", "nsds5replicationagreement"],
      cn: "a-to-b",
      description: "a-to-b",
      nsDS5ReplicaRoot: "dc=example,dc=com",
      nsDS5ReplicaHost: "b.example.com",
      nsDS5ReplicaPort: "389",
      nsDS5ReplicaBindMethod: "SIMPLE",
      nsDS5ReplicaTransportInfo: "LDAP",
      nsDS5ReplicaBindDN: "cn=replication manager,cn=config",
      nsDS5ReplicaCredentials: "secret",
    });
    const fractional = agreementAttributes(SUFFIX, {
      ...WANTED,
      excluded: ["telephoneNumber", "jpegPhoto"],
      stripped: ["modifiersname"],
      enabled: false,
    });
    assert.deepInclude(fractional, {
      nsDS5ReplicatedAttributeList: "(objectclass=*) $ EXCLUDE telephoneNumber jpegPhoto",
      nsds5ReplicaStripAttrs: "modifiersname",
      nsds5ReplicaEnabled: "off",
    });
  });

  test("cli/replication/agreement: special characters in a name are escaped", () => {
    assert.match(agreementDn(SUFFIX, "a,b+c"), /^cn=a\\,b\\\+c,cn=replica,cn=dc/);
  });
});

const csn = (seconds: number, replicaId: number): string =>
  `${seconds.toString(16).padStart(8, "0")}0000${replicaId.toString(16).padStart(4, "0")}0000`;

const ruvOf = (generation: string, newest: Readonly<Record<number, number>>) =>
  parseRuv([
    `{replicageneration} ${generation}`,
    ...Object.entries(newest).map(
      ([id, seconds]) =>
        `{replica ${id} ldap://h:1} ${csn(1, Number(id))} ${csn(seconds, Number(id))}`,
    ),
  ]);

const supplier = (
  newest: Readonly<Record<number, number>>,
  agreementMaxCsns: readonly string[] = [],
): ReplicaInfo => ({
  suffix: SUFFIX.suffix,
  role: "supplier",
  replicaId: 1 as ReplicaId,
  bindDns: [],
  changes: 0,
  ruv: ruvOf("g", newest),
  agreementMaxCsns,
});
const full = { name: "a", excluded: [] as readonly string[] } as AgreementInfo;
const fractional = { ...full, excluded: ["jpegphoto"] };
const sent = (seconds: number): string[] => [`${SUFFIX.suffix};a;h;389;2;${csn(seconds, 1)}`];

suite("cli/replication/lag", () => {
  const cases: readonly (readonly [string, string, ReturnType<typeof agreementLag>])[] = [
    [
      "all changes are there",
      "in sync",
      agreementLag(supplier({ 1: 9, 2: 5 }), full, ruvOf("g", { 1: 9, 2: 6 })),
    ],
    [
      "the worst origin counts",
      "7 s behind",
      agreementLag(supplier({ 1: 9, 2: 9 }), full, ruvOf("g", { 1: 8, 2: 2 })),
    ],
    [
      "an origin that the consumer does not know",
      "behind",
      agreementLag(supplier({ 1: 9 }), full, ruvOf("g", {})),
    ],
    [
      "another generation",
      "needs initialization",
      agreementLag(supplier({ 1: 9 }), full, ruvOf("other", { 1: 9 })),
    ],
    [
      "no vector",
      "unknown: the consumer shows no update vector",
      agreementLag(supplier({ 1: 9 }), full, undefined),
    ],
    [
      "fractional: what is not sent does not count",
      "in sync",
      agreementLag(supplier({ 1: 9 }, sent(4)), fractional, ruvOf("g", { 1: 4 })),
    ],
    [
      "fractional: what is sent does",
      "2 s behind",
      agreementLag(supplier({ 1: 9 }, sent(6)), fractional, ruvOf("g", { 1: 4 })),
    ],
  ];
  for (const [title, expected, lag] of cases) {
    test(`cli/replication/lag: ${title}: ${expected}`, () => {
      assert.equal(describeLag(lag), expected);
    });
  }
});
