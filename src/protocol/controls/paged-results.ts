// Simple paged results (RFC 2696). The same value travels both ways:
//   30 { 02 size, 04 cookie }
// Request: size is the page size. Response: size is an estimate of the whole result, 0 if unknown.
// An empty cookie begins a search in a request and marks the last page in a response.
import { BerError, encodeBer } from "../../ber/index.ts";
import type { Control } from "../messages.ts";
import { decodeValue } from "../payload.ts";

export const PAGED_RESULTS_OID = "1.2.840.113556.1.4.319";

export interface PagedResults {
  readonly size: number;
  readonly cookie: Buffer;
}

/** @throws ProtocolError also if the size is negative */
export function decodePagedResults(value: Buffer | undefined): PagedResults {
  return decodeValue(value, "Paged results control", (reader) => {
    reader.enter();
    const start = reader.position;
    const size = reader.readInteger();
    if (size < 0) throw new BerError("page size is negative", start);
    const cookie = reader.readOctets();
    reader.leave();
    return { size, cookie };
  });
}

export function encodePagedResults(page: PagedResults): Buffer {
  return encodeBer((writer) => {
    writer.start();
    writer.writeInteger(page.size);
    writer.writeOctets(page.cookie);
    writer.end();
  });
}

/** Not critical: a response control, or the polite form of a request. */
export function pagedResultsControl(page: PagedResults): Control {
  return { oid: PAGED_RESULTS_OID, critical: false, value: encodePagedResults(page) };
}
