// `concord create`: an instance folder with configuration, certificates when a secure port is asked for, and, when a suffix is
// given, a backend with what it shall hold from the start.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { type NewInstance, createInstance, instancePaths } from "../server/index.ts";
import { makeCertificates } from "./certificates.ts";
import { sentDn } from "./server-address.ts";
import { CommandFailure, usageFailure } from "./failure.ts";
import type { FolderOptions } from "./instance.ts";
import { configuredUrls, loadInstance } from "./instance.ts";
import { loadEntries } from "./load-entries.ts";
import { findPassword, makePassword } from "./passwords.ts";
import type { PasswordOptions } from "./passwords.ts";
import { type PrintOptions, formatFields, printNote, printResult } from "./print.ts";
import { SAMPLE_USERS_MAX, sampleEntries } from "./sample-data.ts";
import { suffixEntry } from "./suffix-entry.ts";

const PORT_MAX = 65_535;

export interface CreateOptions extends FolderOptions, PasswordOptions, PrintOptions {
  readonly port: string;
  readonly securePort: string;
  readonly httpPort: string;
  readonly listen: string;
  readonly ldapi: string;
  readonly rootDn: string;
  readonly suffix: string | undefined;
  readonly backend: string;
  readonly suffixEntry: boolean;
  readonly sample: number | undefined;
}

export async function runCreate(options: CreateOptions): Promise<void> {
  const { root, dse } = instancePaths(options.dir);
  const wanted = wantedInstance(options);
  if (existsSync(dse)) {
    throw new CommandFailure(`${root} holds an instance already`, {
      hint: `Choose another folder, or remove it: concord remove --dir ${options.dir} --yes`,
    });
  }
  if (parsePort(options.httpPort, "--http-port") !== 0) {
    printNote("concord: --http-port is ignored: this version has no HTTP listener");
  }
  const isNew = !existsSync(root);
  const madePassword = wanted.rootPassword === "" ? makePassword() : undefined;
  try {
    const counts = await build(
      { ...wanted, rootPassword: madePassword ?? wanted.rootPassword },
      options,
    );
    show(options, { ...counts, madePassword });
  } catch (error) {
    // What is half made would be taken for an instance.
    if (isNew) rmSync(root, { recursive: true, force: true });
    else rmSync(dse, { force: true });
    throw error;
  }
}

async function build(wanted: NewInstance, options: CreateOptions): Promise<{ entries: number }> {
  const paths = instancePaths(options.dir);
  mkdirSync(paths.root, { recursive: true, mode: 0o700 });
  if (wanted.securePort > 0) makeCertificates(paths, wanted.listenHost);
  await createInstance(wanted, { bytes: (count) => randomBytes(count) });
  const { suffix } = wanted;
  if (suffix === undefined) return { entries: 0 };
  const sample = options.sample ?? 0;
  if (sample === 0 && !options.suffixEntry) return { entries: 0 };
  const records = sample > 0 ? sampleEntries(suffix, sample) : [suffixEntry(suffix)];
  const entries = await loadEntries(options.dir, { backend: wanted.backend, records });
  return { entries };
}

/** @throws CommandFailure for options that make no sense */
function wantedInstance(options: CreateOptions): NewInstance {
  const { suffix, sample } = options;
  if (suffix === undefined && (options.suffixEntry || sample !== undefined)) {
    throw usageFailure("--suffix-entry and --sample need --suffix DN");
  }
  if (
    sample !== undefined &&
    !(Number.isInteger(sample) && sample >= 0 && sample <= SAMPLE_USERS_MAX)
  ) {
    throw usageFailure(`--sample takes a number from 0 to ${SAMPLE_USERS_MAX}`);
  }
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(options.backend)) {
    throw usageFailure(
      `${options.backend} cannot be the name of a backend: a letter, then letters, digits, - and _`,
    );
  }
  if (!["on", "off"].includes(options.ldapi)) throw usageFailure("--ldapi takes on or off");
  if (suffix !== undefined && options.suffixEntry) suffixEntry(sentDn(suffix));
  return {
    folder: options.dir,
    rootDn: sentDn(options.rootDn),
    rootPassword: findPassword(options) ?? "",
    listenHost: options.listen,
    port: parsePort(options.port, "--port"),
    securePort: parsePort(options.securePort, "--secure-port"),
    ldapi: options.ldapi === "on",
    suffix: suffix === undefined ? undefined : sentDn(suffix),
    backend: options.backend,
  };
}

/** 0 for `off`. @throws CommandFailure exit code 2 */
export function parsePort(text: string, option: string): number {
  if (text === "off") return 0;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= PORT_MAX) return port;
  throw usageFailure(`${option} takes a port from 0 to ${PORT_MAX} or off, not ${text}`);
}

function show(
  options: CreateOptions,
  made: { readonly entries: number; readonly madePassword: string | undefined },
): void {
  const { root } = instancePaths(options.dir);
  const config = loadInstance(options.dir);
  const { server } = config.tree.snapshot;
  const result = {
    folder: root,
    urls: configuredUrls(config),
    rootDn: server.rootDn,
    ...(made.madePassword === undefined ? {} : { rootPassword: made.madePassword }),
    ...(options.suffix === undefined
      ? {}
      : { suffix: sentDn(options.suffix), backend: options.backend, entries: made.entries }),
  };
  printResult(
    result,
    () =>
      formatFields([
        ["instance", root],
        ["listens on", result.urls.join(" ")],
        ["root DN", server.rootDn],
        ["root password", result.rootPassword],
        ["suffix", result.suffix],
        ["entries", made.entries === 0 ? undefined : String(made.entries)],
      ]),
    options,
  );
  if (made.madePassword !== undefined) {
    printNote("The root password is shown this once; only its hash is stored.");
  }
  printNote(`Start it: concord start --dir ${options.dir}`);
}
