// An instance with one backend and without listeners, for tests of what works on whole backends.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createInstance } from "../../src/server/create-instance.ts";
import { type OfflineInstance, openOfflineInstance } from "../../src/server/index.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";

/** A new one in a folder of its own, with the backend `userRoot`. */
export async function openNewInstance(
  suffix: string,
): Promise<OfflineInstance & { readonly folder: string }> {
  const folder = join(makeTemporaryFolder(), "instance");
  await createInstance(
    {
      folder,
      rootDn: "cn=Directory Manager",
      rootPassword: "Root-Secret-1",
      listenHost: "127.0.0.1",
      port: 3389,
      securePort: 0,
      ldapi: false,
      suffix,
      backend: "userRoot",
    },
    { bytes: (count) => randomBytes(count) },
  );
  return { ...(await openOfflineInstance(folder)), folder };
}
