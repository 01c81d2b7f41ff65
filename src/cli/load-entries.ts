// Fills a backend of a new instance with entries that are made here: through an LDIF file of the instance and an import.
import { mkdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type LdifContentRecord, LdifWriter } from "../ldif/index.ts";
import { LdapError } from "../protocol/index.ts";
import { importLdif, instancePaths } from "../server/index.ts";
import { CommandFailure } from "./failure.ts";
import { aloneWith, getBackend } from "./offline.ts";
import { Progress } from "./progress.ts";

const BUFFER_BYTES = 1024 * 1024;

/** The number of entries loaded. @throws CommandFailure naming the first that cannot be */
export async function loadEntries(
  folder: string,
  load: { readonly backend: string; readonly records: Iterable<LdifContentRecord> },
): Promise<number> {
  const { ldif } = instancePaths(folder);
  mkdirSync(ldif, { recursive: true, mode: 0o700 });
  const path = join(ldif, "first-entries.ldif");
  let reason: string | undefined;
  try {
    await writeLdif(path, load.records);
    return await aloneWith(folder, "create", async (instance) => {
      const backend = getBackend(instance, load.backend);
      const progress = new Progress("adding entries");
      const { entries } = await importLdif(instance.directory, backend, {
        files: [path],
        badEntries: "fail",
        pace: "alone",
        onBadEntry: (bad) => {
          reason ??= `cannot add ${bad.dn ?? "an entry"}: ${bad.reason}`;
        },
        onProgress: ({ entries }) => progress.report(entries),
      });
      progress.end();
      return entries;
    });
  } catch (error) {
    if (!(error instanceof LdapError)) throw error;
    throw new CommandFailure(reason ?? error.message);
  } finally {
    rmSync(path, { force: true });
  }
}

async function writeLdif(path: string, records: Iterable<LdifContentRecord>): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    const writer = new LdifWriter();
    for (const record of records) {
      writer.writeRecord(record);
      if (writer.length >= BUFFER_BYTES) await file.write(writer.take());
    }
    await file.write(writer.take());
  } finally {
    await file.close();
  }
}
