// Subentries (RFC 3672 §3): whether a search gives subentries or ordinary entries. Request only;
// the value is a BOOLEAN: 01 01 FF only subentries, 01 01 00 only ordinary entries.
import { encodeBer } from "../../ber/index.ts";
import { decodeValue } from "../payload.ts";

export const SUBENTRIES_OID = "1.3.6.1.4.1.4203.1.10.1";

export type SubentriesVisibility = "onlySubentries" | "onlyEntries";

export function decodeSubentries(value: Buffer | undefined): SubentriesVisibility {
  return decodeValue(value, "Subentries control", (reader) =>
    reader.readBoolean() ? "onlySubentries" : "onlyEntries",
  );
}

export function encodeSubentries(visibility: SubentriesVisibility): Buffer {
  return encodeBer((writer) => writer.writeBoolean(visibility === "onlySubentries"));
}
