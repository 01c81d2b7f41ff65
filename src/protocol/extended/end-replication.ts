// End of a replication session (389: EndNSDS50ReplicationRequest):
//   30 { 04 suffix, 31 { 04 RUV element* } }
// Consumers read the suffix only; the RUV, that of the supplier at the time of sending, may be
// missing.
import { TAG_SET, encodeBer } from "../../ber/index.ts";
import { decodeValue, readTexts, writeTexts } from "../payload.ts";

export interface EndReplicationRequest {
  readonly suffix: string;
  readonly ruv: readonly string[];
}

export function decodeEndReplication(value: Buffer | undefined): EndReplicationRequest {
  return decodeValue(value, "End replication request", (reader) => {
    reader.enter();
    const suffix = reader.readText();
    const ruv = reader.peekTag() === TAG_SET ? readTexts(reader, TAG_SET) : [];
    reader.leaveSkipping();
    return { suffix, ruv };
  });
}

export function encodeEndReplication(request: EndReplicationRequest): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeText(request.suffix);
    writeTexts(writer, TAG_SET, request.ruv);
    writer.end();
  }, 512);
}
