// `concord verify` and `concord digest`: at one moment, whether the server runs or not.
import { digestBackend, verifyBackend } from "../store/index.ts";
import { EXIT_FAILED } from "./failure.ts";
import { type BackendOptions, lookingAt, openBackendSnapshot } from "./offline.ts";
import { type PrintOptions, printNote, printResult } from "./print.ts";
import { Progress } from "./progress.ts";

export type VerifyOptions = BackendOptions & PrintOptions;

/** One line on standard output for each finding; exit code 1 when there is one. */
export async function runVerify(options: VerifyOptions): Promise<void> {
  const results = await lookingAt(options.dir, async (instance) => {
    const names =
      options.backend === undefined ? [...instance.directory.backends.keys()] : [options.backend];
    return names.map((name) => {
      const backend = openBackendSnapshot(instance, name);
      const progress = new Progress(`verifying ${backend.name}`);
      const findings = verifyBackend(backend, {
        onProgress: (done, total) => progress.report(done, total),
      });
      progress.end();
      return { backend: backend.name, entries: backend.tables.entry.count(), findings };
    });
  });
  const lines = results.flatMap(({ backend, findings }) =>
    findings.map(({ kind, message }) => `${backend}: ${kind}: ${message}`),
  );
  printResult(results, () => lines.join("\n"), options);
  if (lines.length > 0) {
    process.exitCode = EXIT_FAILED;
    return;
  }
  for (const { backend, entries } of results) {
    printNote(`${backend}: ${entries} entries, tombstones included; nothing is wrong`);
  }
}

export interface DigestCommandOptions extends BackendOptions, PrintOptions {
  readonly exclude: readonly string[] | undefined;
  readonly withoutState: boolean;
}

export async function runDigest(options: DigestCommandOptions): Promise<void> {
  const result = await lookingAt(options.dir, async (instance) => {
    const backend = openBackendSnapshot(instance, options.backend);
    const progress = new Progress("reading entries");
    const { digest, entries } = digestBackend(backend, {
      exclude: (options.exclude ?? []).flatMap((text) => text.split(/[,\s]+/)),
      withoutState: options.withoutState,
      onProgress: (done, total) => progress.report(done, total),
    });
    progress.end();
    return { backend: backend.name, digest, entries };
  });
  printResult(result, () => result.digest, options);
}
