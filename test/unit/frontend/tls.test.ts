/** TLS (frontend/tls-acceptor, transport): ldaps, StartTLS and its order rules, reload, client certificates.
 * Method: Node's TLS client against a front end on a free port; certificates of test/data/frontend. RFC 4511 §4.14. */
import type { TLSSocket } from "node:tls";
import { assert } from "chai";
import { setup, suite, teardown, test } from "mocha";
import type { ResponseMessage } from "../../../src/protocol/index.ts";
import { Fixture, pem, succeed, tlsSettings } from "./fixture.ts";
import {
  BIND,
  bytesOf,
  deleteRequest,
  RawClient,
  SEARCH,
  START_TLS,
  UNBIND,
} from "./raw-client.ts";

const TRUSTING = { ca: pem("ca.crt"), servername: "localhost" };

suite("frontend/tls", () => {
  let fixture: Fixture;
  setup(() => {
    fixture = new Fixture({ tls: tlsSettings() });
  });
  teardown(() => fixture.close());

  test("frontend/tls: StartTLS secures the connection and drops the identity", async () => {
    fixture.handler.serve = ({ connection, reply }) => {
      connection.identity ??= "ann";
      connection.boundDn = "cn=ann";
      succeed(reply);
    };
    const client = await fixture.client();
    await client.request(1, BIND);
    const { connection } = fixture.handler.at(0);
    assert.equal(connection.ssf, 0);
    assert.deepEqual(resultOf(await client.request(2, START_TLS)), {
      code: 0,
      oid: "1.3.6.1.4.1.1466.20037",
    });
    await client.startTls(TRUSTING);
    fixture.handler.serve = ({ reply }) => succeed(reply);
    assert.equal((await client.request(3, SEARCH))?.messageId, 3);
    assert.isUndefined(connection.identity);
    assert.equal(connection.boundDn, "");
    assert.equal(connection.tls?.protocol, "TLSv1.3");
    assert.equal(connection.ssf, 256);
    assert.lengthOf(connection.tls?.channelBinding() ?? "", 32);
    assert.equal(resultOf(await client.request(4, START_TLS)).code, 1, "TLS is in use already");
    client.send(bytesOf(5, UNBIND));
    await fixture.handler.closedCount(1);
  });

  test("frontend/tls: both sides derive the same channel binding", async () => {
    const port = await fixture.listen("ldaps");
    const client = await RawClient.openTls(port, TRUSTING);
    await client.request(1, SEARCH);
    const binding = (client.socket as TLSSocket).exportKeyingMaterial(
      32,
      "EXPORTER-Channel-Binding",
      Buffer.alloc(0),
    );
    assert.deepEqual(fixture.handler.at(0).connection.tls?.channelBinding(), binding);
    client.close();
  });

  test("frontend/tls: what follows StartTLS in the clear is never served", async () => {
    const client = await fixture.client();
    client.send(bytesOf(1, START_TLS), bytesOf(2, deleteRequest("cn=injected")));
    const messages = await client.ended();
    assert.deepEqual(messages.map(resultOf), [{ code: 1, oid: "1.3.6.1.4.1.1466.20037" }]);
    assert.equal(fixture.handler.trace, "");
  });

  test("frontend/tls: part of a request behind StartTLS ends the connection too", async () => {
    const client = await fixture.client();
    client.send(bytesOf(1, START_TLS), Buffer.from("30", "hex"));
    assert.deepEqual(
      (await client.ended()).map((message) => resultOf(message).code),
      [1],
    );
  });

  test("frontend/tls: a request in the clear after StartTLS was answered ends the connection", async () => {
    const client = await fixture.client();
    assert.equal(resultOf(await client.request(1, START_TLS)).code, 0);
    client.socket.write(bytesOf(2, deleteRequest("cn=late")));
    // The server's TLS alert is no LDAP message: only the end counts.
    client.socket.removeAllListeners("data");
    client.socket.resume();
    await fixture.handler.closedCount(1);
    assert.equal(fixture.handler.trace, "");
  });

  test("frontend/tls: StartTLS is refused while an operation or a SASL bind is in progress", async () => {
    fixture.handler.serve = ({ connection, reply, message }) => {
      connection.isBindInProgress = message.request.type === "bind";
      if (message.request.type !== "delete") succeed(reply);
    };
    const client = await fixture.client();
    client.send(bytesOf(1, deleteRequest("cn=a")), bytesOf(2, START_TLS));
    const early = await client.next();
    assert.equal(early?.messageId, 2);
    assert.equal(resultOf(early).code, 1);
    succeed(fixture.handler.at(0).reply);
    assert.equal((await client.next())?.messageId, 1);
    await client.request(3, BIND);
    assert.equal(resultOf(await client.request(4, START_TLS)).code, 1);
    await client.request(5, SEARCH);
    assert.equal(resultOf(await client.request(6, START_TLS)).code, 0);
  });

  test("frontend/tls: StartTLS with a value is a protocol error", async () => {
    const client = await fixture.client();
    const request = { ...START_TLS, value: Buffer.from("x") } as typeof START_TLS;
    assert.equal(resultOf(await client.request(1, request)).code, 2);
    assert.equal(resultOf(await client.request(2, START_TLS)).code, 0);
  });

  test("frontend/tls: StartTLS without certificates is a protocol error and the connection stays", async () => {
    const plain = new Fixture();
    const client = await plain.client();
    assert.equal(resultOf(await client.request(1, START_TLS)).code, 2);
    assert.equal((await client.request(2, SEARCH))?.messageId, 2);
    await plain.close();
  });

  test("frontend/tls: garbage instead of a hello closes an ldaps connection", async () => {
    const port = await fixture.listen("ldaps");
    const client = await RawClient.open({ port });
    client.socket.removeAllListeners("data");
    client.socket.resume();
    client.send(bytesOf(1, SEARCH));
    await fixture.handler.closedCount(1);
    assert.equal(fixture.handler.trace, "");
  });

  test("frontend/tls: a client that does not begin the handshake is dropped after a time", async () => {
    const port = await fixture.listen("ldaps");
    const client = await RawClient.open({ port });
    while (fixture.frontend.connectionCount === 0)
      await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    for (const ms of [0, 5_000, 16_000]) fixture.frontend.sweep(now + ms);
    await fixture.handler.closedCount(1);
    assert.deepEqual(await client.ended(), []);
  });

  test("frontend/tls: new handshakes get the certificate that was loaded last", async () => {
    const port = await fixture.listen("ldaps");
    const before = await RawClient.openTls(port, TRUSTING);
    assert.equal(commonNameOf(before), "localhost");
    fixture.frontend.changeTls(tlsSettings("other"));
    const after = await RawClient.openTls(port, TRUSTING);
    assert.equal(commonNameOf(after), "other.localhost");
    assert.throws(() => fixture.frontend.changeTls({ ...tlsSettings(), certificate: "no PEM" }));
    const still = await RawClient.openTls(port, TRUSTING);
    assert.equal(commonNameOf(still), "other.localhost");
    assert.equal((await before.request(1, SEARCH))?.messageId, 1);
    for (const client of [before, after, still]) client.close();
  });

  test("frontend/tls: a client certificate counts only when an authority vouches for it", async () => {
    const port = await fixture.listen("ldaps");
    const known = { cert: pem("client.crt"), key: pem("client.key") };
    const stranger = { cert: pem("stranger.crt"), key: pem("stranger.key") };
    const found: (string | undefined)[] = [];
    for (const identity of [known, stranger, {}]) {
      const client = await RawClient.openTls(port, { ...TRUSTING, ...identity });
      await client.request(1, SEARCH);
      const der = fixture.handler.at(-1).connection.tls?.clientCertificate;
      found.push(der?.includes("ann") === true ? "ann" : der?.toString("hex"));
      client.close();
    }
    assert.deepEqual(found, ["ann", undefined, undefined]);
  });

  test("frontend/tls: without a required client certificate no request is served", async () => {
    fixture.frontend.changeTls({ ...tlsSettings(), clientCertificates: "required" });
    const port = await fixture.listen("ldaps");
    // With TLS 1.3 the client learns of the refusal only after its own handshake.
    const client = await RawClient.openTls(port, TRUSTING).catch(() => undefined);
    client?.send(bytesOf(1, SEARCH));
    await fixture.handler.closedCount(1);
    assert.equal(fixture.handler.trace, "");
    client?.close();
  });

  test("frontend/tls: TLS below the configured version is refused", async () => {
    fixture.frontend.changeTls({ ...tlsSettings(), versionMin: "TLSv1.3" });
    const port = await fixture.listen("ldaps");
    const client = await RawClient.openTls(port, { ...TRUSTING, maxVersion: "TLSv1.2" }).catch(
      (error: unknown) => error,
    );
    assert.instanceOf(client, Error);
    await fixture.handler.closedCount(1);
  });
});

function resultOf(message: ResponseMessage | undefined): { code: number; oid?: string } {
  const response = message?.response;
  if (response === undefined || !("result" in response)) return { code: -1 };
  const { code } = response.result;
  return response.type === "extendedResponse" && response.oid !== undefined
    ? { code, oid: response.oid }
    : { code };
}

function commonNameOf(client: RawClient): string {
  return (client.socket as TLSSocket).getPeerCertificate().subject.CN?.toString() ?? "";
}
