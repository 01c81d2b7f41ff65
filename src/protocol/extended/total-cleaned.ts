// Cleaned replica IDs in a total initialization between two Concord servers (docs/wire/total-cleaned.md): an extended operation
// of Concord's own, sent once in the place of an entry, right after the suffix entry, to a consumer whose root DSE announces it.
// Answered by a result alone, as an entry is.
//
//   request  30 { cleaned* }
//   cleaned  30 { 02 replica ID, 04 max CSN, 04 floor CSN, 04 RUV element, or empty: its cleaning is over }
//
// Texts are carried as they are: what they have to be is known to replication/clean-ruv/supplied-ids.ts.
import { encodeBer } from "../../ber/index.ts";
import { decodeValue, readAll, writeAll } from "../payload.ts";
import { CONCORD_OID } from "./read-digest.ts";

export const TOTAL_CLEANED_OID = `${CONCORD_OID}.1.7`;

export interface TotalCleaned {
  readonly replicaId: number;
  readonly maxCsn: string;
  readonly floorCsn: string;
  /** undefined: the cleaning is over. */
  readonly element: string | undefined;
}

export function encodeTotalCleaned(ids: readonly TotalCleaned[]): Buffer {
  return encodeBer((writer) => {
    writeAll(writer, ids, ({ replicaId, maxCsn, floorCsn, element }) => {
      writer.start();
      writer.writeInteger(replicaId);
      writer.writeText(maxCsn);
      writer.writeText(floorCsn);
      writer.writeText(element ?? "");
      writer.end();
    });
  });
}

/** @throws ProtocolError */
export function decodeTotalCleaned(value: Buffer | undefined): TotalCleaned[] {
  return decodeValue(value, "Total cleaned request", (reader) =>
    readAll(reader, () => {
      reader.enter();
      const replicaId = reader.readInteger();
      const maxCsn = reader.readText();
      const floorCsn = reader.readText();
      const element = reader.readText();
      reader.leave();
      return { replicaId, maxCsn, floorCsn, element: element === "" ? undefined : element };
    }),
  );
}
