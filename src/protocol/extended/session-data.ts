// The optional last two fields of a start request and its response (389's session hooks): both or
// none.
import type { BerReader, BerWriter } from "../../ber/index.ts";
import { TAG_OCTET_STRING } from "../../ber/index.ts";

export interface SessionData {
  readonly guid: string;
  readonly data: Buffer;
}

export function readSessionData(reader: BerReader): SessionData | undefined {
  if (reader.peekTag() !== TAG_OCTET_STRING) return undefined;
  const guid = reader.readText();
  const data = reader.readOctets();
  return { guid, data };
}

export function writeSessionData(writer: BerWriter, sessionData: SessionData | undefined): void {
  if (sessionData === undefined) return;
  writer.writeText(sessionData.guid);
  writer.writeOctets(sessionData.data);
}
