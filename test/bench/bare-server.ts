// The server that all are compared with besides each other: it moves bytes between sockets and LMDB, and does nothing else. It reads
// sockets as Concord does, finds the ends of requests and the number of the user in them, looks up and puts the rows that nobody can do
// without (store-rows.ts), commits what has come together durably, and answers. No names, filters, rules, schema, states, log. What
// Concord lacks to it is what Concord itself costs; what it lacks to a goal is beyond a server that is one Node thread and asks LMDB.
//
//   search by uid     an index row and a record      substrings   two index rows and a record
//   base, compare     a record                       by surname   an index row and the records of all who have it
//   bind              a record and a salted SHA-1    changes      the rows of store-rows.ts
//
// Arguments: how many users. The first line on stdout is the port. Of the requests of load.c it knows those above; others end it.
import { createHash } from "node:crypto";
import { uint32At } from "../../src/kv/index.ts";
import { openLmdb } from "../../src/kv/lmdb.ts";
import {
  TAG_ADD_REQUEST,
  TAG_BIND_REQUEST,
  TAG_COMPARE_REQUEST,
  TAG_DELETE_REQUEST,
  TAG_MODIFY_REQUEST,
  TAG_SEARCH_REQUEST,
} from "../../src/protocol/tags.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { listenBare } from "./bare-listener.ts";
import { type Answers, type Request, entryOf, requestOf } from "./bare-messages.ts";
import { NAME_TEMPLATE, SURNAMES } from "./people.ts";
import { RECORD_BYTES, StoreRows } from "./store-rows.ts";

const ENTRIES = Number(process.argv[2]);
/** In front of the number of a user, also where the first letter is left out. */
const NAME_START = Buffer.from(NAME_TEMPLATE.replace(/#+$/, "").slice(1));
const NAME_DIGITS = NAME_TEMPLATE.length - NAME_TEMPLATE.indexOf("#");
const SURNAME_START = "Surname";
/** Of what modifications write. */
const VALUE_START = "load ";
const EQUALS = 0x3d;
const AT = 0x40;
/** About so many. */
const PASSWORD_BYTES = 12;
/** In front of the operation with the entry. */
const SIZE_BYTES = 4;
const QUIET_MS = 20;
const SALT = Buffer.alloc(8, 7);

interface Change {
  readonly put: () => void;
  readonly answer: () => void;
}

// An end in order, which removes the database.
process.once("SIGTERM", () => process.exit());

const kv = openLmdb(makeTemporaryFolder());
const rows = new StoreRows(kv, ENTRIES, (id) => recordOf(id, ""));
/** By the numbers of users. */
const addedIds = new Map<number, number>();
const waiting: Change[] = [];
let isCommitting = false;
let isScheduled = false;
let lastReadMs = 0;

function recordOf(number: number, description: string): Buffer {
  const name = NAME_TEMPLATE.replace(/#+$/, String(number).padStart(NAME_DIGITS, "0"));
  const record = Buffer.alloc(RECORD_BYTES);
  const entry = entryOf(name, description);
  record.writeUInt32BE(entry.length);
  entry.copy(record, SIZE_BYTES);
  return record;
}

/** Where the number in the first name of a user begins; below 0: nobody is named. */
function numberPlace(message: Buffer): number {
  const at = message.indexOf(NAME_START);
  return at < 0 ? at : at + NAME_START.length;
}

function numberAt(message: Buffer, place: number, digits = NAME_DIGITS): number {
  let number = 0;
  for (let at = place; at < place + digits; at += 1) number = number * 10 + message[at]! - 0x30;
  return number;
}

/** That of the user who is named. */
function numberIn(message: Buffer): number {
  const place = numberPlace(message);
  if (place < 0) throw new Error("the request names nobody");
  return numberAt(message, place);
}

function putEntry(answers: Answers, id: number, entryId: number): void {
  const record = rows.record(entryId);
  if (record === undefined) throw new Error(`there is no entry ${entryId}`);
  const size = uint32At(record, 0);
  answers.addEntry(id, size, (bytes, at) => {
    bytes.set(new Uint8Array(record.buffer, record.byteOffset + SIZE_BYTES, size), at);
  });
}

function search({ id }: Request, message: Buffer, answers: Answers): void {
  const place = numberPlace(message);
  if (place < 0) {
    const start = message.indexOf(SURNAME_START);
    if (start < 0) throw new Error("the search names nobody");
    const digits = message[start - 1]! - SURNAME_START.length;
    const surname = numberAt(message, start + SURNAME_START.length, digits);
    rows.lookUpKey(surname, 0);
    for (let each = surname; each < ENTRIES; each += SURNAMES) putEntry(answers, id, each);
    return;
  }
  const number = numberAt(message, place);
  // In a DN it stands behind "uid=", in a filter behind a length; that of substrings has an @ behind the number.
  if (message[place - NAME_START.length - 2] === EQUALS) {
    putEntry(answers, id, number);
    return;
  }
  if (message[place + NAME_DIGITS] === AT) rows.lookUpKey(number, 1);
  putEntry(answers, id, rows.lookUpKey(number, 0));
}

function bind(message: Buffer): void {
  const place = numberPlace(message);
  if (place < 0) return; // the root DN
  rows.record(numberAt(message, place));
  createHash("sha1").update(message.subarray(-PASSWORD_BYTES)).update(SALT).digest();
}

/** What the request puts. */
function changeOf({ tag }: Request, message: Buffer): () => void {
  const number = numberIn(message);
  switch (tag) {
    case TAG_MODIFY_REQUEST: {
      const record = recordOf(number, message.toString("latin1", message.lastIndexOf(VALUE_START)));
      return () => rows.modify(number, record);
    }
    case TAG_ADD_REQUEST: {
      const record = recordOf(number, "");
      return () => addedIds.set(number, rows.addition(record));
    }
    default:
      return () => rows.deletion(addedIds.get(number) ?? -1);
  }
}

/** Together with what else has come. */
function commitSoon(): void {
  isScheduled = false;
  if (!isCommitting) void commitAll();
}

async function commitAll(): Promise<void> {
  isCommitting = true;
  while (waiting.length > 0) {
    const batch = waiting.splice(0);
    const put = (): void => {
      for (const change of batch) change.put();
    };
    // As Concord does when that blocks nobody.
    if (batch.length === 1 && performance.now() - lastReadMs > QUIET_MS) kv.transactSync(put);
    else await kv.transact(put);
    kv.renew();
    for (const { answer } of batch) answer();
  }
  isCommitting = false;
}

await rows.fill();
await rows.fillStates();

listenBare((message, answers, flush) => {
  const request = requestOf(message);
  switch (request.tag) {
    case TAG_SEARCH_REQUEST:
      search(request, message, answers);
      break;
    case TAG_COMPARE_REQUEST:
      rows.record(numberIn(message));
      break;
    case TAG_BIND_REQUEST:
      bind(message);
      break;
    case TAG_MODIFY_REQUEST:
    case TAG_ADD_REQUEST:
    case TAG_DELETE_REQUEST: {
      const answer = (): void => {
        answers.addResult(request);
        queueMicrotask(flush);
      };
      waiting.push({ put: changeOf(request, message), answer });
      if (!isScheduled) setImmediate(commitSoon);
      isScheduled = true;
      return;
    }
  }
  lastReadMs = performance.now();
  answers.addResult(request);
});
