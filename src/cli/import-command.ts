// `concord import`: replaces the content of a backend by LDIF, on a stopped instance.
import { existsSync } from "node:fs";
import { LdapError, ResultCode } from "../protocol/index.ts";
import {
  type BadEntry,
  type ImportOptions,
  type ImportReport,
  findLastIssued,
  gateCloser,
  importLdif,
} from "../server/index.ts";
import { CommandFailure } from "./failure.ts";
import { type BackendOptions, aloneWith, getBackend } from "./offline.ts";
import { type PrintOptions, printNote, printResult } from "./print.ts";
import { Progress } from "./progress.ts";
import { STANDARD_INPUT } from "./standard-input.ts";

/** Bad entries that are told one by one; --json has all of an import that goes on. */
const BAD_SHOWN_MAX = 20;

export interface ImportCommandOptions extends BackendOptions, PrintOptions {
  readonly files: readonly string[];
  readonly skipBad: boolean;
}

export async function runImport(options: ImportCommandOptions): Promise<void> {
  const files = options.files.map((file) => (file === STANDARD_INPUT ? "-" : file));
  for (const file of files) {
    if (file !== "-" && !existsSync(file)) throw new CommandFailure(`${file} is not there`);
  }
  const bad: BadEntry[] = [];
  const started = performance.now();
  const { backend, report } = await aloneWith(options.dir, "import", async (instance) => {
    const target = getBackend(instance, options.backend);
    const { kv, config } = instance.directory;
    const report = await importFiles(instance, target, {
      files,
      skipBad: options.skipBad,
      onBadEntry: (one) => {
        if (bad.length < BAD_SHOWN_MAX) printNote(badText(one));
        else if (bad.length === BAD_SHOWN_MAX) printNote("… and more of them");
        bad.push(one);
      },
      onSwap: gateCloser(kv, config, {
        reason: "import",
        lastIssued: findLastIssued(kv, config),
        normalSuffix: target.suffix,
      }),
    });
    return { backend: target.name, report };
  });
  const seconds = (performance.now() - started) / 1000;
  const { entries, skipped, repeatedValues } = report;
  printResult(
    {
      backend,
      entries,
      skipped,
      repeatedValues,
      seconds,
      badEntries: bad.map(({ file, line, dn, reason }) => ({ file, line, dn: dn ?? null, reason })),
    },
    () =>
      [
        `imported ${entries} entries into ${backend} in ${seconds.toFixed(1)} s`,
        skipped > 0 ? `skipped ${skipped} bad entries` : "",
        repeatedValues > 0 ? `dropped ${repeatedValues} repeated values` : "",
      ]
        .filter((line) => line !== "")
        .join("\n"),
    options,
  );
}

const badText = ({ file, line, dn, reason }: BadEntry): string =>
  `${file}:${line}: ${dn ?? "no DN"}: ${reason}`;

async function importFiles(
  { directory }: Parameters<typeof getBackend>[0],
  backend: ReturnType<typeof getBackend>,
  {
    skipBad,
    ...options
  }: Pick<ImportOptions, "files" | "onBadEntry" | "onSwap"> & { readonly skipBad: boolean },
): Promise<ImportReport> {
  const progress = new Progress("importing entries");
  try {
    return await importLdif(directory, backend, {
      ...options,
      badEntries: skipBad ? "skip" : "fail",
      pace: "alone",
      onProgress: ({ entries, bytes, bytesTotal }) => {
        // Bytes tell how far it is, entries how much that is.
        const expected =
          bytesTotal === undefined || bytes === 0
            ? undefined
            : Math.round((entries * bytesTotal) / bytes);
        progress.report(entries, expected);
      },
    });
  } catch (error) {
    if (!(error instanceof LdapError)) throw error;
    const hasBad = /cannot be imported; nothing/.test(error.message) && !skipBad;
    throw new CommandFailure(
      error.message,
      hasBad && error.code === ResultCode.operationsError
        ? { hint: "Mend the entries, or leave them out with --skip-bad." }
        : {},
    );
  } finally {
    progress.end();
  }
}
