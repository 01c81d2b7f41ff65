// `concord replication agreement list|show|create|enable|disable|update|set|delete`.
import type { ClientMod } from "../directory-client.ts";
import { CommandFailure, usageFailure } from "../failure.ts";
import { askOnTerminal } from "../passwords.ts";
import { type PrintOptions, formatFields, formatTable, printResult } from "../print.ts";
import {
  type AgreementInfo,
  type NewAgreement,
  STRIP_RECOMMENDED,
  createAgreement,
  readAgreement,
  readAgreements,
} from "./agreement.ts";
import { consumerUrl } from "./consumer.ts";
import { type ManagerOptions, findManagerPassword } from "./manager-password.ts";
import { runInit } from "./replica-commands.ts";
import { type SuffixOptions, getSuffix, withServer } from "./server-connection.ts";

const PORT_MAX = 65_535;
const TRANSPORTS = ["LDAP", "LDAPS", "StartTLS"];
const BIND_METHODS = ["SIMPLE", "SSLCLIENTAUTH"];
const INIT_TIMEOUT_SECONDS = 3_600;

export interface AgreementOptions extends SuffixOptions {
  readonly name: string;
}

export async function runAgreementList(options: SuffixOptions): Promise<void> {
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    const agreements = await readAgreements(client, suffix);
    printResult(
      agreements,
      () =>
        agreements.length === 0
          ? `${suffix.suffix} on ${client.url} has no agreements`
          : formatTable(
              ["agreement", "consumer", "state", "last update"],
              agreements.map((one) => [
                one.name,
                consumerUrl(one),
                one.enabled ? one.state : "disabled",
                one.message,
              ]),
            ),
      options,
    );
  });
}

export async function runAgreementShow(options: AgreementOptions): Promise<void> {
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    show(await readAgreement(client, suffix, options.name), options);
  });
}

function show(agreement: AgreementInfo, options: PrintOptions): void {
  printResult(
    agreement,
    () =>
      formatFields([
        ["agreement", agreement.name],
        ["consumer", `${consumerUrl(agreement)} (${agreement.transport})`],
        ["enabled", agreement.enabled ? "yes" : "no"],
        ["state", agreement.state],
        ["last update", agreement.message],
        ["started", agreement.lastUpdateStart ?? "never"],
        ["ended", agreement.lastUpdateEnd ?? "never"],
        ["in progress", agreement.updateInProgress ? "yes" : "no"],
        ["initialization", agreement.isInitializing ? "in progress" : agreement.initialization],
        ["sent/skipped by origin", agreement.changesSent || "nothing"],
        ["not sent", agreement.excluded.join(" ") || undefined],
        ["stripped", agreement.stripped.join(" ") || undefined],
        ["DN", agreement.dn],
      ]),
    options,
  );
}

export interface CreateAgreementOptions extends AgreementOptions, ManagerOptions {
  readonly host: string;
  readonly port: number;
  readonly transport: string;
  readonly bindMethod: string;
  readonly exclude: readonly string[] | undefined;
  readonly excludeTotal: readonly string[] | undefined;
  readonly strip: readonly string[] | undefined;
  readonly schedule: string | undefined;
  readonly init: boolean;
}

export async function runAgreementCreate(options: CreateAgreementOptions): Promise<void> {
  const wanted = await wantedAgreement(options);
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    await createAgreement(client, suffix, wanted);
    if (options.init) return;
    show(await readAgreement(client, suffix, wanted.name), options);
  });
  if (options.init) await runInit({ ...options, wait: true, timeout: INIT_TIMEOUT_SECONDS });
}

async function wantedAgreement(options: CreateAgreementOptions): Promise<NewAgreement> {
  const { port } = options;
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) {
    throw usageFailure(`--port takes a number from 1 to ${PORT_MAX}`);
  }
  const transport = oneOf(TRANSPORTS, options.transport, "--transport");
  const bindMethod = oneOf(BIND_METHODS, options.bindMethod, "--bind-method");
  const excluded = names(options.exclude);
  const isSimple = bindMethod === "SIMPLE";
  return {
    name: options.name,
    host: options.host,
    port,
    transport,
    bindMethod,
    bindDn: isSimple ? options.managerDn : undefined,
    credentials: isSimple
      ? (findManagerPassword(options) ??
        (await askOnTerminal(
          `${options.managerDn} on ${options.host}`,
          "Give it with --manager-password-file FILE or in CONCORD_MANAGER_PASSWORD.",
        )))
      : undefined,
    excluded,
    excludedTotal: names(options.excludeTotal),
    stripped:
      options.strip !== undefined || excluded.length === 0
        ? names(options.strip)
        : STRIP_RECOMMENDED,
    schedule: options.schedule,
    enabled: true,
  };
}

function oneOf(list: readonly string[], text: string, option: string): string {
  const found = list.find((one) => one.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw usageFailure(`${option} takes one of ${list.join(", ")}`);
}

/** `a,b c` and repeated options alike. */
const names = (list: readonly string[] | undefined): readonly string[] =>
  (list ?? []).flatMap((text) => text.split(/[,\s]+/)).filter((name) => name !== "");

export function runAgreementEnable(options: AgreementOptions): Promise<void> {
  return change(options, [setting("nsds5ReplicaEnabled", "on")]);
}

export function runAgreementDisable(options: AgreementOptions): Promise<void> {
  return change(options, [setting("nsds5ReplicaEnabled", "off")]);
}

/** Off and on again: the agreement looks for changes at once, whatever it waited for. */
export async function runAgreementUpdate(options: AgreementOptions): Promise<void> {
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    const { dn } = await readAgreement(client, suffix, options.name);
    await client.modify(dn, [setting("nsds5ReplicaEnabled", "off")]);
    await client.modify(dn, [setting("nsds5ReplicaEnabled", "on")]);
    printResult({ updated: options.name }, () => `${options.name}: update asked for`, options);
  });
}

export interface SetAgreementOptions extends AgreementOptions {
  readonly settings: readonly string[];
}

export function runAgreementSet(options: SetAgreementOptions): Promise<void> {
  const mods = options.settings.map((text) => {
    const equals = text.indexOf("=");
    if (equals <= 0) throw usageFailure(`${text} is no setting: ATTRIBUTE=VALUE`);
    return setting(text.slice(0, equals), text.slice(equals + 1));
  });
  return change(options, mods);
}

/** An empty value takes the attribute away. */
const setting = (type: string, value: string): ClientMod => ({
  operation: "replace",
  type,
  values: value === "" ? [] : value,
});

async function change(options: AgreementOptions, mods: readonly ClientMod[]): Promise<void> {
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    const { dn } = await readAgreement(client, suffix, options.name);
    await client.modify(dn, mods);
    show(await readAgreement(client, suffix, options.name), options);
  });
}

export async function runAgreementDelete(options: AgreementOptions): Promise<void> {
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    const { dn, isInitializing } = await readAgreement(client, suffix, options.name);
    if (isInitializing) {
      throw new CommandFailure(`${options.name} initializes its consumer`, {
        hint: "Wait until that is done.",
      });
    }
    await client.delete(dn);
    printResult({ removed: options.name }, () => `removed ${options.name}`, options);
  });
}
