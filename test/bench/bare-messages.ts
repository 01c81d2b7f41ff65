// What servers without anything behind them (empty-server.ts, bare-server.ts) know of LDAP: where messages end, their IDs and
// operations, and answers of the usual size.
import { TAG_SET, encodeBer } from "../../src/ber/index.ts";
import { ResultCode } from "../../src/protocol/index.ts";
import {
  TAG_ADD_REQUEST,
  TAG_ADD_RESPONSE,
  TAG_BIND_REQUEST,
  TAG_BIND_RESPONSE,
  TAG_COMPARE_REQUEST,
  TAG_COMPARE_RESPONSE,
  TAG_DELETE_REQUEST,
  TAG_DELETE_RESPONSE,
  TAG_MODIFY_REQUEST,
  TAG_MODIFY_RESPONSE,
  TAG_SEARCH_DONE,
  TAG_SEARCH_ENTRY,
  TAG_SEARCH_REQUEST,
} from "../../src/protocol/tags.ts";
import { PEOPLE } from "./people.ts";

/** Of an entry of the benchmark. */
const FILLING_BYTES = 330;
const MESSAGE_BYTES = 1024;
/** An ID of four bytes, whatever it is. */
const ANY_ID = 0x01020304;

export interface Request {
  readonly id: number;
  /** That of its operation. */
  readonly tag: number;
}

const sequence = (write: Parameters<typeof encodeBer>[0]): Buffer =>
  encodeBer(write, MESSAGE_BYTES);

/** Of a message whose header has come: bytes of the header and of what follows it. */
function sizesAt(bytes: Buffer, at: number): { readonly header: number; readonly content: number } {
  const first = bytes[at + 1]!;
  if (first < 0x80) return { header: 2, content: first };
  const count = first - 0x80;
  return { header: 2 + count, content: bytes.readUIntBE(at + 2, count) };
}

export function requestOf(message: Buffer): Request {
  const idAt = sizesAt(message, 0).header;
  const idBytes = message[idAt + 1]!;
  return { id: message.readIntBE(idAt + 2, idBytes), tag: message[idAt + 2 + idBytes]! };
}

/** The operation of an answer with the entry of this user. */
export function entryOf(name: string, description: string): Buffer {
  return sequence((writer) => {
    writer.start(TAG_SEARCH_ENTRY);
    writer.writeText(`uid=${name},${PEOPLE}`);
    writer.start();
    for (const [type, value] of [
      ["uid", name],
      ["description", description],
      ["seeAlso", "x".repeat(FILLING_BYTES - description.length)],
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
  });
}

const resultOf = (tag: number, code: number): Buffer =>
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
const RESULTS = new Map([
  [TAG_BIND_REQUEST, resultOf(TAG_BIND_RESPONSE, ResultCode.success)],
  [TAG_SEARCH_REQUEST, resultOf(TAG_SEARCH_DONE, ResultCode.success)],
  [TAG_COMPARE_REQUEST, resultOf(TAG_COMPARE_RESPONSE, ResultCode.compareTrue)],
  [TAG_MODIFY_REQUEST, resultOf(TAG_MODIFY_RESPONSE, ResultCode.success)],
  [TAG_ADD_REQUEST, resultOf(TAG_ADD_RESPONSE, ResultCode.success)],
  [TAG_DELETE_REQUEST, resultOf(TAG_DELETE_RESPONSE, ResultCode.success)],
]);
const RESULT_ID_PLACE = resultOf(TAG_SEARCH_DONE, 0).indexOf(Buffer.of(1, 2, 3, 4));
/** SEQUENCE with a length of two bytes, and an ID of four bytes. */
const ENTRY_HEAD = Buffer.of(0x30, 0x82, 0, 0, 2, 4, 0, 0, 0, 0);
const ENTRY_LENGTH_PLACE = 2;
const ENTRY_ID_PLACE = 6;
const ENTRY_ID_BYTES = 6;

/** Answers that leave together. */
export class Answers {
  #bytes = Buffer.allocUnsafe(1 << 18);
  #length = 0;

  /** @throws Error for operations that are not known */
  addResult({ id, tag }: Request): void {
    const result = RESULTS.get(tag);
    if (result === undefined) throw new Error(`requests 0x${tag.toString(16)} are not known`);
    this.#reserve(result.length);
    this.#bytes.set(result, this.#length);
    this.#bytes.writeInt32BE(id, this.#length + RESULT_ID_PLACE);
    this.#length += result.length;
  }

  /** @param put writes the operation, of so many bytes, to where it is told */
  addEntry(id: number, size: number, put: (bytes: Buffer, at: number) => void): void {
    this.#reserve(ENTRY_HEAD.length + size);
    const at = this.#length;
    this.#bytes.set(ENTRY_HEAD, at);
    this.#bytes.writeUInt16BE(ENTRY_ID_BYTES + size, at + ENTRY_LENGTH_PLACE);
    this.#bytes.writeInt32BE(id, at + ENTRY_ID_PLACE);
    put(this.#bytes, at + ENTRY_HEAD.length);
    this.#length += ENTRY_HEAD.length + size;
  }

  /** @param write says whether its memory may be used again at once */
  flush(write: (bytes: Buffer) => boolean): void {
    if (this.#length === 0) return;
    const isFree = write(this.#bytes.subarray(0, this.#length));
    if (!isFree) this.#bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#length = 0;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** No request is shorter. */
const REQUEST_BYTES_MIN = 7;

/** Finds the messages in what comes from one connection. */
export class Messages {
  #rest = Buffer.alloc(0);

  /** @param take is lent each whole message */
  receive(chunk: Buffer, take: (message: Buffer) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= REQUEST_BYTES_MIN) {
      const { header, content } = sizesAt(bytes, at);
      const end = at + header + content;
      if (bytes.length < end) break;
      take(bytes.subarray(at, end));
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }
}
