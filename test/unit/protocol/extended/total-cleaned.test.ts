// Cleaned replica IDs in a total initialization between two Concord servers, as bytes.
import { BerWriter as ForeignWriter } from "@ldapjs/asn1";
import { assert } from "chai";
import {
  ProtocolError,
  type TotalCleaned,
  decodeTotalCleaned,
  encodeTotalCleaned,
} from "../../../../src/protocol/index.ts";
import { checkValueCase } from "../../../support/codec-case.ts";

const IDS: readonly TotalCleaned[] = [
  { replicaId: 3, maxCsn: "a", floorCsn: "bb", element: undefined },
  { replicaId: 65_534, maxCsn: "", floorCsn: "c", element: "{replica 65534} d e" },
];

/** As another encoder writes them. */
function foreign(ids: readonly TotalCleaned[]): Buffer {
  const writer = new ForeignWriter();
  writer.startSequence();
  for (const { replicaId, maxCsn, floorCsn, element } of ids) {
    writer.startSequence();
    writer.writeInt(replicaId);
    for (const text of [maxCsn, floorCsn, element ?? ""]) writer.writeString(text);
    writer.endSequence();
  }
  writer.endSequence();
  return writer.buffer;
}

suite("protocol/extended/total-cleaned", () => {
  for (const ids of [[], IDS.slice(1), IDS]) {
    test(`protocol/extended/total-cleaned: ${ids.length} IDs are written as others write them, and read`, () => {
      assert.deepEqual(encodeTotalCleaned(ids), foreign(ids));
      checkValueCase(foreign(ids), decodeTotalCleaned, ids);
    });
  }

  test("protocol/extended/total-cleaned: a request without a value, one that goes on and one with a fifth part are refused", () => {
    const bytes = encodeTotalCleaned(IDS);
    assert.throws(() => decodeTotalCleaned(undefined), ProtocolError);
    assert.throws(() => decodeTotalCleaned(Buffer.concat([bytes, Buffer.of(0)])), ProtocolError);
    const writer = new ForeignWriter();
    writer.startSequence();
    writer.startSequence();
    writer.writeInt(3);
    for (const text of ["a", "b", "", "more"]) writer.writeString(text);
    writer.endSequence();
    writer.endSequence();
    assert.throws(() => decodeTotalCleaned(writer.buffer), ProtocolError);
  });
});
