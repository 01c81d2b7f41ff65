// CSNs on the wire: 20 hex digits in an OCTET STRING; what follows them is ignored, as 389 does.
import type { BerReader } from "../ber/index.ts";
import { BerError } from "../ber/index.ts";
import type { Csn } from "../replication/csn/index.ts";
import { parseCsn } from "../replication/csn/index.ts";

export function readCsn(reader: BerReader): Csn {
  const start = reader.position;
  const csn = parseCsn(reader.readText());
  if (csn === undefined) throw new BerError("CSN is not 20 hex digits", start);
  return csn;
}
