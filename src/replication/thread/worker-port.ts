// An agreement in a thread of its own (worker_threads).
import { Worker } from "node:worker_threads";
import type { OpenAgreementThread } from "./agreement-host.ts";
import type { FromThread } from "./messages.ts";

/** The compiled file, or the source when the sources are run. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "./agreement-worker.ts" : "./agreement-worker.js",
  import.meta.url,
);

export const openWorker: OpenAgreementThread = (start, events) => {
  const worker = new Worker(ENTRY, { workerData: start, name: `agreement ${start.config.name}` });
  worker.on("message", (message: FromThread) => events.receive(message));
  worker.on("error", (error) => events.failed(error));
  worker.on("exit", () => events.exited());
  return {
    post: (message) => worker.postMessage(message),
    terminate: () => void worker.terminate(),
  };
};
