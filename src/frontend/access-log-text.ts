// The access log in 389's text form, which its logconv and many collectors read. One line for each event:
//
//   [02/Jan/2026:03:04:05.123456789 +0100] conn=1 fd=64 slot=64 connection from 192.0.2.7 to 192.0.2.1
//   […] conn=1 op=0 BIND dn="cn=ann" method=128 version=3
//   […] conn=1 op=0 RESULT err=0 tag=97 nentries=0 wtime=… optime=… etime=… dn="cn=ann"
//   […] conn=1 op=1 SRCH base="dc=x" scope=2 filter="(uid=ann)" attrs="cn sn"
//   […] conn=1 op=1 fd=64 Disconnect - Cleanly Closed Connection - U1
//
// wtime is the wait before an operation was begun, optime its run, etime their sum, in seconds. Text from clients has its
// control characters and quotes replaced by a backslash and two hexadecimal digits: a line stays a line. The two lines that
// every operation costs are written piece by piece into the buffer of the file.
import type { Clock } from "../base/index.ts";
import { formatFilter } from "../filter/index.ts";
import type { LineBuffer, LineSink } from "../log/index.ts";
import type {
  BindRequest,
  CompareRequest,
  Filter,
  ModifyRequest,
  Request,
  SearchRequest,
} from "../protocol/index.ts";
import {
  END_REPLICATION_OID,
  REPLICATION_ENTRY_71_OID,
  START_REPLICATION_90_OID,
} from "../protocol/index.ts";
import type { AccessLog } from "./access-log.ts";
import { shortenText } from "./access-log.ts";
import type { Operation } from "./operation.ts";
import type { CloseReason, Connection } from "./request-handler.ts";
import { START_TLS_OID } from "./start-tls.ts";

/** Response tags as 389 prints them: the identifier octet in decimal. */
const RESPONSE_TAG = {
  bind: 97,
  search: 101,
  modify: 103,
  add: 105,
  delete: 107,
  modifyDn: 109,
  compare: 111,
  extended: 120,
  unbind: 0,
  abandon: 0,
} as const;

const SCOPE = { base: 0, one: 1, sub: 2, subordinate: 3 } as const;

const DISCONNECT: Readonly<Record<CloseReason, string>> = {
  unbind: "Cleanly Closed Connection - U1",
  clientClosed: "Connection aborted - A1",
  connectionReset: "Connection aborted - A1",
  protocolError: "Bad Ber Tag or uncleanly closed connection - B1",
  notLdap: "Bad Ber Tag or uncleanly closed connection - B1",
  messageTooLarge: "Ber Too Big (nsslapd-maxbersize) - B2",
  requestIncomplete: "IO Block Timeout (nsslapd-ioblocktimeout) - T2",
  idle: "Idle Timeout (nsslapd-idletimeout) - T1",
  writeBlocked: "IO Block Timeout (nsslapd-ioblocktimeout) - T2",
  handshakeFailed: "NTSSL Timeout - T2",
  refused: "Poll - P2",
  shutdown: "Poll - P2",
  closedByServer: "Plugin - P1",
};

const NOTE_DETAILS: Readonly<Record<string, string>> = {
  A: "Fully Unindexed Filter",
  U: "Partially Unindexed Filter",
  F: "Filter Element Missing From Schema",
  P: "Paged Search",
};

const EXTENDED_NAMES: Readonly<Record<string, string>> = {
  [START_TLS_OID]: "start_tls_plugin",
  "1.3.6.1.4.1.4203.1.11.1": "passwd_modify_plugin",
  "1.3.6.1.4.1.4203.1.11.3": "whoami-plugin",
  [START_REPLICATION_90_OID]: "replication-multisupplier-extop",
  [END_REPLICATION_OID]: "replication-multisupplier-extop",
  [REPLICATION_ENTRY_71_OID]: "replication-multisupplier-extop",
};

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export class TextAccessLog implements AccessLog {
  readonly #file: LineSink;
  readonly #clock: Clock;
  /** What a line begins with, and the millisecond that it is for. */
  #stamp: Buffer = Buffer.alloc(0);
  #stampMs = -1;

  constructor(file: LineSink, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  opened(connection: Connection): void {
    const { descriptor: fd, peerAddress, localAddress } = connection;
    const secure = connection.kind === "ldaps" ? "SSL " : "";
    this.#line(
      `conn=${connection.id} fd=${fd} slot=${fd} ${secure}connection from ${peerAddress} to ${localAddress}`,
    );
  }

  secured(connection: Connection): void {
    const { tls } = connection;
    if (tls === undefined) return;
    const protocol = tls.protocol.replace("TLSv", "TLS");
    this.#line(`conn=${connection.id} ${protocol} ${tls.bits}-bit ${tls.cipher}`);
  }

  request(connection: Connection, operation: Operation): void {
    const line = this.#startLine();
    if (line === undefined) return;
    line.text("conn=").number(connection.id).text(" op=").number(operation.number).text(" ");
    const { request } = operation.message;
    writeRequest(line, request);
    this.#file.endLine();
  }

  abandon(connection: Connection, operation: Operation, target: Operation | undefined): void {
    const { request } = operation.message;
    const msgid = request.type === "abandon" ? request.messageId : 0;
    const found =
      target === undefined
        ? `targetop=NOTFOUND msgid=${msgid}`
        : `targetop=${target.number} msgid=${msgid} nentries=${target.facts.entryCount}` +
          ` etime=${formatSeconds(performance.now() - target.receivedAtMs)}`;
    this.#line(`conn=${connection.id} op=${operation.number} ABANDON ${found}`);
  }

  result(connection: Connection, operation: Operation): void {
    const { facts, message, resultCode } = operation;
    if (resultCode < 0) return;
    const endedAtMs = performance.now();
    const waitedMs = operation.startedAtMs - operation.receivedAtMs;
    const ranMs = endedAtMs - operation.startedAtMs;
    const line = this.#startLine();
    if (line === undefined) return;
    line.text("conn=").number(connection.id).text(" op=").number(operation.number);
    line.text(" RESULT err=").number(resultCode);
    line.text(" tag=").number(RESPONSE_TAG[message.request.type]);
    line.text(" nentries=").number(facts.entryCount);
    writeSeconds(line.text(" wtime="), waitedMs);
    writeSeconds(line.text(" optime="), ranMs);
    writeSeconds(line.text(" etime="), waitedMs + ranMs);
    if (facts.notes !== "") line.text(formatNotes(facts.notes));
    if (facts.csn !== "") line.text(" csn=").text(facts.csn);
    if (resultCode === SASL_BIND_IN_PROGRESS) line.text(", SASL bind in progress");
    else if (message.request.type === "bind" && resultCode === 0)
      quoted(line.text(' dn="'), facts.boundDn).text('"');
    else if (operation.resultMessage !== "" && resultCode !== 0)
      line.text(` - ${escapeText(operation.resultMessage)}`);
    this.#file.endLine();
  }

  closed(connection: Connection & { readonly closeReason: CloseReason }): void {
    const { id, requestCount, descriptor, closeReason } = connection;
    this.#line(
      `conn=${id} op=${requestCount - 1} fd=${descriptor} Disconnect - ${DISCONNECT[closeReason]}`,
    );
  }

  #line(text: string): void {
    if (this.#startLine()?.text(text) !== undefined) this.#file.endLine();
  }

  /** A line with its time; undefined: it is dropped. */
  #startLine(): LineBuffer | undefined {
    const line = this.#file.startLine();
    if (line === undefined) return undefined;
    const nowMs = this.#clock.now();
    if (nowMs !== this.#stampMs) this.#moveStamp(nowMs);
    return line.raw(this.#stamp);
  }

  /** Most lines are of the second of the one before: only the milliseconds are written anew. */
  #moveStamp(nowMs: number): void {
    const seconds = Math.floor(nowMs / 1000);
    if (seconds !== Math.floor(this.#stampMs / 1000)) this.#stamp = makeStamp(seconds);
    const ms = nowMs - seconds * 1000;
    this.#stamp[MS_START] = ZERO + Math.floor(ms / 100);
    this.#stamp[MS_START + 1] = ZERO + (Math.floor(ms / 10) % 10);
    this.#stamp[MS_START + 2] = ZERO + (ms % 10);
    this.#stampMs = nowMs;
  }
}

const ZERO = 0x30;
/** Where the milliseconds stand in a stamp. */
const MS_START = "[02/Jan/2026:03:04:05.".length;

/** The time with zeros for everything below the second. */
function makeStamp(seconds: number): Buffer {
  const time = new Date(seconds * 1000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = `${two(time.getDate())}/${MONTHS[time.getMonth()]}/${time.getFullYear()}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  const offset = -time.getTimezoneOffset();
  const zone = two(Math.floor(Math.abs(offset) / 60)) + two(Math.abs(offset) % 60);
  return Buffer.from(`[${day}:${clock}.000000000 ${offset < 0 ? "-" : "+"}${zone}] `, "latin1");
}

const SASL_BIND_IN_PROGRESS = 14;

function writeRequest(line: LineBuffer, request: Request): void {
  switch (request.type) {
    case "search":
      return writeSearch(line, request);
    case "bind":
      return writeBind(line, request);
    case "compare":
      quoted(line.text('CMP dn="'), request.dn);
      quoted(line.text('" attr="'), request.attribute).text('"');
      return;
    case "modify":
      quoted(line.text('MOD dn="'), request.dn).text('"');
      return;
    case "add":
    case "delete":
    case "modifyDn":
    case "abandon":
    case "unbind":
    case "extended":
      line.text(formatRequest(request));
  }
}

function formatRequest(
  request: Exclude<Request, SearchRequest | BindRequest | CompareRequest | ModifyRequest>,
): string {
  switch (request.type) {
    case "unbind":
      return "UNBIND";
    case "add":
      return `ADD dn="${escapeText(request.dn)}"`;
    case "delete":
      return `DEL dn="${escapeText(request.dn)}"`;
    case "modifyDn": {
      const superior = request.newSuperior ?? "(null)";
      return `MODRDN dn="${escapeText(request.dn)}" newrdn="${escapeText(request.newRdn)}" newsuperior="${escapeText(superior)}"`;
    }
    case "abandon":
      return `ABANDON msgid=${request.messageId}`;
    case "extended": {
      const name = EXTENDED_NAMES[request.oid];
      const oid = `EXT oid="${escapeText(request.oid)}"`;
      return name === undefined ? oid : `${oid} name="${name}"`;
    }
  }
}

function writeBind(line: LineBuffer, { authentication, name, version }: BindRequest): void {
  const isSimple = authentication.method === "simple";
  quoted(line.text('BIND dn="'), name).text(isSimple ? '" method=128' : '" method=sasl');
  line.text(" version=").number(version);
  if (!isSimple) quoted(line.text(" mech="), authentication.mechanism);
}

function writeSearch(line: LineBuffer, request: SearchRequest): void {
  quoted(line.text('SRCH base="'), request.base);
  line.text('" scope=').number(SCOPE[request.scope]);
  line.text(' filter="');
  writeFilter(line, request.filter);
  if (request.attributes.length === 0) line.text('" attrs=ALL');
  else line.text(`" attrs="${request.attributes.map(escapeText).join(" ")}"`);
}

/** Simple filters as they are, without a text in between. */
function writeFilter(line: LineBuffer, filter: Filter): void {
  const start = line.length;
  if (writePlainFilter(line, filter)) return;
  line.rewind(start);
  line.text(escapeText(formatFilter(filter)));
}

/** false: the filter is of another kind, or has characters that cannot stand for themselves; some of it may have been written. */
function writePlainFilter(line: LineBuffer, filter: Filter): boolean {
  if (filter.type === "equality") {
    return writeStart(line, filter.attribute) && writeValue(line, filter.value, ")");
  }
  if (filter.type === "present") {
    return writeStart(line, filter.attribute) && writeValue(line, undefined, "*)");
  }
  if (filter.type !== "substrings" || !writeStart(line, filter.attribute)) return false;
  if (!writeValue(line, filter.initial, "*")) return false;
  for (const piece of filter.any) if (!writeValue(line, piece, "*")) return false;
  return writeValue(line, filter.final, ")");
}

function writeStart(line: LineBuffer, attribute: string): boolean {
  if (!line.text("(").characters(attribute, PLAIN)) return false;
  line.text("=");
  return true;
}

function writeValue(line: LineBuffer, value: Buffer | undefined, end: string): boolean {
  if (value !== undefined && !line.octets(value, PLAIN_VALUE)) return false;
  line.text(end);
  return true;
}

function formatNotes(notes: string): string {
  const details = notes.split(",").map((note) => NOTE_DETAILS[note] ?? note);
  return ` notes=${notes} details="${details.join(",")}"`;
}

/** Seconds with nine decimals. */
function writeSeconds(line: LineBuffer, ms: number): void {
  const nanos = Math.round(Math.max(0, ms) * 1e6);
  const seconds = Math.floor(nanos / 1e9);
  line
    .number(seconds)
    .text(".")
    .number(nanos - seconds * 1e9, 9);
}

function formatSeconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(9);
}

/** A 1 for each character of printable ASCII but these. */
function printableWithout(characters: string): Uint8Array {
  return Uint8Array.from({ length: 0x80 }, (_, code) =>
    code < 0x20 || code === 0x7f || characters.includes(String.fromCharCode(code)) ? 0 : 1,
  );
}

/** Characters that stand for themselves, and those of values in filters that do. */
const PLAIN = printableWithout('"');
const PLAIN_VALUE = printableWithout('"()*\\');
const PLAIN_TEXT = /^[ !#-~]*$/;
const UNSAFE = /[\p{Cc}"\u2028\u2029]/gu;

/** The text as it stands between quotes. */
function quoted(line: LineBuffer, text: string): LineBuffer {
  return line.characters(text, PLAIN) ? line : line.text(escapeText(text));
}

function escapeText(text: string): string {
  const short = shortenText(text);
  if (PLAIN_TEXT.test(short)) return short;
  return short.replaceAll(UNSAFE, (character) => {
    const bytes = Buffer.from(character);
    return Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  });
}
