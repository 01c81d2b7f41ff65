// Changes as a test makes them, with numbers that tell who they are.
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import type { Csn } from "../../src/replication/csn/index.ts";

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0");

export const madeUniqueId = (number: number): UniqueId =>
  `${hex(number, 8)}-00000000-00000000-00000000` as UniqueId;

export const madeCsn = (time: number, replica: number): Csn =>
  `${hex(time, 8)}${hex(replica, 8)}0000` as Csn;

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
