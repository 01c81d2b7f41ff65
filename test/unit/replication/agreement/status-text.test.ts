import { assert } from "chai";
import type { Millis } from "../../../../src/base/index.ts";
import {
  type AgreementStatus,
  NEW_STATUS,
  describeInit,
  describeUpdate,
  formatChangesSent,
  formatStoredStatus,
  formatTime,
  longName,
  parseStoredStatus,
  restoredStatus,
  showStatus,
} from "../../../../src/replication/agreement/index.ts";
import type { ReplicaId } from "../../../../src/replication/csn/index.ts";

const AT = Date.UTC(2026, 10, 21, 21, 11, 20) as Millis;
const NAME = 'agmt="cn=to2" (host:389)';

suite("agreement/status-text", () => {
  const updates: [ldap: number, repl: number, message: string, color: string, text: string][] = [
    [
      0,
      0,
      "Incremental update succeeded",
      "green",
      "Error (0) Replica acquired successfully: Incremental update succeeded",
    ],
    [
      0,
      0,
      "agreement disabled",
      "green",
      "Error (0) Replica acquired successfully: agreement disabled",
    ],
    [
      49,
      16,
      "Problem connecting to replica",
      "red",
      "Error (49) Problem connecting to replica - LDAP error: Invalid credentials (connection error)",
    ],
    [
      -1,
      16,
      "Problem connecting to replica",
      "red",
      "Error (-1) Problem connecting to replica - LDAP error: Can't contact LDAP server (connection error)",
    ],
    [-1, 12, "", "red", "Error (-1)  - LDAP error: Can't contact LDAP server"],
    [0, 1, "m", "amber", "Error (1) Can't acquire busy replica (m)"],
    [0, 18, "m", "amber", "Error (18) Can't acquire replica (m)"],
    [0, 14, "m", "amber", "Error (14) Can't acquire replica (m)"],
    [0, 9, "", "green", "Error (0) Replication session successful"],
    [
      0,
      12,
      "",
      "red",
      `Error (12) Incremental update aborted: Replication agreement for ${NAME}\n can not be updated while the replica is disabled.\n(If the suffix is disabled you must enable it then restart the server for replication to take place).`,
    ],
    [
      0,
      19,
      "Replica has different database generation ID, remote replica may need to be initialized",
      "red",
      "Error (19) Replication error acquiring replica: Replica has different database generation ID, remote replica may need to be initialized (RUV error)",
    ],
  ];
  for (const [ldapCode, replicationCode, message, color, text] of updates) {
    test(`agreement/status-text: update ${ldapCode} ${replicationCode} is ${color}`, () => {
      const result = { ldapCode, replicationCode, message, at: AT };
      assert.deepEqual(describeUpdate(result, NAME) as unknown, { text, color });
    });
  }

  const inits: [ldap: number, repl: number, conn: 0 | 1 | 2 | 10, message: string, text: string][] =
    [
      [0, 0, 0, "Total update succeeded", "Error (0) Total update succeeded"],
      [
        0,
        1,
        0,
        "busy there",
        "Error (1) Replication error acquiring replica: replica busy - busy there",
      ],
      [0, 6, 0, "", "Error (6) Replication error acquiring replica: no such replica"],
      [
        0,
        0,
        1,
        "Total update aborted",
        "Error (1) connection error: operation failure - Total update aborted",
      ],
      [
        -1,
        0,
        2,
        "Total update aborted",
        "Error (-1) Total update aborted - LDAP error: Can't contact LDAP server - not connected",
      ],
      [49, 16, 0, "", "Error (49) - LDAP error: Invalid credentials - connection error"],
    ];
  for (const [ldapCode, replicationCode, connectionCode, message, text] of inits) {
    test(`agreement/status-text: initialization ${ldapCode} ${replicationCode} ${connectionCode}`, () => {
      const result = { ldapCode, replicationCode, connectionCode, message, at: AT };
      assert.equal(describeInit(result).text, text);
    });
  }

  test("agreement/status-text: before the first session everything is as lib389 reads it", () => {
    const text = "Error (0) No replication sessions started since server startup";
    assert.deepEqual(showStatus(NEW_STATUS, NAME, AT), {
      lastUpdateStart: "19700101000000Z",
      lastUpdateEnd: "19700101000000Z",
      lastUpdateStatus: text,
      lastUpdateStatusJson: `{"state": "green", "ldap_rc": "0", "ldap_rc_text": "success", "repl_rc": "0", "repl_rc_text": "replica acquired", "date": "2026-11-21T21:11:20Z", "message": "${text}"}`,
      updateInProgress: false,
      changesSent: "",
      lastInitStart: "19700101000000Z",
      lastInitEnd: "19700101000000Z",
      lastInitStatus: undefined,
      lastInitStatusJson: undefined,
    });
  });

  test("agreement/status-text: the JSON is that of 389, escaped", () => {
    const update = { ldapCode: 0, replicationCode: 0, message: 'say "x"\n', at: AT };
    const init = { ...update, connectionCode: 0 as const, message: "Total update succeeded" };
    const status: AgreementStatus = { ...NEW_STATUS, update, init, initStart: AT };
    const shown = showStatus(status, NAME, 0);
    assert.equal(
      shown.lastUpdateStatusJson,
      '{"state": "green", "ldap_rc": "0", "ldap_rc_text": "Success", "repl_rc": "0", "repl_rc_text": "replica acquired", "date": "2026-11-21T21:11:20Z", "message": "Error (0) Replica acquired successfully: say \\"x\\"\\n"}',
    );
    assert.equal(
      shown.lastInitStatusJson,
      '{"state": "green", "ldap_rc": "0", "ldap_rc_text": "Success", "repl_rc": "0", "repl_rc_text": "replica acquired", "conn_rc": "0", "conn_rc_text": "operation success", "date": "2026-11-21T21:11:20Z", "message": "Error (0) Total update succeeded"}',
    );
    assert.equal(shown.lastInitStart, "20261121211120Z");
    assert.doesNotThrow(() => JSON.parse(shown.lastUpdateStatusJson) as unknown);
  });

  test("agreement/status-text: counters, times, names", () => {
    const changes = new Map([
      [1 as ReplicaId, { sent: 20, skipped: 3 }],
      [2 as ReplicaId, { sent: 0, skipped: 7 }],
    ]);
    assert.equal(formatChangesSent(changes), "1:20/3 2:0/7 ");
    assert.equal(formatTime(AT), "20261121211120Z");
    assert.equal(longName({ name: "to2", host: "host.example.com", port: 389 }), NAME);
  });

  test("agreement/status-text: after a restart results and times are there, counters are not", () => {
    const update = { ldapCode: 0, replicationCode: 0, message: "m", at: AT };
    const init = { ...update, connectionCode: 0 as const };
    const status: AgreementStatus = {
      ...NEW_STATUS,
      updateStart: AT,
      updateEnd: AT,
      isUpdating: true,
      update,
      initStart: AT,
      init,
      changes: new Map([[1 as ReplicaId, { sent: 1, skipped: 0 }]]),
    };
    const { changes, ...kept } = restoredStatus(status);
    assert.equal(changes.size, 0);
    assert.deepInclude(kept, { updateStart: AT, updateEnd: AT, isUpdating: false, update });
    // It was under way when the server stopped.
    assert.isUndefined(kept.init);
    const ended = { ...status, initEnd: AT };
    assert.deepEqual(restoredStatus(ended).init, init);
    assert.deepEqual(parseStoredStatus(formatStoredStatus(ended)), restoredStatus(ended));
    for (const text of ["", "{", "null", "7", '{"update":{"ldapCode":"x"},"updateStart":-1}']) {
      assert.deepEqual(parseStoredStatus(text), NEW_STATUS);
    }
  });
});
