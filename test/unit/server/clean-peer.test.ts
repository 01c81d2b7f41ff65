// Questions to peers against what 389 sent and answered (test/data/replication, 90 to 96).
import { assert } from "chai";
import { LinkCode, LinkError, type LinkSettings } from "../../../src/link/index.ts";
import {
  type Request,
  type ResponseMessage,
  decodeRequest,
  decodeResponse,
} from "../../../src/protocol/index.ts";
import { type Csn, makeCsn } from "../../../src/replication/csn/index.ts";
import { PeerQuestions } from "../../../src/server/clean-peer.ts";
import { readCaptured } from "../../support/captured-messages.ts";

const SUFFIX = "dc=example,dc=com";
const MAX_CSN = "6b020c020002004d0000" as Csn;
const LINK = { timeoutMs: 0 } as LinkSettings;

/** A peer that gives a captured answer; what it was asked is kept. */
class Peer {
  asked: Request | undefined;
  isClosed = false;
  readonly questions: PeerQuestions;

  constructor(answer: string) {
    this.questions = new PeerQuestions(() =>
      Promise.resolve({
        request: (request: Request): Promise<readonly ResponseMessage[]> => {
          this.asked = request;
          return Promise.resolve([decodeResponse(readCaptured(answer))]);
        },
        close: () => {
          this.isClosed = true;
        },
      }),
    );
  }
}

const captured = (name: string): Request => decodeRequest(readCaptured(name)).request;

suite("server/clean peer", () => {
  test("server/clean-peer: the newest change is asked for and answered as by 389", async () => {
    const peer = new Peer("90-getmaxcsn-response");
    const answer = await peer.questions.askMaxCsn(LINK, { replicaId: 77, suffix: SUFFIX });
    assert.deepEqual(peer.asked, captured("90-getmaxcsn-request"));
    assert.deepEqual(answer, { type: "maxCsn", csn: MAX_CSN });
    assert.isTrue(peer.isClosed);
  });

  test("server/clean-peer: a peer without changes of the ID", async () => {
    const peer = new Peer("91b-getmaxcsn-response-none");
    const answer = await peer.questions.askMaxCsn(LINK, { replicaId: 77, suffix: SUFFIX });
    assert.deepEqual(answer, { type: "maxCsn", csn: undefined });
  });

  test("server/clean-peer: the task is passed on as 389 does", async () => {
    const peer = new Peer("92-cleanruv-response");
    const order = { replicaId: 77, suffix: SUFFIX, maxCsn: MAX_CSN, force: false };
    assert.deepEqual(await peer.questions.sendClean(LINK, order), { type: "accepted" });
    assert.deepEqual(peer.asked, captured("92-cleanruv-request"));
  });

  test("server/clean-peer: whether a peer is through", async () => {
    const peer = new Peer("94-checkstatus-response");
    const filter = `(nsds5ReplicaCleanRUV=77:${MAX_CSN}:no:1:${SUFFIX})`;
    const answer = await peer.questions.askStatus(LINK, filter);
    assert.deepEqual(answer, { type: "status", isCleaning: false });
    assert.deepEqual(peer.asked, captured("94-checkstatus-request"));
  });

  test("server/clean-peer: an abort has no answer but its result", async () => {
    const peer = new Peer("96-abort-cleanruv-response");
    const order = { replicaId: 99, suffix: SUFFIX, certify: false };
    assert.isUndefined(await peer.questions.sendAbort(LINK, order));
    assert.deepEqual(peer.asked, captured("96-abort-cleanruv-request"));
  });

  test("server/clean-peer: a peer that cannot be reached, and an answer that is none, are failures with a reason", async () => {
    const away = new PeerQuestions(() =>
      Promise.reject(new LinkError(LinkCode.serverDown, "connection refused")),
    );
    const order = { replicaId: 77, suffix: SUFFIX };
    assert.deepEqual(await away.askMaxCsn(LINK, order), {
      type: "failed",
      reason: "connection refused",
    });
    assert.strictEqual(
      await away.sendAbort(LINK, { ...order, certify: true }),
      "connection refused",
    );
    const odd = await new Peer("94-checkstatus-response").questions.askMaxCsn(LINK, order);
    assert.deepEqual(odd, { type: "failed", reason: "its newest change is no CSN: finished" });
    const clean = { ...order, maxCsn: makeCsn(1, 0, 77), force: false };
    const refused = await new Peer("02-bind-response").questions.sendClean(LINK, clean);
    assert.deepEqual(refused, { type: "failed", reason: "it gave another answer" });
  });
});
