import { assert } from "chai";
import {
  Link,
  LinkCode,
  LinkError,
  type LinkSettings,
  judgeCapabilities,
  openLink,
  readCapabilities,
} from "../../../src/link/index.ts";
import {
  NO_CONTROLS,
  type RequestMessage,
  ResultCode,
  SUCCESS,
  REST_SESSION_OID,
  TOTAL_STATES_OID,
  TOTAL_CLEANED_OID,
  TOTAL_STRUCTURE_OID,
} from "../../../src/protocol/index.ts";
import { CA, LdapResponder, type Respond, type Send } from "../../support/ldap-responder.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const OIDS = (...ends: string[]): string[] => ends.map((end) => `2.16.840.1.113730.3.${end}`);

/** Binds with the password "right"; delete requests are answered in order. */
function respond(message: RequestMessage, send: Send): void {
  const { request } = message;
  if (request.type === "bind") {
    const { authentication } = request;
    const isRight =
      authentication.method === "sasl" || authentication.password.toString() === "right";
    const code = isRight ? ResultCode.success : ResultCode.invalidCredentials;
    const result = { ...SUCCESS, code, message: request.name };
    send({ type: "bindResponse", result, serverCredentials: undefined });
  }
  if (request.type === "search") {
    const values = OIDS("5.3", "5.4", "5.5", "5.6", "5.12").map(bytes);
    const attributes = [
      { type: "supportedControl", values: OIDS("4.13").map(bytes) },
      { type: "supportedExtension", values },
    ];
    send({ type: "searchEntry", dn: "", attributes });
    send({ type: "searchDone", result: SUCCESS });
  }
  if (request.type === "delete") {
    send({ type: "deleteResponse", result: { ...SUCCESS, message: request.dn } });
  }
}

function settingsFor(port: number, changes: Partial<LinkSettings["identity"]> = {}): LinkSettings {
  return {
    host: "127.0.0.1",
    port,
    identity: {
      transport: "ldap",
      bindMethod: "simple",
      bindDn: "cn=manager",
      password: "right",
      ...changes,
    },
    bootstrap: undefined,
    tls: { ca: CA(), rejectUnauthorized: true, servername: "localhost" },
    timeoutMs: 2_000,
  };
}

async function withResponder(
  answer: Respond,
  kind: "ldap" | "ldaps",
  run: (port: number) => Promise<void>,
): Promise<void> {
  const responder = await LdapResponder.open(answer, kind);
  try {
    await run(responder.port);
  } finally {
    await responder.close();
  }
}

async function failureOf(promise: Promise<unknown>): Promise<LinkError> {
  try {
    await promise;
  } catch (error) {
    assert.instanceOf(error, LinkError);
    return error;
  }
  return assert.fail("it fails");
}

suite("link/link", () => {
  for (const transport of ["ldap", "ldaps", "startTls"] as const) {
    test(`link/link: ${transport} is opened, bound, and its capabilities are read`, () =>
      withResponder(respond, transport === "ldaps" ? "ldaps" : "ldap", async (port) => {
        const link = await openLink(settingsFor(port, { transport }));
        const capabilities = await readCapabilities(link, 2_000);
        assert.deepEqual(capabilities, {
          isReplica: true,
          startOid: "2.16.840.1.113730.3.5.12",
          isPipelined: true,
          takesStructure: false,
          takesCleaned: false,
          mayRest: false,
        });
        link.close();
      }));
  }

  test("link/link: pipelined requests get their answers in order", () =>
    withResponder(respond, "ldap", async (port) => {
      const link = await openLink(settingsFor(port));
      const answers: string[] = [];
      await new Promise<void>((resolve) => {
        for (let n = 0; n < 500; n += 1) {
          const request = { type: "delete", dn: `cn=${n}` } as const;
          link.send(request, NO_CONTROLS, ({ response }) => {
            assert.ok(response.type === "deleteResponse");
            if (answers.push(response.result.message) === 500) resolve();
          });
        }
        assert.equal(link.unanswered, 500);
      });
      assert.deepEqual(
        answers,
        Array.from({ length: 500 }, (_, n) => `cn=${n}`),
      );
      assert.equal(link.unanswered, 0);
      link.close();
    }));

  test("link/link: SASL EXTERNAL sends no name", () =>
    withResponder(respond, "ldap", async (port) => {
      const link = await openLink(settingsFor(port, { bindMethod: "external" }));
      link.close();
    }));

  test("link/link: a refused bind tells its result code", () =>
    withResponder(respond, "ldap", async (port) => {
      const error = await failureOf(openLink(settingsFor(port, { password: "wrong" })));
      assert.equal(error.ldapCode, ResultCode.invalidCredentials);
    }));

  test("link/link: the bootstrap identity is tried after a refused bind", () =>
    withResponder(respond, "ldap", async (port) => {
      const settings = settingsFor(port, { password: "wrong" });
      const bootstrap = { ...settings.identity, password: "right" };
      const link = await openLink({ ...settings, bootstrap });
      link.close();
      const bothWrong = { ...settings, bootstrap: settings.identity };
      assert.equal((await failureOf(openLink(bothWrong))).ldapCode, ResultCode.invalidCredentials);
    }));

  test("link/link: a method that is not there is refused without connecting on", () =>
    withResponder(respond, "ldap", async (port) => {
      const error = await failureOf(openLink(settingsFor(port, { bindMethod: "gssapi" })));
      assert.equal(error.ldapCode, ResultCode.authMethodNotSupported);
    }));

  test("link/link: nobody listens", async () => {
    const responder = await LdapResponder.open(respond);
    const { port } = responder;
    await responder.close();
    assert.equal((await failureOf(openLink(settingsFor(port)))).ldapCode, LinkCode.serverDown);
  });

  test("link/link: a certificate of a stranger is not trusted", () =>
    withResponder(respond, "ldaps", async (port) => {
      const settings = settingsFor(port, { transport: "ldaps" });
      const tls = { rejectUnauthorized: true };
      const error = await failureOf(openLink({ ...settings, tls }));
      assert.equal(error.ldapCode, LinkCode.connectError);
    }));

  test("link/link: an answer that does not come ends the wait", () =>
    withResponder(
      (message, send) => {
        if (message.request.type === "bind") respond(message, send);
      },
      "ldap",
      async (port) => {
        const link = await openLink(settingsFor(port));
        const error = await failureOf(readCapabilities(link, 20));
        assert.equal(error.ldapCode, LinkCode.timeout);
        link.close();
      },
    ));

  test("link/link: a lost connection is told once, and closing is not a loss", () =>
    withResponder(
      (message, send, socket) => {
        if (message.request.type === "delete") socket.destroy();
        else respond(message, send);
      },
      "ldap",
      async (port) => {
        const link = await openLink(settingsFor(port));
        const losses: number[] = [];
        await new Promise<void>((resolve) => {
          link.onLost = (error) => {
            losses.push(error.ldapCode);
            resolve();
          };
          link.send({ type: "delete", dn: "cn=a" }, NO_CONTROLS, () => assert.fail("no answer"));
        });
        assert.deepEqual(losses, [LinkCode.serverDown]);
        assert.isTrue(link.isClosed);
        await link.whenWritable();
        const other = await openLink(settingsFor(port));
        other.onLost = () => assert.fail("closing is no loss");
        other.close();
      },
    ));

  test("link/link: the wait for room ends when the kernel takes all at once", () =>
    withResponder(respond, "ldap", async (port) => {
      const link = await openLink(settingsFor(port));
      const answered = new Promise<void>((resolve) => {
        const attributes = [{ type: "jpegPhoto", values: [Buffer.alloc(1_100_000)] }];
        link.send({ type: "add", dn: "cn=a", attributes }, NO_CONTROLS, () => {});
        link.send({ type: "delete", dn: "cn=a" }, NO_CONTROLS, () => resolve());
      });
      assert.isFalse(link.isWritable);
      await link.whenWritable();
      assert.isTrue(link.isWritable);
      await answered;
      link.close();
    }));

  test("link/link: bytes that are no LDAP end the connection", () =>
    withResponder(
      (message, send, socket) => {
        if (message.request.type === "delete") socket.write("HTTP/1.1 400 Bad Request");
        else respond(message, send);
      },
      "ldap",
      async (port) => {
        const link: Link = await openLink(settingsFor(port));
        const error = await new Promise<LinkError>((resolve) => {
          link.onLost = resolve;
          link.send({ type: "delete", dn: "cn=a" }, NO_CONTROLS, () => {});
        });
        assert.equal(error.ldapCode, LinkCode.serverDown);
      },
    ));
});

suite("link/capabilities", () => {
  const BASE = OIDS("5.3", "5.4", "5.5", "5.6");
  const ROWS = [TOTAL_STATES_OID, TOTAL_STRUCTURE_OID];
  const cases: [
    name: string,
    controls: string[],
    extensions: string[],
    expected: [boolean, string, boolean, ...boolean[]],
  ][] = [
    ["389 as it is", OIDS("4.13"), [...BASE, ...OIDS("5.9", "5.12")], [true, "5.12", true]],
    ["version 7.1", OIDS("4.13"), [...BASE, ...OIDS("5.9")], [true, "5.3", true]],
    ["version 5.0", OIDS("4.13"), BASE, [true, "5.3", false]],
    [
      "another Concord",
      OIDS("4.13"),
      [...BASE, ...OIDS("5.9", "5.12"), ...ROWS, REST_SESSION_OID, TOTAL_CLEANED_OID],
      [true, "5.12", true, true, true, true],
    ],
    [
      "one that knows nothing of cleaned IDs",
      OIDS("4.13"),
      [...BASE, ...OIDS("5.9", "5.12"), ...ROWS, REST_SESSION_OID],
      [true, "5.12", true, true, true],
    ],
    [
      "an older Concord",
      OIDS("4.13"),
      [...BASE, ...OIDS("5.9", "5.12"), ...ROWS],
      [true, "5.12", true, true],
    ],
    [
      "half of what Concord announces",
      OIDS("4.13"),
      [...BASE, ...OIDS("5.9", "5.12"), TOTAL_STATES_OID],
      [true, "5.12", true],
    ],
    ["no update control", [], BASE, [false, "5.3", false]],
    ["no End", OIDS("4.13"), OIDS("5.3", "5.4", "5.6"), [false, "5.3", false]],
  ];
  for (const [name, controls, extensions, expected] of cases) {
    const [isReplica, start, isPipelined] = expected;
    const [takesStructure = false, mayRest = false, takesCleaned = false] = expected.slice(3);
    test(`link/capabilities: ${name}`, () => {
      assert.deepEqual(judgeCapabilities(controls, extensions), {
        isReplica,
        startOid: `2.16.840.1.113730.3.${start}`,
        isPipelined,
        takesStructure,
        takesCleaned,
        mayRest,
      });
    });
  }
});
