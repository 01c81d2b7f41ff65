// Decodes requests (RFC 4511 §4): the only way from received bytes to a RequestMessage.
//
// Sequences that the RFC marks as extensible may go on behind what we know; the rest is ignored
// there and refused elsewhere. DNs must be UTF-8 (invalidDNSyntax otherwise); attribute
// descriptions need not be: unknown ones are judged later. Every failure is a ProtocolError which
// says how to answer it.
import type { BerReader as Reader } from "../ber/index.ts";
import { BerError, BerReader } from "../ber/index.ts";
import { readAttributes, readMods } from "./attributes.ts";
import { readControls } from "./controls.ts";
import { readFilter } from "./filter.ts";
import { FILTER_DEPTH_CEILING, FILTER_DEPTH_MAX_DEFAULT, MESSAGE_DEPTH_MAX } from "./limits.ts";
import type { FinalResponseType } from "./final-response.ts";
import type { BindRequest, Request, RequestMessage, Scope } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { readSelection } from "./selection.ts";
import {
  TAG_ABANDON_REQUEST,
  TAG_ADD_REQUEST,
  TAG_AUTHENTICATION_SASL,
  TAG_AUTHENTICATION_SIMPLE,
  TAG_BIND_REQUEST,
  TAG_COMPARE_REQUEST,
  TAG_DELETE_REQUEST,
  TAG_EXTENDED_REQUEST,
  TAG_MODIFY_DN_REQUEST,
  TAG_MODIFY_REQUEST,
  TAG_NEW_SUPERIOR,
  TAG_REQUEST_NAME,
  TAG_REQUEST_VALUE,
  TAG_SEARCH_REQUEST,
  TAG_UNBIND_REQUEST,
} from "./tags.ts";

export interface DecodeLimits {
  /** Nested and, or, not; at most FILTER_DEPTH_CEILING counts. */
  readonly filterDepthMax: number;
}

export const DECODE_LIMITS_DEFAULT: DecodeLimits = { filterDepthMax: FILTER_DEPTH_MAX_DEFAULT };

/** The message ID that no request has: abandoning it does nothing. */
const NO_MESSAGE = 0;
const MESSAGE_ID_MAX = 0x7fff_ffff;
const ABANDON_OCTETS_MAX = 6;

const SCOPES: readonly Scope[] = ["base", "one", "sub", "subordinate"];

/** Decodes one whole LDAPMessage as the FrameSplitter gives it. Values are views onto `frame`.
 *  @throws ProtocolError and nothing else, whatever the bytes are */
export function decodeRequest(
  frame: Buffer,
  limits: DecodeLimits = DECODE_LIMITS_DEFAULT,
): RequestMessage {
  const filterDepthMax = Math.min(limits.filterDepthMax, FILTER_DEPTH_CEILING);
  const reader = new BerReader(frame, { depthMax: filterDepthMax + MESSAGE_DEPTH_MAX });
  let messageId: number | undefined;
  let answer: FinalResponseType | undefined;
  try {
    reader.enter();
    messageId = readMessageId(reader);
    const tag = reader.peekTag();
    answer = answerOf(tag);
    const request = readRequest(reader, tag, filterDepthMax);
    const controls = readControls(reader);
    reader.leaveSkipping();
    return { messageId, request, controls };
  } catch (error) {
    if (error instanceof ProtocolError) {
      const { message, offset } = error;
      throw new ProtocolError(message, { code: error.codeName, messageId, answer, offset });
    }
    if (!(error instanceof BerError)) throw error;
    throw new ProtocolError(`Message cannot be decoded: ${error.message}`, {
      messageId,
      answer,
      offset: error.offset,
    });
  }
}

function readMessageId(reader: Reader): number {
  const start = reader.position;
  const messageId = reader.readInteger();
  if (messageId < 1) throw new BerError(`message ID is ${messageId}`, start);
  return messageId;
}

/** The final response to a request with this tag, if there is one. */
function answerOf(tag: number): FinalResponseType | undefined {
  switch (tag) {
    case TAG_BIND_REQUEST:
      return "bindResponse";
    case TAG_SEARCH_REQUEST:
      return "searchDone";
    case TAG_MODIFY_REQUEST:
      return "modifyResponse";
    case TAG_ADD_REQUEST:
      return "addResponse";
    case TAG_DELETE_REQUEST:
      return "deleteResponse";
    case TAG_MODIFY_DN_REQUEST:
      return "modifyDnResponse";
    case TAG_COMPARE_REQUEST:
      return "compareResponse";
    case TAG_EXTENDED_REQUEST:
      return "extendedResponse";
    default:
      return undefined;
  }
}

function readRequest(reader: Reader, tag: number, filterDepthMax: number): Request {
  switch (tag) {
    case TAG_BIND_REQUEST:
      return readBind(reader);
    case TAG_UNBIND_REQUEST:
      reader.skip();
      return { type: "unbind" };
    case TAG_SEARCH_REQUEST:
      return readSearch(reader, filterDepthMax);
    case TAG_MODIFY_REQUEST:
      return readModify(reader);
    case TAG_ADD_REQUEST:
      return readAdd(reader);
    case TAG_DELETE_REQUEST:
      return { type: "delete", dn: readDn(reader, TAG_DELETE_REQUEST) };
    case TAG_MODIFY_DN_REQUEST:
      return readModifyDn(reader);
    case TAG_COMPARE_REQUEST:
      return readCompare(reader);
    case TAG_ABANDON_REQUEST:
      return readAbandon(reader);
    case TAG_EXTENDED_REQUEST:
      return readExtended(reader);
    default:
      throw new BerError("no known operation", reader.position);
  }
}

function readDn(reader: Reader, tag?: number): string {
  const start = reader.position;
  const dn = reader.readUtf8(tag);
  if (dn !== undefined) return dn;
  throw new ProtocolError("DN is not UTF-8", { code: "invalidDnSyntax", offset: start });
}

function readBind(reader: Reader): BindRequest {
  reader.enter(TAG_BIND_REQUEST);
  const start = reader.position;
  const version = reader.readInteger();
  if (version < 1 || version > 127) throw new BerError(`LDAP version is ${version}`, start);
  const name = readDn(reader);
  const authentication = readAuthentication(reader);
  reader.leaveSkipping();
  return { type: "bind", version, name, authentication };
}

function readAuthentication(reader: Reader): BindRequest["authentication"] {
  switch (reader.peekTag()) {
    case TAG_AUTHENTICATION_SIMPLE:
      return { method: "simple", password: reader.readOctets(TAG_AUTHENTICATION_SIMPLE) };
    case TAG_AUTHENTICATION_SASL: {
      reader.enter(TAG_AUTHENTICATION_SASL);
      const mechanism = reader.readText();
      const credentials = reader.hasMore() ? reader.readOctets() : undefined;
      reader.leave();
      return { method: "sasl", mechanism, credentials };
    }
    default:
      if (!reader.hasMore()) throw new BerError("authentication missing", reader.position);
      throw new ProtocolError("Unknown authentication method", {
        code: "authMethodNotSupported",
        offset: reader.position,
      });
  }
}

function readSearch(reader: Reader, filterDepthMax: number): Request {
  reader.enter(TAG_SEARCH_REQUEST);
  const base = readDn(reader);
  const scopeStart = reader.position;
  const scope = SCOPES[reader.readEnumerated()];
  if (scope === undefined) throw new BerError("unknown search scope", scopeStart);
  const derefAliases = readDerefAliases(reader);
  const sizeLimit = readLimit(reader, "size limit");
  const timeLimit = readLimit(reader, "time limit");
  const typesOnly = reader.readBoolean();
  const filter = readFilter(reader, filterDepthMax);
  const attributes = readSelection(reader);
  reader.leaveSkipping();
  return {
    type: "search",
    base,
    scope,
    derefAliases,
    sizeLimit,
    timeLimit,
    typesOnly,
    filter,
    attributes,
  };
}

function readDerefAliases(reader: Reader): 0 | 1 | 2 | 3 {
  const start = reader.position;
  const value = reader.readEnumerated();
  if (value === 0 || value === 1 || value === 2 || value === 3) return value;
  throw new BerError("unknown dereference policy", start);
}

function readLimit(reader: Reader, what: string): number {
  const start = reader.position;
  const value = reader.readInteger();
  if (value < 0) throw new BerError(`${what} is negative`, start);
  return value;
}

function readModify(reader: Reader): Request {
  reader.enter(TAG_MODIFY_REQUEST);
  const dn = readDn(reader);
  const mods = readMods(reader);
  reader.leaveSkipping();
  return { type: "modify", dn, mods };
}

function readAdd(reader: Reader): Request {
  reader.enter(TAG_ADD_REQUEST);
  const dn = readDn(reader);
  const attributes = readAttributes(reader);
  reader.leaveSkipping();
  return { type: "add", dn, attributes };
}

function readModifyDn(reader: Reader): Request {
  reader.enter(TAG_MODIFY_DN_REQUEST);
  const dn = readDn(reader);
  const newRdn = readDn(reader);
  const deleteOldRdn = reader.readBoolean();
  const newSuperior =
    reader.peekTag() === TAG_NEW_SUPERIOR ? readDn(reader, TAG_NEW_SUPERIOR) : undefined;
  reader.leaveSkipping();
  return { type: "modifyDn", dn, newRdn, deleteOldRdn, newSuperior };
}

function readCompare(reader: Reader): Request {
  reader.enter(TAG_COMPARE_REQUEST);
  const dn = readDn(reader);
  reader.enter();
  const attribute = reader.readText();
  const value = reader.readOctets();
  reader.leave();
  reader.leaveSkipping();
  return { type: "compare", dn, attribute, value };
}

/** An abandon has no response, so that one with bad content is not refused: it abandons nothing. */
function readAbandon(reader: Reader): Request {
  const content = reader.readOctets(TAG_ABANDON_REQUEST);
  const isInteger = content.length >= 1 && content.length <= ABANDON_OCTETS_MAX;
  const value = isInteger ? content.readIntBE(0, content.length) : NO_MESSAGE;
  const messageId = value > 0 && value <= MESSAGE_ID_MAX ? value : NO_MESSAGE;
  return { type: "abandon", messageId };
}

function readExtended(reader: Reader): Request {
  reader.enter(TAG_EXTENDED_REQUEST);
  const oid = reader.readText(TAG_REQUEST_NAME);
  const value =
    reader.peekTag() === TAG_REQUEST_VALUE ? reader.readOctets(TAG_REQUEST_VALUE) : undefined;
  reader.leaveSkipping();
  return { type: "extended", oid, value };
}
