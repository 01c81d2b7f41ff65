// Changes as a test makes them, with numbers that tell who they are.
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import type { Csn } from "../../src/replication/csn/index.ts";

/** Below 10. */
export const madeUniqueId = (number: number): UniqueId =>
  `0000000${number}-00000000-00000000-00000000` as UniqueId;

/** Both below 10. */
export const madeCsn = (time: number, replica: number): Csn =>
  `0000000${time}0000000${replica}0000` as Csn;

/** The addition of an organizational unit. */
export function addUnit(
  uniqueId: UniqueId,
  dn: string,
  csn: Csn,
  parentUniqueId?: UniqueId,
): Change {
  const [, value = ""] = (dn.split(",")[0] ?? "").split("=");
  const attributes = [
    { type: "objectClass", values: [Buffer.from("top"), Buffer.from("organizationalUnit")] },
    { type: "ou", values: [Buffer.from(value)] },
  ];
  return { type: "add", csn, uniqueId, dn, attributes, parentUniqueId };
}
