// Processes that follow this one read the files of configuration and schema again when a row says so.
import { raiseGeneration } from "../store/index.ts";
import type { Directory } from "./directory.ts";

/** Resolves when every read that begins from now on in another process sees that the file has changed. */
export async function tellFollowers(
  { kv, queue }: Directory,
  file: "config" | "schema",
): Promise<void> {
  if (kv.sharing !== "followed") return;
  await queue.submit((writes) => raiseGeneration(kv, writes, file));
}
