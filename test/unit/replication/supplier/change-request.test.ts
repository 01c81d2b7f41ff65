// Changes as requests, against messages captured from 389: decoded to a change and sent on, they are the same bytes.
import { assert } from "chai";
import { encodeBer } from "../../../../src/ber/index.ts";
import { decodeRequest, encodeRequest } from "../../../../src/protocol/index.ts";
import { decodeChange, encodeRecord } from "../../../../src/replication/changelog/index.ts";
import { type UpdateRequest, receivedChange } from "../../../../src/replication/consumer/index.ts";
import { requestOfChange } from "../../../../src/replication/supplier/index.ts";
import { readCaptured } from "../../../support/captured-messages.ts";

const NAMES = [
  "44-inc-add-request",
  "46-inc-modify-request",
  "48-inc-add-ou-request",
  "50-inc-modrdn-request",
  "52-inc-modrdn-newsuperior-request",
  "54-inc-delete-request",
  "60-inc-keepalive-modify-request",
];

suite("supplier/change-request", () => {
  for (const name of NAMES) {
    test(`supplier/change-request: ${name} is relayed through the changelog byte for byte`, () => {
      const captured = readCaptured(name);
      const { messageId, request, controls } = decodeRequest(captured);
      const received = receivedChange(request as UpdateRequest, controls);
      assert.ok(received !== undefined);
      const logged = decodeChange(received.csn, encodeRecord(received, 1));
      assert.deepEqual(logged, received);
      const sent = encodeBer((writer) =>
        encodeRequest(writer, { messageId, ...requestOfChange(logged) }),
      );
      assert.equal(sent.toString("hex"), captured.toString("hex"));
    });
  }
});
