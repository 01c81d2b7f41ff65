// Servers that lack changes of an ID which others have cleaned, who send these no more. Who knows that need not supply the server:
// its administrator has to know that it must be initialized, after a restore of an old backup, and when the server is removed that
// was to bring them.
import { CLEANED_TABLE, readCleanedIds } from "../../src/replication/clean-ruv/index.ts";
import { type Csn, csnReplicaId } from "../../src/replication/csn/index.ts";
import { SUFFIX } from "./scenario.ts";
import type { Simulation } from "./simulation.ts";

export function lacksWhatIsCleaned(simulation: Simulation, name: string): boolean {
  const { servers, ledger } = simulation;
  const held = ledger.heldBy(name);
  return [...servers.values()].some(({ name: other, kv }) => {
    const table = kv.openReader().bytesTable(CLEANED_TABLE);
    const cleaned = readCleanedIds(table.range(), SUFFIX);
    const isCutOff = (csn: Csn): boolean => cleaned.has(csnReplicaId(csn)) && !held.has(csn);
    return other !== name && [...ledger.heldBy(other)].some(isCutOff);
  });
}
