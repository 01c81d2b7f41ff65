// Encodes responses (RFC 4511 §4). Search entries that lie ready in the store go through
// search-entry.ts instead.
import type { BerWriter } from "../ber/index.ts";
import { writeAttributes } from "./attributes.ts";
import { writeControls } from "./controls.ts";
import type { LdapResult, Response, ResponseMessage, ResponseType } from "./messages.ts";
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

export const RESPONSE_TAGS: Readonly<Record<ResponseType, number>> = {
  bindResponse: TAG_BIND_RESPONSE,
  searchEntry: TAG_SEARCH_ENTRY,
  searchReference: TAG_SEARCH_REFERENCE,
  searchDone: TAG_SEARCH_DONE,
  modifyResponse: TAG_MODIFY_RESPONSE,
  addResponse: TAG_ADD_RESPONSE,
  deleteResponse: TAG_DELETE_RESPONSE,
  modifyDnResponse: TAG_MODIFY_DN_RESPONSE,
  compareResponse: TAG_COMPARE_RESPONSE,
  extendedResponse: TAG_EXTENDED_RESPONSE,
  intermediateResponse: TAG_INTERMEDIATE_RESPONSE,
};

export function encodeResponse(writer: BerWriter, message: ResponseMessage): void {
  writer.start();
  writer.writeInteger(message.messageId);
  writeResponse(writer, message.response);
  writeControls(writer, message.controls);
  writer.end();
}

function writeResponse(writer: BerWriter, response: Response): void {
  writer.start(RESPONSE_TAGS[response.type]);
  switch (response.type) {
    case "searchEntry":
      writer.writeText(response.dn);
      writer.start();
      writeAttributes(writer, response.attributes);
      writer.end();
      break;
    case "searchReference":
      for (const url of response.urls) writer.writeText(url);
      break;
    case "bindResponse":
      writeResult(writer, response.result);
      if (response.serverCredentials !== undefined) {
        writer.writeOctets(response.serverCredentials, TAG_SERVER_CREDENTIALS);
      }
      break;
    case "extendedResponse":
      writeResult(writer, response.result);
      if (response.oid !== undefined) writer.writeText(response.oid, TAG_RESPONSE_NAME);
      if (response.value !== undefined) writer.writeOctets(response.value, TAG_RESPONSE_VALUE);
      break;
    case "intermediateResponse":
      if (response.oid !== undefined) writer.writeText(response.oid, TAG_INTERMEDIATE_NAME);
      if (response.value !== undefined) writer.writeOctets(response.value, TAG_INTERMEDIATE_VALUE);
      break;
    case "searchDone":
    case "modifyResponse":
    case "addResponse":
    case "deleteResponse":
    case "modifyDnResponse":
    case "compareResponse":
      writeResult(writer, response.result);
      break;
  }
  writer.end();
}

/** The components of LDAPResult (§4.1.9); the referral is written if there are URLs, whatever the
 *  code. */
function writeResult(writer: BerWriter, result: LdapResult): void {
  writer.writeEnumerated(result.code);
  writer.writeText(result.matchedDn);
  writer.writeText(result.message);
  if (result.referrals.length === 0) return;
  writer.start(TAG_REFERRALS);
  for (const url of result.referrals) writer.writeText(url);
  writer.end();
}
