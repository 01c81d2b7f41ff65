/** The front end as clients see it: ldapi, back-pressure over real sockets, and ldapjs as a client that is not ours. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import ldapjs from "ldapjs";
import { setup, suite, teardown, test } from "mocha";
import type { Reply } from "../../../src/frontend/index.ts";
import { Transport } from "../../../src/frontend/transport.ts";
import { finalResponse, SUCCESS } from "../../../src/protocol/index.ts";
import { waitFor } from "../../support/wait-for.ts";
import { Fixture, succeed, tlsSettings } from "./fixture.ts";
import { BIND, bytesOf, RawClient, SEARCH } from "./raw-client.ts";

const ENTRY_BYTES = 10_000;
const WAIT_MS = 10_000;

suite("frontend/frontend", () => {
  let fixture: Fixture;
  setup(() => {
    fixture = new Fixture({ tls: tlsSettings() });
  });
  teardown(() => fixture.close());

  test("frontend/frontend: a search that heeds ready() is held by a slow reader and then completes", async () => {
    const entryCount = 1_000;
    let sentCount = 0;
    fixture.handler.serve = ({ reply }) =>
      produceEntries(reply, entryCount, () => (sentCount += 1));
    const client = await fixture.client();
    client.socket.pause();
    client.send(bytesOf(1, SEARCH));
    let before = -1;
    for (let same = 0; same < 50; ) {
      await new Promise((resolve) => setImmediate(resolve));
      same = sentCount === before && sentCount > 0 ? same + 1 : 0;
      before = sentCount;
    }
    assert.isBelow(sentCount * ENTRY_BYTES, 9_000_000, "the rest waits in the generator");
    client.socket.resume();
    let receivedCount = 0;
    for (
      let message = await client.next();
      message?.response.type === "searchEntry";
      receivedCount += 1
    )
      message = await client.next();
    assert.equal(receivedCount, entryCount);
    assert.equal(fixture.handler.at(0).reply.facts.entryCount, entryCount);
  });

  test("frontend/frontend: whom nobody takes is served here, numbers go on, and all count for the limit", async () => {
    const taken: Socket[] = [];
    let isTaking = true;
    const ids: number[] = [];
    const sharing = new Fixture({
      settings: { connectionsMax: 2 },
      taker: {
        get connectionCount() {
          return taken.length;
        },
        take: (socket, { id, kind }) => {
          ids.push(id);
          assert.equal(kind, "ldap");
          if (isTaking) taken.push(socket);
          return isTaking;
        },
      },
    });
    const other = await sharing.client();
    await waitFor(() => taken.length === 1, "the first one is taken", WAIT_MS);
    isTaking = false;
    const client = await sharing.client();
    assert.equal((await client.request(1, SEARCH))?.response.type, "searchDone");
    assert.equal(sharing.handler.at(0).connection.id, 2);
    const third = await (await sharing.client()).ended();
    assert.equal(third[0]?.response.type, "extendedResponse");
    assert.deepEqual(ids, [1, 2]);
    assert.equal(sharing.frontend.acceptedCount, 3);
    other.close();
    for (const socket of taken) socket.destroy();
    await sharing.close();
  });

  test("frontend/frontend: a slow reader's further requests are not read", async () => {
    fixture.handler.serve = ({ reply }) => {
      sendEntry(reply, 700_000);
      succeed(reply);
    };
    const client = await fixture.client();
    client.socket.pause();
    const count = 40;
    for (let id = 1; id <= count; id += 1) client.send(bytesOf(id, SEARCH));
    let before = -1;
    for (let same = 0; same < 50; ) {
      await new Promise((resolve) => setImmediate(resolve));
      const handledCount = fixture.handler.handled.length;
      same = handledCount === before && handledCount > 0 ? same + 1 : 0;
      before = handledCount;
    }
    assert.isBelow(fixture.handler.handled.length, 20);
    client.socket.resume();
    await fixture.handler.handledCount(count);
    for (let done = 0; done < count; )
      if ((await client.next())?.response.type === "searchDone") done += 1;
  });

  test("frontend/frontend: a reader that takes nothing is dropped after a time", async () => {
    fixture.handler.serve = ({ reply }) => sendEntry(reply, 20_000_000);
    const client = await fixture.client();
    client.socket.pause();
    client.send(bytesOf(1, SEARCH));
    await fixture.handler.handledCount(1);
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    for (const ms of [0, 5_000, 16_000]) fixture.frontend.sweep(now + ms);
    await fixture.handler.closedCount(1);
    assert.isTrue(fixture.handler.at(0).reply.isAbandoned);
  });

  test("frontend/frontend: plain sockets read through the shared buffer", async () => {
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.isObject(address);
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const client = await RawClient.open({
      port: typeof address === "object" ? (address?.port ?? 0) : 0,
    });
    const transport = new Transport(await accepted, "ldap", undefined);
    const received = new Promise<Buffer>((resolve, reject) => {
      const other = (): void => reject(new Error("not this"));
      transport.start({
        received: resolve,
        inputEnded: other,
        drained() {},
        secured: other,
        handshakeFailed: other,
        socketClosed() {},
      });
    });
    client.send(Buffer.from("hello"));
    assert.equal(String(await received), "hello");
    assert.isTrue(transport.isSharingReadBuffer);
    transport.destroy();
    client.close();
    server.close();
  });

  test("frontend/frontend: ldapi knows its peer and replaces a dead socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "concord-ldapi-"));
    const path = join(folder, "ldapi");
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(path, resolve));
    const second = new Fixture();
    await assertRejects(second.frontend.listen({ kind: "ldapi", path }), "EADDRINUSE");
    dead.close();
    writeFileSync(join(folder, "kept"), "");
    const listener = await fixture.frontend.listen({ kind: "ldapi", path });
    assert.equal(listener.url, `ldapi://${encodeURIComponent(path)}`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const client = await RawClient.open({ path });
    assert.equal((await client.request(1, SEARCH))?.messageId, 1);
    const { connection } = fixture.handler.at(0);
    assert.equal(connection.kind, "ldapi");
    assert.equal(connection.peerAddress, "local");
    assert.equal(connection.ssf, 71);
    assert.deepEqual(await connection.peerCredentials(), {
      pid: process.pid,
      uid: process.getuid?.() ?? -1,
      gid: process.getgid?.() ?? -1,
    });
    assert.equal((await client.request(2, SEARCH))?.messageId, 2, "the connection goes on");
    fixture.handler.serve = ({ connection: bound, reply }) => {
      void bound.peerCredentials().then((peer) => {
        bound.identity = peer?.uid;
        succeed(reply);
      });
    };
    client.send(bytesOf(3, BIND), bytesOf(4, SEARCH));
    assert.equal((await client.next())?.messageId, 3);
    assert.equal((await client.next())?.messageId, 4);
    assert.equal(connection.identity, process.getuid?.());
    client.close();
    await assertRejects(
      second.frontend.listen({ kind: "ldapi", path: join(folder, "kept") }),
      "EADDRINUSE",
    );
    rmSync(folder, { recursive: true });
  });

  test("frontend/frontend: ldapjs binds, searches, pipelines, secures itself and leaves", async () => {
    fixture.handler.serve = ({ message, reply }) => {
      if (message.request.type === "search") sendEntry(reply, 10);
      succeed(reply);
    };
    const port = await fixture.listen();
    const client = ldapjs.createClient({ url: `ldap://127.0.0.1:${port}` });
    const bound = callback((done) => client.bind("cn=ann", "secret", done));
    const found = search(client);
    await Promise.all([bound, found]);
    assert.equal(fixture.handler.trace.replaceAll(/ \d+/g, ""), "bind search");
    await callback((done) => client.starttls({ rejectUnauthorized: false }, [], done));
    assert.deepEqual(await search(client), ["cn=entry"]);
    await callback((done) => client.unbind(done));
    await fixture.handler.closedCount(1);
    const counts = fixture.frontend.requestCounts();
    assert.equal(counts.received, counts.finished);
    assert.equal(counts.received, 5);
  });
});

function produceEntries(reply: Reply, count: number, sent: () => void): void {
  let rest = count;
  const slice = (): void => {
    while (rest > 0 && reply.ready()) {
      if (reply.isAbandoned) return;
      sendEntry(reply, ENTRY_BYTES);
      sent();
      rest -= 1;
    }
    if (rest > 0) reply.onDrain(slice);
    else reply.send(finalResponse("searchDone", SUCCESS));
  };
  slice();
}

function sendEntry(reply: Reply, valueBytes: number): void {
  const attributes = [{ type: "description", values: [Buffer.alloc(valueBytes, 120)] }];
  reply.send({ type: "searchEntry", dn: "cn=entry", attributes });
}

async function search(client: ldapjs.Client): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    client.search("dc=example", { scope: "sub" }, (error, response) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const dns: string[] = [];
      response.on("searchEntry", (entry) => dns.push(String(entry.objectName)));
      response.on("error", reject);
      response.on("end", () => resolve(dns));
    });
  });
}

async function callback(call: (done: (error: unknown) => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    call((error) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}

async function assertRejects(promise: Promise<unknown>, code: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.propertyVal(error, "code", code);
}
