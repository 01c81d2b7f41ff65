// Servers that lack changes of an ID which all that hold them have cleaned: nobody sends these any more, and who knows that need
// not supply the server. Its administrator has to know that it must be initialized: after a restore of an old backup, and when the
// server is removed that was to bring them.
import { CLEANED_TABLE, readCleanedIds } from "../../src/replication/clean-ruv/index.ts";
import { type Csn, csnReplicaId } from "../../src/replication/csn/index.ts";
import { SUFFIX } from "./scenario.ts";
import type { Simulation } from "./simulation.ts";

export function lacksWhatIsCleaned(simulation: Simulation, name: string): boolean {
  const { servers, ledger } = simulation;
  const held = ledger.heldBy(name);
  const cut = new Set<Csn>();
  const sent = new Set<Csn>();
  for (const { name: other, kv } of servers.values()) {
    if (other === name) continue;
    const table = kv.openReader().bytesTable(CLEANED_TABLE);
    const cleaned = readCleanedIds(table.range(), SUFFIX);
    for (const csn of ledger.heldBy(other)) {
      if (!held.has(csn)) (cleaned.has(csnReplicaId(csn)) ? cut : sent).add(csn);
    }
  }
  return [...cut].some((csn) => !sent.has(csn));
}
