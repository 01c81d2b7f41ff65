// Decodes responses (RFC 4511 §4): for the supplier's side of replication, chaining, and our own
// client. Elements behind those we know are ignored, as the RFC asks; text that is not UTF-8 is
// taken with replacement characters.
import type { BerReader as Reader } from "../ber/index.ts";
import { BerError, BerReader } from "../ber/index.ts";
import { readAttributes } from "./attributes.ts";
import { readControls } from "./controls.ts";
import { MESSAGE_DEPTH_MAX } from "./limits.ts";
import type { LdapResult, Response, ResponseMessage } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import {
  TAG_ADD_RESPONSE,
  TAG_BIND_RESPONSE,
  TAG_COMPARE_RESPONSE,
  TAG_DELETE_RESPONSE,
  TAG_EXTENDED_RESPONSE,
  TAG_INTERMEDIATE_NAME,
  TAG_INTERMEDIATE_RESPONSE,
  TAG_INTERMEDIATE_VALUE,
  TAG_MODIFY_DN_RESPONSE,
  TAG_MODIFY_RESPONSE,
  TAG_REFERRALS,
  TAG_RESPONSE_NAME,
  TAG_RESPONSE_VALUE,
  TAG_SEARCH_DONE,
  TAG_SEARCH_ENTRY,
  TAG_SEARCH_REFERENCE,
  TAG_SERVER_CREDENTIALS,
} from "./tags.ts";

const NO_REFERRALS: readonly string[] = [];

/** Decodes one whole LDAPMessage as the FrameSplitter gives it. Values are views onto `frame`.
 *  Message ID 0 is that of an unsolicited notification. @throws ProtocolError and nothing else,
 *  whatever the bytes are */
export function decodeResponse(frame: Buffer): ResponseMessage {
  const reader = new BerReader(frame, { depthMax: MESSAGE_DEPTH_MAX });
  let messageId: number | undefined;
  try {
    reader.enter();
    const start = reader.position;
    messageId = reader.readInteger();
    if (messageId < 0) throw new BerError(`message ID is ${messageId}`, start);
    const response = readResponse(reader);
    const controls = readControls(reader);
    reader.leaveSkipping();
    return { messageId, response, controls };
  } catch (error) {
    if (!(error instanceof BerError)) throw error;
    const { message, offset } = error;
    throw new ProtocolError(`Message cannot be decoded: ${message}`, { messageId, offset });
  }
}

function readResponse(reader: Reader): Response {
  const tag = reader.peekTag();
  switch (tag) {
    case TAG_SEARCH_ENTRY:
      return readSearchEntry(reader);
    case TAG_SEARCH_REFERENCE:
      return readSearchReference(reader);
    case TAG_SEARCH_DONE:
      return readPlain(reader, tag, "searchDone");
    case TAG_MODIFY_RESPONSE:
      return readPlain(reader, tag, "modifyResponse");
    case TAG_ADD_RESPONSE:
      return readPlain(reader, tag, "addResponse");
    case TAG_DELETE_RESPONSE:
      return readPlain(reader, tag, "deleteResponse");
    case TAG_MODIFY_DN_RESPONSE:
      return readPlain(reader, tag, "modifyDnResponse");
    case TAG_COMPARE_RESPONSE:
      return readPlain(reader, tag, "compareResponse");
    case TAG_BIND_RESPONSE:
      return readBindResponse(reader);
    case TAG_EXTENDED_RESPONSE:
      return readExtendedResponse(reader);
    case TAG_INTERMEDIATE_RESPONSE:
      return readIntermediate(reader);
    default:
      throw new BerError("no known response", reader.position);
  }
}

export function readSearchEntry(reader: Reader): Extract<Response, { type: "searchEntry" }> {
  reader.enter(TAG_SEARCH_ENTRY);
  const dn = reader.readText();
  const attributes = readAttributes(reader);
  reader.leaveSkipping();
  return { type: "searchEntry", dn, attributes };
}

function readSearchReference(reader: Reader): Response {
  reader.enter(TAG_SEARCH_REFERENCE);
  const urls: string[] = [];
  while (reader.hasMore()) urls.push(reader.readText());
  reader.leave();
  return { type: "searchReference", urls };
}

type PlainResponse = Exclude<
  Extract<Response, { readonly result: LdapResult }>,
  { readonly type: "bindResponse" | "extendedResponse" }
>;

function readPlain(reader: Reader, tag: number, type: PlainResponse["type"]): Response {
  reader.enter(tag);
  const result = readResult(reader);
  reader.leaveSkipping();
  return { type, result };
}

function readResult(reader: Reader): LdapResult {
  const code = reader.readEnumerated();
  const matchedDn = reader.readText();
  const message = reader.readText();
  if (reader.peekTag() !== TAG_REFERRALS) {
    return { code, matchedDn, message, referrals: NO_REFERRALS };
  }
  const referrals: string[] = [];
  reader.enter(TAG_REFERRALS);
  while (reader.hasMore()) referrals.push(reader.readText());
  reader.leave();
  return { code, matchedDn, message, referrals };
}

const readOptionalText = (reader: Reader, tag: number): string | undefined =>
  reader.peekTag() === tag ? reader.readText(tag) : undefined;
const readOptionalOctets = (reader: Reader, tag: number): Buffer | undefined =>
  reader.peekTag() === tag ? reader.readOctets(tag) : undefined;

function readBindResponse(reader: Reader): Response {
  reader.enter(TAG_BIND_RESPONSE);
  const result = readResult(reader);
  const serverCredentials = readOptionalOctets(reader, TAG_SERVER_CREDENTIALS);
  reader.leaveSkipping();
  return { type: "bindResponse", result, serverCredentials };
}

function readExtendedResponse(reader: Reader): Response {
  reader.enter(TAG_EXTENDED_RESPONSE);
  const result = readResult(reader);
  const oid = readOptionalText(reader, TAG_RESPONSE_NAME);
  const value = readOptionalOctets(reader, TAG_RESPONSE_VALUE);
  reader.leaveSkipping();
  return { type: "extendedResponse", result, oid, value };
}

function readIntermediate(reader: Reader): Response {
  reader.enter(TAG_INTERMEDIATE_RESPONSE);
  const oid = readOptionalText(reader, TAG_INTERMEDIATE_NAME);
  const value = readOptionalOctets(reader, TAG_INTERMEDIATE_VALUE);
  reader.leaveSkipping();
  return { type: "intermediateResponse", oid, value };
}
