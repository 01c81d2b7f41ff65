// Replicas, agreements and changelogs: completion, refusals and events (admin-compat 1.5, replication-protocol 9).
import { assert } from "chai";
import { NO_LIVE_VALUES } from "../../../src/config/index.ts";
import { ConfigSession, type Texts, newTree, resultOf } from "../../support/config-tree.ts";

const SUFFIX = "dc=example,dc=com";
const BACKEND = "cn=userRoot,cn=ldbm database,cn=plugins,cn=config";
const CHANGELOG = `cn=changelog,${BACKEND}`;
const MAPPING = `cn="${SUFFIX}",cn=mapping tree,cn=config`;
const REPLICA = `cn=replica,${MAPPING}`;
const AGREEMENT = `cn=to b,${REPLICA}`;
const SUPPLIER = { nsDS5ReplicaType: "3", nsDS5Flags: "1", nsDS5ReplicaId: "21" };

function withReplica(attributes: Texts = SUPPLIER): ConfigSession {
  const session = new ConfigSession();
  session.addBackend("userRoot", SUFFIX);
  session.addReplica(SUFFIX, attributes);
  return session;
}

const agreement = (changes: Readonly<Record<string, string | undefined>> = {}): Texts => {
  const given: Record<string, string | readonly string[]> = {
    objectClass: ["top", "nsds5replicationagreement"],
    cn: "to b",
    description: "to b",
    nsDS5ReplicaRoot: SUFFIX,
    nsDS5ReplicaHost: "b.example.com",
    nsDS5ReplicaPort: "389",
    nsDS5ReplicaBindMethod: "simple",
    nsDS5ReplicaTransportInfo: "LDAP",
    nsDS5ReplicaBindDN: "cn=replication manager,cn=config",
    nsDS5ReplicaCredentials: "{AES}sealed",
  };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete given[name];
    else given[name] = value;
  }
  return given;
};

suite("config/replica", () => {
  test("config/replica: an ADD gives it a name, a changelog entry and the role of its type and flags", () => {
    const session = new ConfigSession();
    session.addBackend("userRoot", SUFFIX);
    const { events } = session.addReplica(SUFFIX, {
      ...SUPPLIER,
      nsDS5ReplicaBindDN: "cn=Smoke Manager, cn=config",
    });
    const added = events.find((event) => event.type === "replicaAdded");
    assert.equal(added?.replica.role, "supplier");
    assert.equal(added?.replica.replicaId, 21);
    assert.deepEqual(added?.replica.normalBindDns, ["cn=smoke manager,cn=config"]);
    assert.equal(added?.replica.backoffMaxSec, 300);
    assert.include(
      events.map((event) => event.type),
      "changelogChanged",
    );
    assert.match(session.show(REPLICA).text("nsDS5ReplicaName") ?? "", /^[0-9a-f]{8}-/);
    assert.equal(session.show(REPLICA).text("nsds5ReplicaChangeCount"), "0");
    assert.equal(session.show(CHANGELOG).text("cn"), "changelog");
  });

  test("config/replica: a read-only one gets ID 65535 and answers updates with referrals", () => {
    const session = withReplica({ nsDS5ReplicaType: "2", nsDS5Flags: "0", nsDS5ReplicaId: "7" });
    assert.equal(session.show(REPLICA).text("nsDS5ReplicaId"), "65535");
    assert.equal(session.tree.snapshot.replicas[0]?.role, "consumer");
    assert.equal(session.tree.snapshot.suffixes[0]?.state, "referralOnUpdate");
    assert.equal(session.show(MAPPING).text("nsslapd-state"), "referral on update");
  });

  test("config/replica: promotion changes type, flags and ID in one modification", () => {
    const session = withReplica({
      nsDS5ReplicaType: "2",
      nsDS5Flags: "0",
      nsDS5ReplicaId: "65535",
    });
    const { events } = session.modify(
      REPLICA,
      ["replace", "nsDS5ReplicaType", "3"],
      ["replace", "nsDS5ReplicaId", "4"],
      ["replace", "nsDS5Flags", "1"],
    );
    assert.deepEqual(
      events.map((event) => event.type),
      ["suffixChanged", "replicaChanged"],
    );
    assert.equal(session.tree.snapshot.suffixes[0]?.state, "backend");
  });

  const badAdds: readonly (readonly [string, Texts, RegExp])[] = [
    ["no ID", { nsDS5ReplicaType: "3" }, /^65 missing attribute "nsDS5ReplicaId"/],
    [
      "an ID out of range",
      { ...SUPPLIER, nsDS5ReplicaId: "70000" },
      /^53 Attribute nsDS5ReplicaId value \(70000\)/,
    ],
    [
      "the ID of read-only replicas",
      { ...SUPPLIER, nsDS5ReplicaId: "65535" },
      /^53 Attribute nsDS5ReplicaId/,
    ],
    [
      "another suffix",
      { ...SUPPLIER, nsDS5ReplicaRoot: "dc=other" },
      /^53 nsDS5ReplicaRoot dc=other/,
    ],
    [
      "minimum over maximum",
      { ...SUPPLIER, nsds5ReplicaBackoffMin: "900" },
      /^53 .*less than the max backoff time/,
    ],
  ];
  for (const [what, attributes, result] of badAdds) {
    test(`config/replica: an ADD with ${what} is refused`, () => {
      const session = new ConfigSession();
      session.addBackend("userRoot", SUFFIX);
      assert.match(
        resultOf(() => session.addReplica(SUFFIX, attributes)),
        result,
      );
    });
  }

  const mods: readonly (readonly [string, string, string])[] = [
    [
      "nsDS5ReplicaType",
      "9",
      "53 Attribute nsDS5ReplicaType value (9) is invalid, must be a number between 1 and 3.",
    ],
    ["nsDS5ReplicaId", "22", "53 The replica ID changes only together with nsDS5ReplicaType"],
    ["nsDS5ReplicaBindDN", "foo", "21 nsDS5ReplicaBindDN: value #0 invalid per syntax"],
    ["nsDS5ReplicaName", "x", "53 Modification of nsDS5ReplicaName attribute is not allowed"],
    [
      "nsds5ReplicaKeepAliveUpdateInterval",
      "5",
      "53 Attribute nsds5ReplicaKeepAliveUpdateInterval value (5) is invalid, must be a number between 60 and 2147483647.",
    ],
    [
      "nsds5ReplicaPreciseTombstonePurging",
      "x",
      '53 Invalid value for nsds5ReplicaPreciseTombstonePurging: x  Value should be "on" or "off"',
    ],
    [
      "description",
      "x",
      "53 Modification of attribute description is not allowed in replica entry",
    ],
    [
      "nsds5ReplicaChangeCount",
      "4",
      "53 Modification of attribute nsds5ReplicaChangeCount is not allowed in replica entry",
    ],
    ["nsds5Task", "foo", "1 Unsupported replica task - foo"],
    ["nsds5ReplicaPurgeDelay", "604800", "success"],
    ["nsds5ReplicaReleaseTimeout", "60", "success"],
  ];
  for (const [name, value, result] of mods) {
    test(`config/replica: ${name} = ${value} gives ${result.slice(0, 60)}`, () => {
      assert.equal(
        resultOf(() => withReplica().replace(REPLICA, name, value)),
        result,
      );
    });
  }

  test("config/replica: settings that tools delete fall back, needed ones stay", () => {
    const session = withReplica();
    session.replace(REPLICA, "nsds5ReplicaPurgeDelay", "5");
    session.modify(REPLICA, ["delete", "nsds5ReplicaPurgeDelay"]);
    assert.equal(session.tree.snapshot.replicas[0]?.purgeDelaySec, 604_800);
    assert.match(
      resultOf(() => session.modify(REPLICA, ["delete", "nsDS5Flags"])),
      /^53 Deletion of nsDS5Flags/,
    );
    assert.match(
      resultOf(() => session.modify(REPLICA, ["delete", "nsDS5ReplicaRoot"])),
      /^53 /,
    );
    assert.match(
      resultOf(() => session.modify(REPLICA, ["delete", "nsDS5ReplicaBindDNGroup"])),
      /^16 /,
    );
  });

  test("config/replica: nsds5Task asks for work and is not kept", () => {
    const session = withReplica();
    const { events } = session.replace(REPLICA, "nsds5task", "CL2LDIF");
    assert.equal(events[0]?.type, "replicaTaskRequested");
    assert.isFalse(session.show(REPLICA).has("nsds5task"));
    const cleaning = session.replace(REPLICA, "nsds5task", "CLEANALLRUV33").events[0];
    assert.deepEqual(cleaning?.type === "replicaTaskRequested" ? cleaning.task : undefined, {
      kind: "cleanAllRuv",
      replicaId: 33,
    });
  });

  test("config/replica: status of the running server is shown", () => {
    const live = {
      ...NO_LIVE_VALUES,
      findReplicaStatus: () => ({
        ruv: ["{replicageneration} 6b0208d2000000010000"],
        ruvLastModified: [],
        agreementMaxCsns: ["dc=example,dc=com;to b;b;389;unavailable"],
        changes: 12,
        isReaping: false,
        state: Buffer.alloc(40, 1),
        task: undefined,
      }),
    };
    const session = new ConfigSession(newTree(live));
    session.addBackend("userRoot", SUFFIX);
    session.addReplica(SUFFIX, SUPPLIER);
    const entry = session.show(REPLICA);
    assert.equal(entry.text("nsds5ReplicaChangeCount"), "12");
    assert.deepEqual(entry.texts("nsds50ruv"), ["{replicageneration} 6b0208d2000000010000"]);
    assert.lengthOf(entry.find("nsState")?.values[0] ?? "", 40);
  });

  test("config/replica: it goes after its agreements and leaves the changelog entry", () => {
    const session = withReplica();
    session.add(AGREEMENT, agreement());
    assert.match(
      resultOf(() => session.delete(REPLICA)),
      /^66 /,
    );
    assert.deepEqual(
      session.delete(AGREEMENT).events.map(({ type }) => type),
      ["agreementRemoved"],
    );
    assert.include(
      session.delete(REPLICA).events.map(({ type }) => type),
      "replicaRemoved",
    );
    assert.equal(session.show(CHANGELOG).text("cn"), "changelog");
  });
});

suite("config/agreement", () => {
  test("config/agreement: an ADD is decoded with 389's defaults, a doubled prefix of the list included", () => {
    const session = withReplica();
    const { events } = session.add(
      AGREEMENT,
      agreement({
        nsDS5ReplicatedAttributeList:
          "(objectclass=*) $ EXCLUDE (objectclass=*) $ EXCLUDE memberOf jpegPhoto",
      }),
    );
    const added = events[0];
    assert.equal(added?.type, "agreementAdded");
    if (added?.type !== "agreementAdded") return;
    const settings = added.agreement;
    assert.deepEqual(settings.excludedAttributes, ["memberof", "jpegphoto"]);
    assert.deepEqual(settings.excludedAttributesTotal, ["memberof", "jpegphoto"]);
    assert.include(settings, {
      enabled: true,
      timeoutSec: 120,
      transport: "ldap",
      bindMethod: "simple",
    });
    assert.isFalse(settings.refreshRequested);
  });

  test("config/agreement: before a session it shows 389's status", () => {
    const session = withReplica();
    session.add(AGREEMENT, agreement());
    const entry = session.show(AGREEMENT);
    assert.equal(
      entry.text("nsds5replicaLastUpdateStatus"),
      "Error (0) No replication sessions started since server startup",
    );
    assert.equal(JSON.parse(entry.text("nsds5replicaLastUpdateStatusJSON") ?? "").state, "green");
    assert.equal(entry.text("nsds5replicaLastInitStart"), "19700101000000Z");
    assert.equal(entry.text("nsds5replicaChangesSentSinceStartup"), "");
    assert.isFalse(entry.has("nsds5replicaLastInitStatus"));
  });

  const badAdds: readonly (readonly [string, Record<string, string | undefined>, RegExp])[] = [
    ["no host", { nsDS5ReplicaHost: undefined }, /^53 /],
    ["no port", { nsDS5ReplicaPort: undefined }, /^53 /],
    ["another root", { nsDS5ReplicaRoot: "dc=other" }, /^53 /],
    ["no bind DN", { nsDS5ReplicaBindDN: undefined }, /^53 /],
    ["no credentials", { nsDS5ReplicaCredentials: undefined }, /^53 /],
    [
      "itself as its peer",
      { nsDS5ReplicaHost: "localhost" },
      /^53 agreement hostname points to the local server instance: localhost$/,
    ],
    [
      "a list without cn",
      { nsDS5ReplicatedAttributeList: "(objectclass=*) $ EXCLUDE cn" },
      /^53 attempt to exclude an illegal attribute in a fractional agreement/,
    ],
    ["a bad schedule", { nsds5ReplicaUpdateSchedule: "2300-0100 0" }, /^53 /],
    ["a bad transport", { nsDS5ReplicaTransportInfo: "foo" }, /^53 /],
    ["a bad method", { nsDS5ReplicaBindMethod: "foo" }, /^53 /],
    ["certificates in the clear", { nsDS5ReplicaBindMethod: "SSLCLIENTAUTH" }, /^53 /],
    ["an unknown attribute", { foo: "x" }, /^65 attribute "foo" not allowed$/],
    ["a port that is no number", { nsDS5ReplicaPort: "x" }, /^(21|53) /],
  ];
  for (const [what, changes, result] of badAdds) {
    test(`config/agreement: an ADD with ${what} is refused`, () => {
      assert.match(
        resultOf(() => withReplica().add(AGREEMENT, agreement(changes))),
        result,
      );
    });
  }

  test("config/agreement: poke, schedule and pauses are changes of settings", () => {
    const session = withReplica();
    session.add(AGREEMENT, agreement());
    const off = session.replace(AGREEMENT, "nsds5ReplicaEnabled", "off").events[0];
    assert.equal(off?.type === "agreementChanged" ? off.agreement.enabled : undefined, false);
    session.replace(AGREEMENT, "nsds5ReplicaEnabled", "on");
    session.modify(
      AGREEMENT,
      ["replace", "nsds5ReplicaUpdateSchedule", "0000-2359 0123456"],
      ["replace", "nsds5ReplicaBusyWaitTime", "4"],
      ["replace", "nsds5ReplicaSessionPauseTime", "5"],
    );
    assert.include(session.tree.snapshot.agreements[0], { busyWaitSec: 4, sessionPauseSec: 5 });
    assert.match(
      resultOf(() => session.replace(AGREEMENT, "foobar", "x")),
      /^53 Modification of foobar/,
    );
    assert.match(
      resultOf(() => session.replace(AGREEMENT, "nsds5replicaLastUpdateStatus", "x")),
      /^53 /,
    );
  });

  test("config/agreement: a refresh is asked for once, kept until the server clears it, and can be stopped", () => {
    const session = withReplica();
    session.add(AGREEMENT, agreement());
    const started = session.replace(AGREEMENT, "nsds5BeginReplicaRefresh", "start");
    assert.deepEqual(
      started.events.map((event) => event.type),
      ["refreshRequested"],
    );
    assert.equal(session.show(AGREEMENT).text("nsds5BeginReplicaRefresh"), "start");
    assert.deepEqual(
      session.replace(AGREEMENT, "nsds5ReplicaTimeout", "9").events.map((e) => e.type),
      ["agreementChanged"],
    );
    const stopped = session.replace(AGREEMENT, "nsds5BeginReplicaRefresh", "stop");
    assert.deepEqual(
      stopped.events.map((event) => event.type),
      ["refreshAborted"],
    );
    assert.isFalse(session.show(AGREEMENT).has("nsds5BeginReplicaRefresh"));
    session.replace(AGREEMENT, "nsds5BeginReplicaRefresh", "start");
    assert.match(
      resultOf(() => session.modify(AGREEMENT, ["delete", "nsds5BeginReplicaRefresh"])),
      /^53 /,
    );
    const normalDn = session.show(AGREEMENT).normalDn;
    session.tree = session.tree.updated(normalDn, [["nsds5BeginReplicaRefresh"]], {
      timestamp: "20260102030405Z",
    });
    assert.isFalse(session.show(AGREEMENT).has("nsds5BeginReplicaRefresh"));
    assert.match(
      resultOf(() => session.replace(AGREEMENT, "nsds5BeginReplicaRefresh", "foo")),
      /^53 /,
    );
  });

  test("config/agreement: an agreement with Windows is refused", () => {
    const session = withReplica();
    const entry = { ...agreement(), objectClass: ["top", "nsDSWindowsReplicationAgreement"] };
    assert.match(
      resultOf(() => session.add(AGREEMENT, entry)),
      /^53 Synchronization with Windows/,
    );
  });
});

suite("config/changelog", () => {
  const values: readonly (readonly [string, string, string])[] = [
    ["nsslapd-changelogmaxage", "7d", "success"],
    ["nsslapd-changelogmaxage", "-1", "success"],
    ["nsslapd-changelogmaxage", "3y", "53"],
    ["nsslapd-changelogmaxentries", "x", "53"],
    ["nsslapd-changelogtrim-interval", "600", "success"],
  ];
  for (const [name, value, result] of values) {
    test(`config/changelog: ${name} = ${value} gives ${result}`, () => {
      assert.isTrue(
        resultOf(() => withReplica().replace(CHANGELOG, name, value)).startsWith(result),
      );
    });
  }

  test("config/changelog: ages have units", () => {
    const session = withReplica();
    session.replace(CHANGELOG, "nsslapd-changelogmaxage", "3d");
    session.replace(CHANGELOG, "nsslapd-changelogtrim-interval", "600");
    assert.deepEqual(session.tree.snapshot.backends[0]?.changelog, {
      ageMaxSec: 259_200,
      changesMax: 0,
      trimIntervalSec: 600,
    });
  });

  test("config/changelog: the entry of old versions is refused with 389's text", () => {
    assert.equal(
      resultOf(() =>
        new ConfigSession().add("cn=changelog5,cn=config", {
          objectClass: ["top", "extensibleObject"],
        }),
      ),
      "53 Changelog configuration is part of the backend configuration",
    );
  });
});
