// What is kept of a closed catch-up gate, so that a restart does not open it: one row for each suffix in the table `gate`. An
// instance that does not run writes the row when its data is replaced; the server closes the gate when it starts.
//
//   normal suffix → JSON {"reason": "restore" | "import" | "initialization", "lastIssued": CSN, absent when none is known}
//
// Peers are asked anew after a restart, and the limit counts anew: what they said before, and for how long nobody could be asked,
// says nothing about now.
import { type Csn, parseCsn } from "../csn/index.ts";
import type { GateReason } from "./catch-up-gate.ts";

/** The table of all suffixes of a server; opened before the first write. */
export const GATE_TABLE = "gate";

export interface StoredGate {
  readonly reason: GateReason;
  /** The newest CSN of ours that was issued before the data was replaced. */
  readonly lastIssued: Csn | undefined;
}

const REASONS: ReadonlySet<string> = new Set(["restore", "import", "initialization"]);

export const gateKey = (normalSuffix: string): Buffer => Buffer.from(normalSuffix, "utf8");

export const encodeGate = ({ reason, lastIssued }: StoredGate): Buffer =>
  Buffer.from(JSON.stringify({ reason, lastIssued }), "utf8");

/** undefined: the row cannot be read. */
export function decodeGate(row: Buffer): StoredGate | undefined {
  const { reason, lastIssued } = JSON.parse(row.toString("utf8")) as Record<string, string>;
  if (reason === undefined || !REASONS.has(reason)) return undefined;
  return { reason: reason as GateReason, lastIssued: parseCsn(lastIssued ?? "") };
}
