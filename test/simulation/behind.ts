// Servers that lack changes of an ID which others have cleaned, who send these no more. Who knows that need not supply the server:
// its administrator has to know that it must be initialized, after a restore of an old backup, and when the server is removed that
// was to bring them.
import {
  CLEANED_TABLE,
  readCleanedIds,
  wasCleaned,
} from "../../src/replication/clean-ruv/index.ts";
import { type Csn, csnReplicaId } from "../../src/replication/csn/index.ts";
import { SUFFIX } from "./scenario.ts";
import type { SimulatedServer } from "./simulated-server.ts";
import type { Simulation } from "./simulation.ts";

const cleanedBy = ({ kv }: SimulatedServer): ReturnType<typeof readCleanedIds> =>
  readCleanedIds(kv.openReader().bytesTable(CLEANED_TABLE).range(), SUFFIX);

/** `bringer`: only what that server had, and has not cleaned. */
export function lacksWhatIsCleaned(
  { servers, ledger }: Simulation,
  name: string,
  bringer?: SimulatedServer,
): boolean {
  const held = ledger.heldBy(name);
  const own = bringer && cleanedBy(bringer);
  const wasToCome = (csn: Csn): boolean =>
    bringer === undefined ||
    (ledger.heldBy(bringer.name).has(csn) && own?.has(csnReplicaId(csn)) !== true);
  return [...servers.values()].some((other) => {
    if (other.name === name) return false;
    const cleaned = cleanedBy(other);
    const isCutOff = (csn: Csn): boolean =>
      wasCleaned(cleaned, csnReplicaId(csn)) && !held.has(csn) && wasToCome(csn);
    return [...ledger.heldBy(other.name)].some(isCutOff);
  });
}
