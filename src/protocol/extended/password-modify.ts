// Password modify (RFC 3062).
//   request   30 { 80 userIdentity?, 81 oldPasswd?, 82 newPasswd? } (no value: no field)
//   response  30 { 80 genPasswd? }; absent unless a password was generated
import type { BerReader } from "../../ber/index.ts";
import { contextTag, encodeBer } from "../../ber/index.ts";
import { decodeValue } from "../payload.ts";

export const PASSWORD_MODIFY_OID = "1.3.6.1.4.1.4203.1.11.1";

const TAG_USER_IDENTITY = contextTag(0);
const TAG_OLD_PASSWORD = contextTag(1);
const TAG_NEW_PASSWORD = contextTag(2);
const TAG_GENERATED_PASSWORD = contextTag(0);

export interface PasswordModifyRequest {
  /** A DN or `dn:…` or `u:…`; undefined means the bound user. */
  readonly userIdentity: string | undefined;
  readonly oldPassword: Buffer | undefined;
  /** undefined asks the server to make one. */
  readonly newPassword: Buffer | undefined;
}

function readOptional(reader: BerReader, tag: number): Buffer | undefined {
  return reader.peekTag() === tag ? reader.readOctets(tag) : undefined;
}

export function decodePasswordModifyRequest(value: Buffer | undefined): PasswordModifyRequest {
  if (value === undefined) {
    return { userIdentity: undefined, oldPassword: undefined, newPassword: undefined };
  }
  return decodeValue(value, "Password modify request", (reader) => {
    reader.enter();
    const isNamed = reader.peekTag() === TAG_USER_IDENTITY;
    const userIdentity = isNamed ? reader.readText(TAG_USER_IDENTITY) : undefined;
    const oldPassword = readOptional(reader, TAG_OLD_PASSWORD);
    const newPassword = readOptional(reader, TAG_NEW_PASSWORD);
    reader.leave();
    return { userIdentity, oldPassword, newPassword };
  });
}

export function encodePasswordModifyRequest(request: PasswordModifyRequest): Buffer {
  const { userIdentity, oldPassword, newPassword } = request;
  return encodeBer((writer) => {
    writer.start();
    if (userIdentity !== undefined) writer.writeText(userIdentity, TAG_USER_IDENTITY);
    if (oldPassword !== undefined) writer.writeOctets(oldPassword, TAG_OLD_PASSWORD);
    if (newPassword !== undefined) writer.writeOctets(newPassword, TAG_NEW_PASSWORD);
    writer.end();
  });
}

/** The generated password, undefined if there is none. */
export function decodePasswordModifyResponse(value: Buffer | undefined): Buffer | undefined {
  if (value === undefined) return undefined;
  return decodeValue(value, "Password modify response", (reader) => {
    reader.enter();
    const generated = readOptional(reader, TAG_GENERATED_PASSWORD);
    reader.leave();
    return generated;
  });
}

export function encodePasswordModifyResponse(generatedPassword: Buffer): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeOctets(generatedPassword, TAG_GENERATED_PASSWORD);
    writer.end();
  });
}
