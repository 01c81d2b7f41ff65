// A server that does nothing but answer: for `npm run bench -- limits`, as a process of its own. It reads sockets as Concord does, finds
// the ends of requests and the number of the user in them, and sends an answer of the usual size with that number in it. No
// database, no rules, no names, no log. What it costs is what Node and the system take for requests and answers.
//
// The first line on stdout is the port. Of the requests of load.c it knows binds, compares, and searches that name a user and find that
// one; any other ends it.
import { createServer } from "node:net";
import { TAG_SET, encodeBer } from "../../src/ber/index.ts";
import { readThroughSharedBuffer } from "../../src/frontend/transport.ts";
import { ResultCode } from "../../src/protocol/index.ts";
import {
  TAG_BIND_REQUEST,
  TAG_BIND_RESPONSE,
  TAG_COMPARE_REQUEST,
  TAG_COMPARE_RESPONSE,
  TAG_SEARCH_DONE,
  TAG_SEARCH_ENTRY,
  TAG_SEARCH_REQUEST,
} from "../../src/protocol/tags.ts";
import { NAME_TEMPLATE, PEOPLE } from "./people.ts";

/** Of an entry of the benchmark. */
const FILLING_BYTES = 330;
const NAME_START = NAME_TEMPLATE.replace(/#+$/, "");
const NAME_BYTES = NAME_TEMPLATE.length;
/** An ID of four bytes, whatever it is. */
const ANY_ID = 0x01020304;

const sequence = (write: Parameters<typeof encodeBer>[0]): Buffer => encodeBer(write, 1024);

const entryTemplate = sequence((writer) => {
  writer.start();
  writer.writeInteger(ANY_ID);
  writer.start(TAG_SEARCH_ENTRY);
  writer.writeText(`uid=${NAME_TEMPLATE},${PEOPLE}`);
  writer.start();
  for (const [type, value] of [
    ["uid", NAME_TEMPLATE],
    ["description", "x".repeat(FILLING_BYTES)],
  ] as const) {
    writer.start();
    writer.writeText(type);
    writer.start(TAG_SET);
    writer.writeText(value);
    writer.end();
    writer.end();
  }
  writer.end();
  writer.end();
  writer.end();
});
const NAME_PLACES = [
  entryTemplate.indexOf(NAME_TEMPLATE),
  entryTemplate.lastIndexOf(NAME_TEMPLATE),
] as const;

const resultTemplate = (tag: number, code: number): Buffer =>
  sequence((writer) => {
    writer.start();
    writer.writeInteger(ANY_ID);
    writer.start(tag);
    writer.writeEnumerated(code);
    writer.writeText("");
    writer.writeText("");
    writer.end();
    writer.end();
  });
/** By the tags of their requests. */
const results = new Map([
  [TAG_BIND_REQUEST, resultTemplate(TAG_BIND_RESPONSE, ResultCode.success)],
  [TAG_SEARCH_REQUEST, resultTemplate(TAG_SEARCH_DONE, ResultCode.success)],
  [TAG_COMPARE_REQUEST, resultTemplate(TAG_COMPARE_RESPONSE, ResultCode.compareTrue)],
]);
const idPlaceOf = (template: Buffer): number => template.indexOf(Buffer.of(1, 2, 3, 4));
const ENTRY_ID_PLACE = idPlaceOf(entryTemplate);
const RESULT_ID_PLACE = idPlaceOf(resultTemplate(TAG_SEARCH_DONE, ResultCode.success));

/** Bytes of the header and content of the element that begins at `at`. */
function sizesAt(bytes: Buffer, at: number): { readonly header: number; readonly content: number } {
  const first = bytes[at + 1]!;
  if (first < 0x80) return { header: 2, content: first };
  const count = first - 0x80;
  return { header: 2 + count, content: bytes.readUIntBE(at + 2, count) };
}

/** What answers the request that begins at `at`. */
function answerOf(bytes: Buffer, at: number, size: number): readonly Buffer[] {
  const idAt = at + sizesAt(bytes, at).header;
  const idBytes = bytes[idAt + 1]!;
  const id = bytes.readIntBE(idAt + 2, idBytes);
  const tag = bytes[idAt + 2 + idBytes]!;
  const template = results.get(tag);
  if (template === undefined) throw new Error(`requests 0x${tag.toString(16)} are not known`);
  const result = Buffer.from(template);
  result.writeInt32BE(id, RESULT_ID_PLACE);
  if (tag !== TAG_SEARCH_REQUEST) return [result];
  const name = bytes.indexOf(NAME_START, at, "latin1");
  if (name < 0 || name >= at + size) throw new Error("the search does not name a user");
  const entry = Buffer.from(entryTemplate);
  entry.writeInt32BE(id, ENTRY_ID_PLACE);
  for (const place of NAME_PLACES) bytes.copy(entry, place, name, name + NAME_BYTES);
  return [entry, result];
}

const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
  let rest = Buffer.alloc(0);
  const socket = readThroughSharedBuffer(accepted, (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const answers: Buffer[] = [];
    let at = 0;
    while (bytes.length - at > 6) {
      const { header, content } = sizesAt(bytes, at);
      const size = header + content;
      if (bytes.length - at < size) break;
      answers.push(...answerOf(bytes, at, size));
      at += size;
    }
    rest = Buffer.from(bytes.subarray(at));
    if (answers.length > 0) socket.write(Buffer.concat(answers));
    return true;
  });
  socket.on("error", () => socket.destroy());
  socket.resume();
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
