// Work on a backend of an instance: alone on a stopped one, or looking at any.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Backend, openSnapshot } from "../store/index.ts";
import {
  type OfflineInstance,
  findStorageFault,
  instancePaths,
  openOfflineInstance,
  storageFaultText,
} from "../server/index.ts";
import { CommandFailure, reportFailure } from "./failure.ts";
import type { FolderOptions } from "./instance.ts";
import { checkInstance } from "./instance.ts";
import { lockInstance } from "./instance-lock.ts";

export interface BackendOptions extends FolderOptions {
  readonly backend: string | undefined;
}

/** Runs `work` on an instance that nobody else works on meanwhile. @throws CommandFailure when somebody does */
export async function aloneWith<T>(
  folder: string,
  command: string,
  work: (instance: OfflineInstance) => Promise<T>,
): Promise<T> {
  checkInstance(folder);
  const lock = lockInstance(folder, command);
  // A commit that fails is told by promises that nobody waits for, too.
  const stop = (error: Error): void => {
    lock.release();
    process.exit(reportFailure(asFailure(error, folder)));
  };
  process.once("uncaughtException", stop);
  try {
    return await openAndRun(folder, { readOnly: false }, work);
  } catch (error) {
    throw asFailure(error, folder);
  } finally {
    process.off("uncaughtException", stop);
    lock.release();
  }
}

function asFailure(error: unknown, folder: string): unknown {
  const fault = findStorageFault(error, instancePaths(folder).database);
  if (fault === undefined) return error;
  return new CommandFailure(storageFaultText(fault), { cause: error });
}

/** Runs `work` on the data as they are now, whether the server runs or not. */
export async function lookingAt<T>(
  folder: string,
  work: (instance: OfflineInstance) => Promise<T>,
): Promise<T> {
  checkInstance(folder);
  if (!existsSync(join(instancePaths(folder).database, "data.mdb"))) {
    throw new CommandFailure(`the instance in ${folder} has no data yet`, {
      hint: "It gets its database when it starts for the first time, or by an import.",
    });
  }
  return openAndRun(folder, { readOnly: true }, work);
}

async function openAndRun<T>(
  folder: string,
  options: { readonly readOnly: boolean },
  work: (instance: OfflineInstance) => Promise<T>,
): Promise<T> {
  const instance = await openOfflineInstance(folder, options);
  try {
    return await work(instance);
  } finally {
    await instance.close();
  }
}

/** The backend of that name; without a name the only one. @throws CommandFailure */
export function getBackend({ directory }: OfflineInstance, name: string | undefined): Backend {
  const names = [...directory.backends.keys()];
  const wanted = name?.toLowerCase() ?? (names.length === 1 ? names[0] : undefined);
  const backend = directory.backends.get(wanted ?? "");
  if (backend !== undefined) return backend;
  throw new CommandFailure(
    name === undefined
      ? names.length === 0
        ? "the instance has no backend"
        : "the instance has several backends"
      : `the instance has no backend ${name}`,
    names.length === 0 ? {} : { hint: `Choose one with --backend: ${names.join(", ")}.` },
  );
}

/** The backend as it is now, for reading within one turn of the event loop. @throws CommandFailure */
export function openBackendSnapshot(instance: OfflineInstance, name: string | undefined): Backend {
  const { kv, schema } = instance.directory;
  const backend = getBackend(instance, name);
  return openSnapshot(kv, { name: backend.name, suffix: backend.suffixDn, schema });
}
