/** Access logs of a whole session in both forms. Method: a session over a real connection with everything in it, times
 * and ports masked; the expected lines are 389's forms written by hand. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { setup, suite, teardown, test } from "mocha";
import type { Millis } from "../../../src/base/index.ts";
import {
  type AccessLog,
  type Connection,
  JsonAccessLog,
  TextAccessLog,
} from "../../../src/frontend/index.ts";
import { LOG_FILE_DEFAULTS, LogFile } from "../../../src/log/index.ts";
import { finalResponse, LdapError, type Request, SUCCESS } from "../../../src/protocol/index.ts";
import { Fixture, type Handled, succeed, tlsSettings } from "./fixture.ts";
import { BIND, bytesOf, deleteRequest, RawClient, SEARCH, UNBIND } from "./raw-client.ts";

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 67) as Millis };

const SESSION: readonly Request[] = [
  BIND,
  SEARCH,
  {
    ...SEARCH,
    attributes: ["cn", "sn"],
    scope: "one",
    filter: { type: "equality", attribute: "cn", value: Buffer.from('a"\n*') },
  } as Request,
  { type: "add", dn: "cn=new", attributes: [] },
  { type: "modify", dn: "cn=new", mods: [] },
  { type: "modifyDn", dn: "cn=new", newRdn: "cn=b", deleteOldRdn: true, newSuperior: undefined },
  { type: "modifyDn", dn: "cn=b", newRdn: "cn=c", deleteOldRdn: true, newSuperior: "ou=x" },
  { type: "compare", dn: "cn=c", attribute: "cn", value: Buffer.from("c") },
  deleteRequest("cn=missing\u0000\n"),
  { type: "extended", oid: "1.3.6.1.4.1.4203.1.11.3", value: undefined },
  { type: "extended", oid: "1.2.3", value: undefined },
  {
    type: "bind",
    version: 3,
    name: "",
    authentication: { method: "sasl", mechanism: "EXTERNAL", credentials: undefined },
  },
];

const TEXT_LINES = `
conn=1 fd=F slot=F connection from 127.0.0.1 to 127.0.0.1
conn=1 op=0 BIND dn="cn=ann" method=128 version=3
conn=1 op=0 RESULT err=0 tag=97 nentries=0 TIMES dn="cn=ann,dc=example"
conn=1 op=1 SRCH base="dc=example" scope=2 filter="(objectClass=*)" attrs="cn"
conn=1 op=1 RESULT err=0 tag=101 nentries=1 TIMES notes=A,P details="Fully Unindexed Filter,Paged Search"
conn=1 op=2 SRCH base="dc=example" scope=1 filter="(cn=a\\22\\0a\\2a)" attrs="cn sn"
conn=1 op=2 RESULT err=0 tag=101 nentries=0 TIMES
conn=1 op=3 ADD dn="cn=new"
conn=1 op=3 RESULT err=0 tag=105 nentries=0 TIMES csn=65a0000100010000
conn=1 op=4 MOD dn="cn=new"
conn=1 op=4 RESULT err=0 tag=103 nentries=0 TIMES
conn=1 op=5 MODRDN dn="cn=new" newrdn="cn=b" newsuperior="(null)"
conn=1 op=5 RESULT err=0 tag=109 nentries=0 TIMES
conn=1 op=6 MODRDN dn="cn=b" newrdn="cn=c" newsuperior="ou=x"
conn=1 op=6 RESULT err=0 tag=109 nentries=0 TIMES
conn=1 op=7 CMP dn="cn=c" attr="cn"
conn=1 op=7 RESULT err=0 tag=111 nentries=0 TIMES
conn=1 op=8 DEL dn="cn=missing\\00\\0a"
conn=1 op=8 RESULT err=32 tag=107 nentries=0 TIMES - There is no such entry
conn=1 op=9 EXT oid="1.3.6.1.4.1.4203.1.11.3" name="whoami-plugin"
conn=1 op=9 RESULT err=0 tag=120 nentries=0 TIMES
conn=1 op=10 EXT oid="1.2.3"
conn=1 op=10 RESULT err=0 tag=120 nentries=0 TIMES
conn=1 op=11 BIND dn="" method=sasl version=3 mech=EXTERNAL
conn=1 op=11 RESULT err=0 tag=97 nentries=0 TIMES dn=""
conn=1 op=12 SRCH base="dc=example" scope=2 filter="(objectClass=*)" attrs="cn"
conn=1 op=13 ABANDON targetop=12 msgid=99 nentries=0 etime=T
conn=1 op=14 ABANDON targetop=NOTFOUND msgid=99
conn=1 op=15 UNBIND
conn=1 op=15 fd=F Disconnect - Cleanly Closed Connection - U1
`;

suite("frontend/access-log", () => {
  let folder: string;
  let file: LogFile;
  setup(() => {
    folder = mkdtempSync(join(tmpdir(), "concord-access-"));
    file = new LogFile({ ...LOG_FILE_DEFAULTS, path: join(folder, "access") }, clock);
  });
  teardown(async () => {
    await file.close();
    rmSync(folder, { recursive: true });
  });

  function lines(): readonly string[] {
    file.flush();
    return readFileSync(file.settings.path, "utf8").trimEnd().split("\n");
  }

  test("frontend/access-log: a session in 389's text form", async () => {
    await playSession(new TextAccessLog(file, clock));
    const prefix = /^\[0\d\/Jan\/2026:\d\d:\d\d:05\.067000000 [+-]\d{4}\] /;
    const masked = lines().map((line) => {
      assert.match(line, prefix);
      return line
        .replace(prefix, "")
        .replaceAll(/(fd|slot)=\d+/g, "$1=F")
        .replace(/wtime=\d+\.\d{9} optime=\d+\.\d{9} etime=\d+\.\d{9}/, "TIMES")
        .replace(/etime=\d+\.\d{9}/, "etime=T");
    });
    assert.deepEqual(masked, TEXT_LINES.trim().split("\n"));
  });

  test("frontend/access-log: a session as JSON lines", async () => {
    await playSession(new JsonAccessLog(file, clock));
    const records = lines().map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.lengthOf(records, TEXT_LINES.trim().split("\n").length);
    for (const record of records)
      assert.include(record, { time: "2026-01-02T03:04:05.067Z", connection: 1 });
    assert.include(records[0], { event: "frontend.connection.opened", peer: "127.0.0.1" });
    assert.include(records[2], {
      event: "frontend.operation.finished",
      boundDn: "cn=ann,dc=example",
    });
    assert.include(records[5], { filter: '(cn=a"\\0a\\2a)', scope: "one" });
    assert.include(records[8], { code: 0, csn: "65a0000100010000", type: "add" });
    assert.deepInclude(records[4], { entries: 1, notes: ["A", "P"] });
    assert.include(records.at(-1), {
      event: "frontend.connection.closed",
      reason: "unbind",
      requests: 16,
    });
    assert.notInclude(JSON.stringify(records), "secret");
  });

  test("frontend/access-log: TLS and the way a connection ended are told", async () => {
    const fixture = new Fixture({ accessLog: new TextAccessLog(file, clock), tls: tlsSettings() });
    const port = await fixture.listen("ldaps");
    const client = await RawClient.openTls(port, { rejectUnauthorized: false });
    await client.request(1, SEARCH);
    client.send(Buffer.from("3080", "hex"));
    await fixture.handler.closedCount(1);
    const all = lines();
    assert.match(
      all[0] ?? "",
      /conn=1 fd=\d+ slot=\d+ SSL connection from 127\.0\.0\.1 to 127\.0\.0\.1$/,
    );
    assert.match(all[1] ?? "", /conn=1 TLS1\.3 256-bit TLS_AES_256_GCM_SHA384$/);
    assert.match(all.at(-1) ?? "", /conn=1 op=0 fd=\d+ Disconnect - Bad Ber Tag .* - B1$/);
    await fixture.close();
  });

  const filters: readonly (readonly [
    attribute: string,
    value: string | undefined,
    text: string,
  ])[] = [
    ["cn", undefined, "(cn=*)"],
    ["cn", "plain text ~!", "(cn=plain text ~!)"],
    ["cn", "", "(cn=)"],
    ["cn;lang-de", "(a)*b\\c", "(cn;lang-de=\\28a\\29\\2ab\\5cc)"],
    ["cn", "\u00e9", "(cn=\u00e9)"],
    ['c"n', undefined, "(c\\22n=*)"],
    ['c"n', "a", "(c\\22n=a)"],
    ["cn", "x".repeat(100), `(cn=${"x".repeat(100)})`],
  ];
  test("frontend/access-log: filters of all kinds of characters are told as texts", async () => {
    const fixture = new Fixture({ accessLog: new TextAccessLog(file, clock) });
    const client = await fixture.client();
    for (const [index, [attribute, value]] of filters.entries()) {
      const filter =
        value === undefined
          ? { type: "present" as const, attribute }
          : { type: "equality" as const, attribute, value: Buffer.from(value) };
      await client.request(index + 1, { ...SEARCH, filter } as Request);
    }
    await fixture.close();
    const told = lines().flatMap((line) => /SRCH .* filter="(.*)" attrs=/.exec(line)?.[1] ?? []);
    assert.deepEqual(
      told,
      filters.map(([, , text]) => text),
    );
  });

  const pieces: readonly (readonly [
    pieces: readonly [initial: string | undefined, any: readonly string[], final?: string],
    text: string,
  ])[] = [
    [["a", []], "(cn=a*)"],
    [[undefined, ["b", "c"]], "(cn=*b*c*)"],
    [["a", ["b"], "z"], "(cn=a*b*z)"],
    [[undefined, [], "z"], "(cn=*z)"],
    [["a", ["*"], "z"], "(cn=a*\\2a*z)"],
    [["(", ["b"]], "(cn=\\28*b*)"],
    [["a", [], "\u00e9"], "(cn=a*\u00e9)"],
    [[undefined, ["x".repeat(100)]], `(cn=*${"x".repeat(100)}*)`],
  ];
  test("frontend/access-log: pieces of values are told in their order", async () => {
    const fixture = new Fixture({ accessLog: new TextAccessLog(file, clock) });
    const client = await fixture.client();
    for (const [index, [[initial, any, final]]] of pieces.entries()) {
      const bytes = (text: string | undefined): Buffer | undefined =>
        text === undefined ? undefined : Buffer.from(text);
      const filter = {
        type: "substrings",
        attribute: "cn",
        initial: bytes(initial),
        any: any.map((piece) => Buffer.from(piece)),
        final: bytes(final),
      };
      await client.request(index + 1, { ...SEARCH, filter } as Request);
    }
    await fixture.close();
    const told = lines().flatMap((line) => /SRCH .* filter="(.*)" attrs=/.exec(line)?.[1] ?? []);
    assert.deepEqual(
      told,
      pieces.map(([, text]) => text),
    );
  });

  test("frontend/access-log: the time of each line is that of its millisecond", () => {
    const times = ["03:04:05.067", "03:04:05.008", "03:04:05.990", "03:04:06.000", "13:04:06.000"];
    let at = 0;
    const moving = {
      now: () => new Date(`2026-01-02T${times[at] as string}`).getTime() as Millis,
    };
    const log = new TextAccessLog(file, moving);
    for (; at < times.length; at += 1) log.opened({ id: 1 } as Connection);
    at = 0;
    assert.deepEqual(
      lines().map((line) => /^\[02\/Jan\/2026:(\S{12})000000 [+-]\d{4}\] conn=1 /.exec(line)?.[1]),
      times,
    );
  });

  test("frontend/access-log: a filter of megabytes is cut", async () => {
    const fixture = new Fixture({ accessLog: new TextAccessLog(file, clock) });
    const client = await fixture.client();
    const value = Buffer.alloc(200_000, 97);
    await client.request(1, {
      ...SEARCH,
      filter: { type: "equality", attribute: "cn", value },
    } as Request);
    await fixture.close();
    assert.isBelow(Math.max(...lines().map((line) => line.length)), 5_000);
  });
});

async function playSession(accessLog: AccessLog): Promise<void> {
  const fixture = new Fixture({ accessLog });
  fixture.handler.serve = answer;
  const client = await fixture.client();
  for (const [index, request] of SESSION.entries()) await client.request(index + 1, request);
  client.send(
    bytesOf(99, SEARCH),
    bytesOf(100, { type: "abandon", messageId: 99 }),
    bytesOf(101, { type: "abandon", messageId: 99 }),
    bytesOf(102, UNBIND),
  );
  await fixture.handler.closedCount(1);
  await fixture.close();
}

function answer({ message, reply }: Handled): void {
  if (message.messageId === 99) return;
  if (message.messageId === 1) reply.facts.boundDn = "cn=ann,dc=example";
  if (message.messageId === 2) {
    reply.send({ type: "searchEntry", dn: "cn=a", attributes: [] });
    reply.facts.notes = "A,P";
    reply.send(finalResponse("searchDone", SUCCESS));
  }
  if (message.request.type === "add") reply.facts.csn = "65a0000100010000";
  if (message.request.type === "delete")
    throw new LdapError("noSuchObject", "There is no such entry");
  succeed(reply);
}
