// The work of tasks under cn=tasks,cn=config.
import { LdapError } from "../protocol/index.ts";
import type { TaskWorks } from "../tasks/index.ts";
import type { BackendKeeper } from "./backend-keeper.ts";
import type { Directory } from "./directory.ts";

export function taskWorks(
  directory: Directory,
  keeper: BackendKeeper,
  reloadSchema: () => Promise<void>,
): TaskWorks {
  return {
    index: async (order, progress) => {
      const backend = directory.backends.get(order.backendName.toLowerCase());
      if (backend === undefined)
        throw new LdapError("noSuchObject", `There is no backend ${order.backendName}`);
      const names = order.attributes.map(({ attribute }) => attribute);
      await keeper.reindex(backend, names, progress);
      progress.log(`${order.backendName}: Finished indexing.`);
    },
    schemaReload: async (_order, progress) => {
      await reloadSchema();
      progress.log("Schema reload task finished.");
    },
  };
}
