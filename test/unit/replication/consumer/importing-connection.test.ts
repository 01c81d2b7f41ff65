// The connection of a total initialization: it brings entries, and the schema ahead of them; everything else is refused the way
// 389 does it (message 84).
import { assert } from "chai";
import {
  NO_CONTROLS,
  REPLICATION_ENTRY_OID,
  type Request,
  type Response,
  ResultCode,
  START_REPLICATION_90_OID,
  TOTAL_CLEANED_OID,
  TOTAL_PROTOCOL_OID,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
  decodeResponse,
  encodeStartReplication,
  encodeTotalCleaned,
} from "../../../../src/protocol/index.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";
import { readCaptured } from "../../../support/captured-messages.ts";
import { MemoryReplica, SUFFIX } from "../../../support/memory-replica.ts";

const search = (base: string): Request => ({
  type: "search",
  base,
  scope: "base",
  derefAliases: 0,
  sizeLimit: 0,
  timeLimit: 0,
  typesOnly: false,
  filter: { type: "present", attribute: "objectclass" },
  attributes: [],
});
const bind: Request = {
  type: "bind",
  version: 3,
  name: "",
  authentication: { method: "simple", password: Buffer.alloc(0) },
};

const REFUSED: readonly (readonly [Request, Response["type"]])[] = [
  [search(SUFFIX), "searchDone"],
  [bind, "bindResponse"],
  [{ type: "delete", dn: SUFFIX }, "deleteResponse"],
  [{ type: "add", dn: SUFFIX, attributes: [] }, "addResponse"],
  [{ type: "modify", dn: SUFFIX, mods: [] }, "modifyResponse"],
  [{ type: "compare", dn: SUFFIX, attribute: "cn", value: Buffer.of(1) }, "compareResponse"],
];

const PASSED: readonly Request[] = [
  search("cn=schema"),
  { type: "modify", dn: "CN=Schema", mods: [] },
  { type: "unbind" },
];

class Connection {
  readonly replica = new MemoryReplica(2);
  readonly answers: Response[] = [];
  isClosed = false;
  readonly connection = {
    id: 1,
    boundDn: "cn=manager",
    label: "conn=1",
    close: () => {
      this.isClosed = true;
    },
  };

  constructor() {
    const value = encodeStartReplication({
      protocolOid: TOTAL_PROTOCOL_OID,
      suffix: SUFFIX,
      ruv: ["{replicageneration} h", "{replica 9 ldap://s9:389}"],
      referrals: [],
      csn: makeCsn(1_000_000, 0, 9),
      sessionData: undefined,
    });
    this.send({ type: "extended", oid: START_REPLICATION_90_OID, value });
    assert.equal(this.answers.splice(0).length, 1);
  }

  send(request: Request): boolean {
    return this.replica.requests.handle(
      this.connection,
      { messageId: 1, request, controls: NO_CONTROLS },
      (response) => this.answers.push(response),
    );
  }
}

suite("consumer/replication-requests: importing connection", () => {
  for (const [request, type] of REFUSED) {
    test(`consumer/replication-requests: a ${request.type} while importing is refused`, () => {
      const importing = new Connection();
      assert.isTrue(importing.send(request));
      const [answer] = importing.answers;
      assert.equal(answer?.type, type);
      assert.ok(answer !== undefined && "result" in answer);
      assert.equal(answer.result.code, 1);
    });
  }

  test("consumer/replication-requests: the refusal is that of 389", () => {
    const importing = new Connection();
    importing.send(search(SUFFIX));
    const { response } = decodeResponse(readCaptured("84-search-on-import-connection"));
    assert.deepEqual(importing.answers, [response]);
  });

  for (const request of PASSED) {
    test(`consumer/replication-requests: ${request.type} of the schema or the end passes while importing`, () => {
      const importing = new Connection();
      assert.isFalse(importing.send(request));
      assert.isEmpty(importing.answers);
    });
  }

  const ITEMS = [REPLICATION_ENTRY_OID, TOTAL_STATES_OID, TOTAL_STRUCTURE_OID, TOTAL_CLEANED_OID];
  for (const oid of ITEMS) {
    const request = { type: "extended", oid, value: Buffer.of(0x30, 0x01) } as const;

    test(`consumer/replication-requests: ${oid} that cannot be decoded ends the import, and the old data stays`, () => {
      const importing = new Connection();
      assert.isTrue(importing.send(request));
      assert.isEmpty(importing.answers);
      assert.isTrue(importing.isClosed);
      assert.isFalse(importing.replica.requests.isSession(1));
    });

    test(`consumer/replication-requests: ${oid} outside of a session is refused`, () => {
      const importing = new Connection();
      importing.replica.requests.closed(1);
      assert.isTrue(importing.send(request));
      const [answer] = importing.answers;
      assert.ok(answer !== undefined && "result" in answer);
      assert.equal(answer.result.code, ResultCode.operationsError);
    });
  }

  test("consumer/replication-requests: a cleaned ID that cannot be one ends the import, and the old data stays", () => {
    const id = { replicaId: 3, maxCsn: makeCsn(2, 0, 3), element: undefined };
    const send = (floorCsn: string): Connection => {
      const importing = new Connection();
      const value = encodeTotalCleaned([{ ...id, floorCsn }]);
      assert.isTrue(importing.send({ type: "extended", oid: TOTAL_CLEANED_OID, value }));
      return importing;
    };
    assert.lengthOf(send(id.maxCsn).answers, 1);
    const refused = send(makeCsn(1, 0, 3));
    assert.isEmpty(refused.answers);
    assert.isTrue(refused.isClosed);
  });

  test("consumer/replication-requests: after the import the connection is one like any other", () => {
    const importing = new Connection();
    importing.replica.requests.closed(1);
    assert.isFalse(importing.send(search(SUFFIX)));
  });
});
