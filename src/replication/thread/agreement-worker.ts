// Entry of the thread of one agreement (worker_threads): gives it LMDB, sockets, timers and the way to the main thread.
import { parentPort, workerData } from "node:worker_threads";
import { type Clock, type Millis, assert } from "../../base/index.ts";
import { openLink, readCapabilities } from "../../link/index.ts";
import { AgreementThread } from "./agreement-thread.ts";
import type { AgreementThreadStart, ToThread } from "./messages.ts";
import { NODE_TIMERS } from "./node-timers.ts";
import type { ReplicaDataModule } from "./replica-data.ts";

const clock: Clock = { now: () => Date.now() as Millis };

async function run(start: AgreementThreadStart): Promise<void> {
  const module = (await import(start.dataModuleUrl)) as ReplicaDataModule;
  const data = module.openReplicaData(start.databaseFolder, start.backend);
  const thread = new AgreementThread(start, {
    data,
    clock,
    timers: NODE_TIMERS,
    openLink: async (settings) => {
      const link = await openLink(settings);
      try {
        return { link, capabilities: await readCapabilities(link, settings.timeoutMs) };
      } catch (error) {
        link.destroy();
        throw error;
      }
    },
    post: (message) => parentPort?.postMessage(message),
    close: () => {
      parentPort?.close();
      void data.close();
    },
  });
  parentPort?.on("message", (message: ToThread) => thread.receive(message));
  thread.start();
}

assert(parentPort !== null, "this file is the entry of a thread");
await run(workerData as AgreementThreadStart);
