/** Connections (frontend/connection): order, barriers, limits, hostile input, the end of a connection.
 * Method: real sockets on loopback, requests from the naive encoder, a handler that the test drives; time limits are
 * reached by telling `sweep` a later time. Rules: RFC 4511 §4.1.1, 4.2.1, 4.3, 4.4.1, 4.11. */
import { connect } from "node:net";
import { assert } from "chai";
import { setup, suite, teardown, test } from "mocha";
import { LdapError, type ResponseMessage } from "../../../src/protocol/index.ts";
import { naiveRequest } from "../../support/naive-messages.ts";
import { Fixture, succeed } from "./fixture.ts";
import { BIND, bytesOf, deleteRequest, RawClient, SEARCH, UNBIND } from "./raw-client.ts";

const NOTICE_OID = "1.3.6.1.4.1.1466.20036";

suite("frontend/connection", () => {
  let fixture: Fixture;
  setup(() => {
    fixture = new Fixture();
  });
  teardown(() => fixture.close());

  test("frontend/connection: a request that arrives one octet at a time is answered", async () => {
    const client = await fixture.client();
    for (const octet of bytesOf(7, SEARCH)) client.send(Buffer.from([octet]));
    assert.deepInclude(await client.next(), { messageId: 7 });
    assert.equal(fixture.handler.trace, "search 7");
  });

  test("frontend/connection: requests in one segment are handed over and answered in order", async () => {
    const client = await fixture.client();
    client.send(bytesOf(1, SEARCH), bytesOf(2, deleteRequest("cn=a")), bytesOf(3, SEARCH));
    const ids = [await client.next(), await client.next(), await client.next()].map(idOf);
    assert.deepEqual(ids, [1, 2, 3]);
    assert.lengthOf(client.received, 1, "one write for the answers of one chunk");
  });

  test("frontend/connection: requests split over chunks of two connections do not mix", async () => {
    const clients = [await fixture.client(), await fixture.client()];
    const bytes = [bytesOf(1, deleteRequest("cn=first")), bytesOf(2, deleteRequest("cn=other"))];
    for (let half = 0; half < 2; half += 1) {
      for (const [index, client] of clients.entries()) {
        const all = bytes[index] ?? Buffer.alloc(0);
        client.send(half === 0 ? all.subarray(0, 9) : all.subarray(9));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await Promise.all(clients.map((client) => client.next()));
    const dns = fixture.handler.handled.map(({ message }) =>
      message.request.type === "delete" ? message.request.dn : "",
    );
    assert.sameMembers(dns, ["cn=first", "cn=other"]);
  });

  test("frontend/connection: requests of one connection run side by side", async () => {
    fixture.handler.serve = () => {};
    const client = await fixture.client();
    client.send(bytesOf(1, deleteRequest("cn=a")), bytesOf(2, deleteRequest("cn=b")));
    await fixture.handler.handledCount(2);
    succeed(fixture.handler.at(1).reply);
    succeed(fixture.handler.at(0).reply);
    assert.deepEqual([idOf(await client.next()), idOf(await client.next())], [2, 1]);
  });

  test("frontend/connection: a serial connection has one request at a time", async () => {
    fixture.handler.serve = ({ connection, message, reply }) => {
      connection.serial = true;
      if (message.messageId === 1) succeed(reply);
    };
    const client = await fixture.client();
    client.send(bytesOf(1, SEARCH), bytesOf(2, SEARCH), bytesOf(3, SEARCH));
    await fixture.handler.handledCount(2);
    assert.equal(fixture.handler.trace, "search 1 search 2");
    succeed(fixture.handler.at(1).reply);
    await fixture.handler.handledCount(3);
  });

  test("frontend/connection: beyond outstandingMax requests wait for earlier ones", async () => {
    fixture.handler.serve = () => {};
    fixture.frontend.changeSettings({ outstandingMax: 2 });
    const client = await fixture.client();
    client.send(bytesOf(1, SEARCH), bytesOf(2, SEARCH), bytesOf(3, SEARCH));
    await fixture.handler.handledCount(2);
    assert.equal(fixture.handler.trace, "search 1 search 2");
    succeed(fixture.handler.at(1).reply);
    await fixture.handler.handledCount(3);
    assert.equal(idOf(await client.next()), 2);
  });

  test("frontend/connection: a bind waits for updates before it and holds back what is behind it", async () => {
    fixture.handler.serve = ({ message, reply }) => {
      if (message.request.type === "search") succeed(reply);
    };
    const client = await fixture.client();
    client.send(bytesOf(1, deleteRequest("cn=a")), bytesOf(2, BIND), bytesOf(3, SEARCH));
    await fixture.handler.handledCount(1);
    assert.equal(fixture.handler.trace, "delete 1");
    succeed(fixture.handler.at(0).reply);
    await fixture.handler.handledCount(2);
    assert.equal(fixture.handler.trace, "delete 1 bind 2");
    fixture.handler.at(1).connection.identity = "ann";
    succeed(fixture.handler.at(1).reply);
    await fixture.handler.handledCount(3);
    assert.equal(fixture.handler.at(2).connection.identity, "ann");
    const ids = [await client.next(), await client.next(), await client.next()].map(idOf);
    assert.deepEqual(ids, [1, 2, 3]);
  });

  test("frontend/connection: a bind abandons a search that does not end in time", async () => {
    let wasAbandoned = false;
    fixture.handler.serve = ({ message, reply }) => {
      if (message.request.type === "bind") succeed(reply);
      else reply.onAbandon(() => (wasAbandoned = true));
    };
    const client = await fixture.client();
    client.send(bytesOf(1, SEARCH), bytesOf(2, BIND));
    assert.equal(idOf(await client.next()), 2);
    assert.isTrue(wasAbandoned);
    assert.isTrue(fixture.handler.at(0).reply.isAbandoned);
  });

  test("frontend/connection: abandon stops a search without an answer and ignores other ids", async () => {
    let abandonedCount = 0;
    fixture.handler.serve = ({ message, reply }) => {
      if (message.messageId === 1) reply.onAbandon(() => (abandonedCount += 1));
      else succeed(reply);
    };
    const client = await fixture.client();
    client.send(
      bytesOf(1, SEARCH),
      bytesOf(2, { type: "abandon", messageId: 99 }),
      bytesOf(3, { type: "abandon", messageId: 1 }),
      bytesOf(4, { type: "abandon", messageId: 1 }),
      bytesOf(5, SEARCH),
    );
    assert.equal(idOf(await client.next()), 5);
    assert.equal(abandonedCount, 1);
    succeed(fixture.handler.at(0).reply);
    assert.equal(idOf(await client.request(6, SEARCH)), 6);
  });

  test("frontend/connection: an abandoned update is mute, and a bind still waits for its end", async () => {
    fixture.handler.serve = ({ message, reply }) => {
      if (message.request.type === "bind") succeed(reply);
    };
    const client = await fixture.client();
    client.send(
      bytesOf(1, deleteRequest("cn=a")),
      bytesOf(2, { type: "abandon", messageId: 1 }),
      bytesOf(3, BIND),
    );
    await fixture.handler.handledCount(1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(fixture.handler.trace, "delete 1");
    assert.isTrue(fixture.handler.at(0).reply.isAbandoned);
    succeed(fixture.handler.at(0).reply);
    assert.equal(idOf(await client.next()), 3);
  });

  test("frontend/connection: unbind ends the connection and what is behind it", async () => {
    fixture.handler.serve = () => {};
    const client = await fixture.client();
    client.send(bytesOf(1, SEARCH), bytesOf(2, UNBIND), bytesOf(3, SEARCH));
    assert.deepEqual(await client.ended(), []);
    await fixture.handler.closedCount(1);
    assert.equal(fixture.handler.trace, "search 1");
    assert.isTrue(fixture.handler.at(0).reply.isAbandoned);
    assert.equal(fixture.frontend.connectionCount, 0);
  });

  test("frontend/connection: a client that ends its side still gets the answers", async () => {
    fixture.handler.serve = () => {};
    const client = await fixture.client();
    client.socket.end(Buffer.concat([bytesOf(1, deleteRequest("cn=a")), bytesOf(2, SEARCH)]));
    await fixture.handler.handledCount(2);
    succeed(fixture.handler.at(0).reply);
    assert.equal(idOf(await client.next()), 1);
    succeed(fixture.handler.at(1).reply);
    assert.deepEqual((await client.ended()).map(idOf), [2]);
    await fixture.handler.closedCount(1);
  });

  test("frontend/connection: a reset abandons what is outstanding", async () => {
    fixture.handler.serve = () => {};
    const client = await fixture.client();
    client.send(bytesOf(1, SEARCH));
    await fixture.handler.handledCount(1);
    client.socket.resetAndDestroy();
    await fixture.handler.closedCount(1);
    assert.isTrue(fixture.handler.at(0).reply.isAbandoned);
    fixture.handler.at(0).reply.finish();
  });

  test("frontend/connection: an LdapError of the handler is the answer", async () => {
    fixture.handler.serve = () => {
      throw new LdapError("noSuchObject", "There is no such entry", { matchedDn: "dc=example" });
    };
    const client = await fixture.client();
    assert.deepEqual((await client.request(1, SEARCH))?.response, {
      type: "searchDone",
      result: {
        code: 32,
        matchedDn: "dc=example",
        message: "There is no such entry",
        referrals: [],
      },
    });
  });
});

suite("frontend/connection: hostile input", () => {
  let fixture: Fixture;
  setup(() => {
    fixture = new Fixture();
  });
  teardown(() => fixture.close());

  const noticeCases: readonly (readonly [name: string, hex: string])[] = [
    ["message ID 0", "30 0c 02 01 00 60 07 02 01 03 04 00 80 00"],
    ["a negative message ID", "30 0c 02 01 ff 60 07 02 01 03 04 00 80 00"],
    ["a message ID of 2^31", "30 10 02 05 00 80 00 00 00 60 07 02 01 03 04 00 80 00"],
    ["no message ID", "30 02 04 00"],
    ["an empty message", "30 00"],
    ["a response", "30 0c 02 01 01 61 07 0a 01 00 04 00 04 00"],
    ["an unknown operation", "30 05 02 01 01 7a 00"],
    ["a tag of several octets", "30 06 02 01 01 7f 81 00"],
  ];
  for (const [name, hex] of noticeCases) {
    test(`frontend/connection: ${name} is answered by a notice of disconnection`, async () => {
      const client = await fixture.client();
      client.send(Buffer.from(hex.replaceAll(" ", ""), "hex"), bytesOf(2, SEARCH));
      const messages = await client.ended();
      assert.lengthOf(messages, 1);
      assertNotice(messages[0], 2);
      assert.equal(fixture.handler.trace, "");
    });
  }

  const silentCases: readonly (readonly [name: string, bytes: Buffer])[] = [
    ["a TLS hello", Buffer.from("16030100c8010000c40303", "hex")],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["SSH", Buffer.from("SSH-2.0-x\r\n")],
    ["an indefinite length", Buffer.from("3080020101420000", "hex")],
    ["a length of five octets", Buffer.from("30850000000005020101420000", "hex")],
    ["a length of 127 octets", Buffer.from("30ff0000000005020101420000", "hex")],
  ];
  for (const [name, bytes] of silentCases) {
    test(`frontend/connection: ${name} closes the connection without a word`, async () => {
      const client = await fixture.client();
      client.send(bytes);
      assert.deepEqual(await client.ended(), []);
    });
  }

  test("frontend/connection: the notice has exactly the bytes of the standard", async () => {
    const client = await fixture.client();
    fixture.frontend.changeSettings({ idleTimeoutMs: 1 });
    await client.request(1, SEARCH);
    client.received.length = 0;
    fixture.frontend.sweep(performance.now());
    fixture.frontend.sweep(performance.now() + 60_000);
    await client.ended();
    const text = Buffer.from("Idle timeout exceeded");
    const expected = Buffer.concat([
      Buffer.from("3039020100", "hex"),
      Buffer.from("78340a013404000415", "hex"),
      text,
      Buffer.from("8a16", "hex"),
      Buffer.from(NOTICE_OID),
    ]);
    assert.equal(Buffer.concat(client.received).toString("hex"), expected.toString("hex"));
  });

  test("frontend/connection: a malformed body is answered 2 and the connection goes on", async () => {
    const client = await fixture.client();
    client.send(Buffer.from("3009020101630404 00 0a 01".replaceAll(" ", ""), "hex"));
    const response = (await client.next())?.response;
    assert.equal(response?.type, "searchDone");
    assert.equal(response !== undefined && "result" in response && response.result.code, 2);
    assert.equal(idOf(await client.request(2, SEARCH)), 2);
  });

  test("frontend/connection: a bind that cannot be decoded leaves the connection anonymous", async () => {
    fixture.handler.serve = ({ connection, reply }) => {
      connection.identity ??= "ann";
      succeed(reply);
    };
    const client = await fixture.client();
    await client.request(1, BIND);
    const { connection } = fixture.handler.at(0);
    assert.equal(connection.identity, "ann");
    client.send(Buffer.from("300c020102600702010304008900", "hex"));
    const response = (await client.next())?.response;
    assert.equal(response?.type === "bindResponse" && response.result.code, 7);
    assert.isUndefined(connection.identity);
  });

  test("frontend/connection: a message larger than allowed is refused at its header", async () => {
    const client = await fixture.client();
    client.send(Buffer.from("30847fffffff", "hex"));
    const messages = await client.ended();
    assertNotice(messages[0], 2);
  });

  test("frontend/connection: the size limit is lower before a bind and follows the settings", async () => {
    const large = bytesOf(2, deleteRequest("x".repeat(300_000)));
    fixture.handler.serve = ({ connection, message, reply }) => {
      if (message.request.type === "bind") connection.identity = "ann";
      succeed(reply);
    };
    const anonymous = await fixture.client();
    anonymous.send(large);
    assertNotice((await anonymous.ended())[0], 2);
    const bound = await fixture.client();
    await bound.request(1, BIND);
    bound.send(large);
    assert.equal(idOf(await bound.next()), 2);
    fixture.frontend.changeSettings({ messageBytesMax: 1_000 });
    bound.send(large);
    assertNotice((await bound.ended())[0], 2);
  });

  test("frontend/connection: every truncation of a request waits and never crashes", async () => {
    const whole = bytesOf(5, BIND);
    for (let length = 1; length < whole.length; length += 1) {
      const client = await RawClient.open({ port: await portOf(fixture) });
      client.socket.end(whole.subarray(0, length));
      assert.deepEqual(await client.ended(), []);
    }
    assert.equal(fixture.handler.trace, "");
  });

  test("frontend/connection: filters nested too deeply are refused and the connection stays", async () => {
    const client = await fixture.client();
    let filter = Buffer.from("8702636e", "hex");
    for (let depth = 0; depth < 200; depth += 1) {
      const head =
        filter.length < 128
          ? [0xa2, filter.length]
          : [0xa2, 0x82, filter.length >> 8, filter.length & 255];
      filter = Buffer.concat([Buffer.from(head), filter]);
    }
    const search = naiveRequest({ messageId: 1, request: SEARCH, controls: [] });
    const present = Buffer.from("870b6f626a656374436c617373", "hex");
    const at = search.indexOf(present);
    const op = Buffer.concat([
      search.subarray(7, at),
      filter,
      search.subarray(at + present.length),
    ]);
    client.send(
      Buffer.concat([
        header(0x30, 3 + 4 + op.length),
        Buffer.from("020101", "hex"),
        header(0x63, op.length),
        op,
      ]),
    );
    const response = (await client.next())?.response;
    assert.equal(response?.type === "searchDone" && response.result.code, 53);
    assert.equal(idOf(await client.request(2, SEARCH)), 2);
  });
});

suite("frontend/connection: limits", () => {
  let fixture: Fixture;
  setup(() => {
    fixture = new Fixture();
  });
  teardown(() => fixture.close());

  test("frontend/connection: connections beyond the limit are refused with busy", async () => {
    fixture.frontend.changeSettings({ connectionsMax: 1 });
    const first = await fixture.client();
    await first.request(1, SEARCH);
    const second = await fixture.client();
    assertNotice((await second.ended())[0], 51);
    assert.equal(idOf(await first.request(2, SEARCH)), 2);
  });

  test("frontend/connection: a request that stays incomplete closes its connection alone", async () => {
    const slow = await fixture.client();
    const other = await fixture.client();
    await slow.request(1, SEARCH);
    await other.request(1, SEARCH);
    slow.send(bytesOf(2, SEARCH).subarray(0, 5));
    await other.request(2, SEARCH);
    const now = performance.now();
    for (const ms of [0, 20_000, 35_000, 70_000]) fixture.frontend.sweep(now + ms);
    assert.deepEqual(await slow.ended(), []);
    assert.equal(idOf(await other.request(3, SEARCH)), 3);
  });

  test("frontend/connection: a stop lets updates end, then tells every client", async () => {
    fixture.handler.serve = () => {};
    const busy = await fixture.client();
    busy.send(bytesOf(1, deleteRequest("cn=a")), bytesOf(2, SEARCH));
    await fixture.handler.handledCount(2);
    const idle = await fixture.client();
    const port = await portOf(fixture);
    const stopped = fixture.frontend.stop();
    assertNotice((await idle.ended())[0], 52);
    assert.isFalse(busy.isEnded);
    succeed(fixture.handler.at(0).reply);
    const messages = await busy.ended();
    assert.equal(idOf(messages[0]), 1);
    assertNotice(messages[1], 52);
    await stopped;
    assert.equal(fixture.frontend.connectionCount, 0);
    await new Promise<void>((resolve) => connect(port, "127.0.0.1").once("error", () => resolve()));
  });
});

function idOf(message: ResponseMessage | undefined): number | undefined {
  return message?.messageId;
}

function assertNotice(message: ResponseMessage | undefined, code: number): void {
  assert.equal(message?.messageId, 0);
  const response = message?.response;
  assert.equal(response?.type === "extendedResponse" ? response.oid : undefined, NOTICE_OID);
  assert.equal(response !== undefined && "result" in response && response.result.code, code);
}

async function portOf(fixture: Fixture): Promise<number> {
  return fixture.frontend.listeners()[0]?.port ?? fixture.listen();
}

function header(tag: number, length: number): Buffer {
  return Buffer.from([tag, 0x82, length >> 8, length & 255]);
}
