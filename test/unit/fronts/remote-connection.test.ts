import { assert } from "chai";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import {
  FRONTEND_SETTINGS_DEFAULT,
  type Connection,
  type Reply,
  type RequestHandler,
} from "../../../src/frontend/index.ts";
import { type Frame, FrameReader } from "../../../src/fronts/frame.ts";
import { ToFront, decodeEnding } from "../../../src/fronts/messages.ts";
import { Pipe } from "../../../src/fronts/pipe.ts";
import { RemoteConnection } from "../../../src/fronts/remote-connection.ts";
import { LdapError, SUCCESS, decodeResponse, finalResponse } from "../../../src/protocol/index.ts";
import { BIND, SEARCH, bytesOf, deleteRequest } from "../frontend/raw-client.ts";

interface Handled {
  readonly connection: Connection;
  readonly reply: Reply;
}

class Fixture implements RequestHandler {
  readonly handled: Handled[] = [];
  closedCount = 0;
  serve: (handled: Handled) => void = () => {};
  readonly connection: RemoteConnection;
  readonly #pipe: Pipe;
  #written: Buffer[] = [];

  constructor() {
    const socket = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        this.#written.push(Buffer.from(chunk));
        done();
      },
    });
    this.#pipe = new Pipe(socket as Socket, { frame: () => {}, closed: () => {} });
    this.connection = new RemoteConnection(
      { handler: this, settings: FRONTEND_SETTINGS_DEFAULT },
      this.#pipe,
      {
        id: 7,
        kind: "ldap",
        openedAtMs: 1,
        peerAddress: "192.0.2.1",
        peerPort: 1234,
        localAddress: "192.0.2.2",
      },
    );
  }

  handle(connection: Connection, _message: unknown, reply: Reply): void {
    this.handled.push({ connection, reply });
    this.serve({ connection, reply });
  }

  closed(): void {
    this.closedCount += 1;
  }

  reply(index: number): Reply {
    const handled = this.handled[index];
    if (handled === undefined) throw new Error(`only ${this.handled.length} requests came`);
    return handled.reply;
  }

  /** What has been sent since the last call. */
  sent(): readonly Frame[] {
    this.#pipe.flush();
    const chunks = this.#written;
    this.#written = [];
    return new FrameReader().push(Buffer.concat(chunks));
  }
}

const kindsOf = (frames: readonly Frame[]): readonly number[] => frames.map(({ kind }) => kind);

suite("fronts/remote-connection", () => {
  test("fronts/remote-connection: who is bound, the answer and the end are told in this order", () => {
    const fixture = new Fixture();
    fixture.serve = ({ connection, reply }) => {
      connection.identity = { dn: "cn=ann" };
      connection.boundDn = "cn=ann";
      reply.facts.boundDn = "cn=ann";
      reply.send({ type: "bindResponse", result: SUCCESS, serverCredentials: undefined });
    };
    fixture.connection.request(5, bytesOf(1, BIND));
    const frames = fixture.sent();
    assert.deepEqual(kindsOf(frames), [ToFront.identity, ToFront.output, ToFront.ended]);
    const [identity, output, ended] = frames as [Frame, Frame, Frame];
    assert.deepEqual(JSON.parse(identity.payload.toString()), {
      identity: { dn: "cn=ann" },
      boundDn: "cn=ann",
    });
    assert.equal(decodeResponse(output.payload).response.type, "bindResponse");
    assert.equal(ended.operation, 5);
    const { code, facts } = decodeEnding(ended.payload);
    assert.deepEqual([code, facts.boundDn], [0, "cn=ann"]);
    assert.isTrue(frames.every(({ connection }) => connection === 7));
  });

  test("fronts/remote-connection: an error of a handler is an answer with its message", () => {
    const fixture = new Fixture();
    fixture.serve = () => {
      throw new LdapError("busy", "too much");
    };
    fixture.connection.request(1, bytesOf(1, deleteRequest("cn=a")));
    const ended = fixture.sent().at(-1) as Frame;
    const { code, message } = decodeEnding(ended.payload);
    assert.deepEqual([code, message], [51, "too much"]);
  });

  test("fronts/remote-connection: an abandoned search has ended, an abandoned update ends when it has", () => {
    const fixture = new Fixture();
    fixture.connection.request(1, bytesOf(1, SEARCH));
    fixture.connection.request(2, bytesOf(2, deleteRequest("cn=a")));
    fixture.connection.abandon(1);
    fixture.connection.abandon(2);
    assert.deepEqual(
      fixture.sent().map(({ kind, operation }) => [kind, operation]),
      [[ToFront.ended, 1]],
    );
    assert.isTrue(fixture.reply(1).isAbandoned);
    fixture.reply(1).send(finalResponse("deleteResponse", SUCCESS));
    assert.deepEqual(kindsOf(fixture.sent()), [ToFront.ended]);
  });

  test("fronts/remote-connection: output waits for a client that takes none", async () => {
    const fixture = new Fixture();
    fixture.connection.request(1, bytesOf(1, SEARCH));
    const reply = fixture.reply(0);
    const value = Buffer.alloc(100_000, 1);
    let bytes = 0;
    const produce = async (): Promise<void> => {
      for (let turns = 0; turns < 100; turns += 1) {
        while (reply.ready()) {
          reply.send({
            type: "searchEntry",
            dn: "cn=a",
            attributes: [{ type: "cn", values: [value] }],
          });
        }
        await new Promise((resolve) => setImmediate(resolve));
        for (const { payload } of fixture.sent()) bytes += payload.length;
      }
    };
    await produce();
    const first = bytes;
    assert.isBelow(first, 2_000_000);
    assert.isFalse(reply.ready());
    let isDrained = false;
    reply.onDrain(() => {
      isDrained = true;
    });
    fixture.connection.taken(first);
    await new Promise((resolve) => setImmediate(resolve));
    assert.isTrue(isDrained);
    await produce();
    assert.isAbove(bytes, first);
  });

  test("fronts/remote-connection: it closes once, says why, and is mute from then on", () => {
    const fixture = new Fixture();
    fixture.connection.request(1, bytesOf(1, deleteRequest("cn=a")));
    fixture.connection.close("shutdown", { code: "unavailable", message: "over" });
    fixture.connection.close("closedByServer");
    fixture.reply(0).send(finalResponse("deleteResponse", SUCCESS));
    fixture.connection.request(2, bytesOf(2, SEARCH));
    const frames = fixture.sent();
    assert.deepEqual(kindsOf(frames), [ToFront.close]);
    assert.deepEqual(JSON.parse((frames[0] as Frame).payload.toString()), {
      reason: "shutdown",
      notice: { code: "unavailable", message: "over" },
    });
    assert.equal(fixture.handled.length, 1);
    fixture.connection.gone();
    fixture.connection.gone();
    assert.equal(fixture.closedCount, 1);
  });

  test("fronts/remote-connection: with TLS it is anonymous and as strong as its cipher", () => {
    const fixture = new Fixture();
    fixture.connection.identity = { dn: "cn=ann" };
    const tls = { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", bits: 256 };
    assert.equal(fixture.connection.ssf, 0);
    fixture.connection.secured(Buffer.from(JSON.stringify({ ...tls, certificate: "AQI=" })));
    assert.isUndefined(fixture.connection.identity);
    assert.equal(fixture.connection.ssf, 256);
    assert.deepEqual(fixture.connection.tls?.clientCertificate, Buffer.from([1, 2]));
  });
});
