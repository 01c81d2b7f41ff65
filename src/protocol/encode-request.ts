// Encodes requests (RFC 4511 §4): the supplier's side of replication, and our own client. Lengths
// are minimal throughout, as in what 389 sends; long forms stand only inside the control values
// that come ready-made.
import type { BerWriter } from "../ber/index.ts";
import { writeAttributes, writeMods } from "./attributes.ts";
import { writeControls } from "./controls.ts";
import { writeFilter } from "./filter.ts";
import type {
  BindRequest,
  ModifyDnRequest,
  Request,
  RequestMessage,
  Scope,
  SearchRequest,
} from "./messages.ts";
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

const SCOPE_CODES: Readonly<Record<Scope, number>> = { base: 0, one: 1, sub: 2, subordinate: 3 };

export function encodeRequest(writer: BerWriter, message: RequestMessage): void {
  writer.start();
  writer.writeInteger(message.messageId);
  writeRequest(writer, message.request);
  writeControls(writer, message.controls);
  writer.end();
}

function writeRequest(writer: BerWriter, request: Request): void {
  switch (request.type) {
    case "bind":
      writeBind(writer, request);
      return;
    case "unbind":
      writer.writeNull(TAG_UNBIND_REQUEST);
      return;
    case "search":
      writeSearch(writer, request);
      return;
    case "modify":
      writer.start(TAG_MODIFY_REQUEST);
      writer.writeText(request.dn);
      writer.start();
      writeMods(writer, request.mods);
      writer.end();
      writer.end();
      return;
    case "add":
      writer.start(TAG_ADD_REQUEST);
      writer.writeText(request.dn);
      writer.start();
      writeAttributes(writer, request.attributes);
      writer.end();
      writer.end();
      return;
    case "delete":
      writer.writeText(request.dn, TAG_DELETE_REQUEST);
      return;
    case "modifyDn":
      writeModifyDn(writer, request);
      return;
    case "compare":
      writer.start(TAG_COMPARE_REQUEST);
      writer.writeText(request.dn);
      writer.start();
      writer.writeText(request.attribute);
      writer.writeOctets(request.value);
      writer.end();
      writer.end();
      return;
    case "abandon":
      writer.writeInteger(request.messageId, TAG_ABANDON_REQUEST);
      return;
    case "extended":
      writer.start(TAG_EXTENDED_REQUEST);
      writer.writeText(request.oid, TAG_REQUEST_NAME);
      if (request.value !== undefined) writer.writeOctets(request.value, TAG_REQUEST_VALUE);
      writer.end();
      return;
  }
}

function writeBind(writer: BerWriter, request: BindRequest): void {
  writer.start(TAG_BIND_REQUEST);
  writer.writeInteger(request.version);
  writer.writeText(request.name);
  const { authentication } = request;
  if (authentication.method === "simple") {
    writer.writeOctets(authentication.password, TAG_AUTHENTICATION_SIMPLE);
  } else {
    writer.start(TAG_AUTHENTICATION_SASL);
    writer.writeText(authentication.mechanism);
    if (authentication.credentials !== undefined) writer.writeOctets(authentication.credentials);
    writer.end();
  }
  writer.end();
}

function writeSearch(writer: BerWriter, request: SearchRequest): void {
  writer.start(TAG_SEARCH_REQUEST);
  writer.writeText(request.base);
  writer.writeEnumerated(SCOPE_CODES[request.scope]);
  writer.writeEnumerated(request.derefAliases);
  writer.writeInteger(request.sizeLimit);
  writer.writeInteger(request.timeLimit);
  writer.writeBoolean(request.typesOnly);
  writeFilter(writer, request.filter);
  writer.start();
  for (const attribute of request.attributes) writer.writeText(attribute);
  writer.end();
  writer.end();
}

function writeModifyDn(writer: BerWriter, request: ModifyDnRequest): void {
  writer.start(TAG_MODIFY_DN_REQUEST);
  writer.writeText(request.dn);
  writer.writeText(request.newRdn);
  writer.writeBoolean(request.deleteOldRdn);
  if (request.newSuperior !== undefined) writer.writeText(request.newSuperior, TAG_NEW_SUPERIOR);
  writer.end();
}
