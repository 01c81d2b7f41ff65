// Cancel (RFC 3909): ends an operation, which then gets its response with `canceled`. Request value
// 30 { 02 message ID }.
import { BerError, encodeBer } from "../../ber/index.ts";
import { decodeValue } from "../payload.ts";

export const CANCEL_OID = "1.3.6.1.1.8";

/** The message ID of the operation to cancel. */
export function decodeCancel(value: Buffer | undefined): number {
  return decodeValue(value, "Cancel request", (reader) => {
    reader.enter();
    const start = reader.position;
    const messageId = reader.readInteger();
    if (messageId < 0) throw new BerError("message ID is negative", start);
    reader.leave();
    return messageId;
  });
}

export function encodeCancel(messageId: number): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeInteger(messageId);
    writer.end();
  });
}
