// `concord replication enable|disable|status|ruv|init`.
import { csnSeconds } from "../../replication/csn/index.ts";
import type { Ruv } from "../../replication/ruv/index.ts";
import type { DirectoryClient } from "../directory-client.ts";
import { sentDn } from "../server-address.ts";
import { usageFailure } from "../failure.ts";
import { makePassword } from "../passwords.ts";
import { formatFields, formatTable, printNote, printResult } from "../print.ts";
import { Progress } from "../progress.ts";
import {
  type AgreementInfo,
  readAgreement,
  readAgreements,
  startInitialization,
  waitForInitialization,
} from "./agreement.ts";
import { agreementLag, describeLag } from "./lag.ts";
import { type ManagerOptions, findManagerPassword } from "./manager-password.ts";
import {
  ROLES,
  type ReplicaInfo,
  type Role,
  disableReplica,
  enableReplica,
  readReplica,
} from "./replica.ts";
import { type Access, type SuffixOptions, getSuffix, withServer } from "./server-connection.ts";
import { consumerUrl, readConsumerRuv } from "./consumer.ts";

const REPLICA_ID_MAX = 65_534;

export interface EnableOptions extends SuffixOptions, ManagerOptions {
  readonly role: string;
  readonly replicaId: number | undefined;
}

export async function runEnable(options: EnableOptions): Promise<void> {
  const role = ROLES.find((one) => one === options.role);
  if (role === undefined) throw usageFailure(`--role takes one of ${ROLES.join(", ")}`);
  const replicaId = wantedReplicaId(role, options.replicaId);
  const managerDn = sentDn(options.managerDn);
  const given = findManagerPassword(options);
  // A manager elsewhere than below cn=config is an entry that somebody else looks after.
  const isOurs = /,cn=config$/i.test(managerDn);
  const made = given === undefined && isOurs ? makePassword() : undefined;
  const password = given ?? made;
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    const manager = password === undefined ? undefined : { dn: managerDn, password };
    await enableReplica(client, suffix, { role, replicaId, manager, managerDn });
    const result = {
      suffix: suffix.suffix,
      role,
      ...(replicaId === undefined ? {} : { replicaId }),
      managerDn,
      ...(made === undefined ? {} : { managerPassword: made }),
    };
    printResult(
      result,
      () =>
        formatFields([
          ["suffix", result.suffix],
          ["role", role],
          ["replica ID", replicaId === undefined ? undefined : String(replicaId)],
          ["replication manager", managerDn],
          ["manager password", made],
        ]),
      options,
    );
    if (made !== undefined) {
      printNote("The password is shown this once: agreements to this server need it.");
    }
  });
}

function wantedReplicaId(role: Role, given: number | undefined): number | undefined {
  if (role !== "supplier") {
    if (given !== undefined) throw usageFailure("only suppliers have a --replica-id");
    return undefined;
  }
  if (given !== undefined && Number.isInteger(given) && given >= 1 && given <= REPLICA_ID_MAX) {
    return given;
  }
  throw usageFailure(
    `a supplier needs --replica-id N, 1 to ${REPLICA_ID_MAX}`,
    "It must be different on each supplier of the suffix.",
  );
}

export async function runDisable(options: SuffixOptions): Promise<void> {
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    const agreements = await disableReplica(client, suffix);
    printResult(
      { suffix: suffix.suffix, removedAgreements: agreements },
      () =>
        `${suffix.suffix} on ${client.url} is no replica any more` +
        (agreements.length === 0 ? "" : `; agreements removed: ${agreements.join(", ")}`),
      options,
    );
  });
}

export async function runReplicationStatus(options: SuffixOptions): Promise<void> {
  await withServer(options, async (client, access) => {
    const suffix = await getSuffix(client, options.suffix);
    const status = await readStatusOf(client, access, suffix.suffix);
    printResult(status.json, () => status.text, options);
  });
}

/** The replica of a suffix with its agreements and their lag. */
export async function readStatusOf(
  client: DirectoryClient,
  access: Access,
  wanted: string,
): Promise<{ readonly json: object; readonly text: string }> {
  const suffix = await getSuffix(client, wanted);
  const replica = await readReplica(client, suffix);
  const agreements = await readAgreements(client, suffix);
  const lags = await Promise.all(
    agreements.map(async (agreement) => {
      const ruv = await readConsumerRuv(agreement, access, suffix.suffix);
      return typeof ruv === "string"
        ? ({ type: "unknown", reason: ruv } as const)
        : agreementLag(replica, agreement, ruv);
    }),
  );
  const json = {
    suffix: suffix.suffix,
    role: replica.role,
    replicaId: replica.replicaId,
    changes: replica.changes,
    ruv: ruvJson(replica.ruv),
    agreements: agreements.map((agreement, index) => ({ ...agreement, lag: lags[index] })),
  };
  const rows = agreements.map((agreement, index) => [
    agreement.name,
    consumerUrl(agreement),
    agreement.enabled ? agreement.state : "disabled",
    describeLag(lags[index] ?? { type: "unknown", reason: "" }),
    agreement.message,
  ]);
  const text = [
    formatFields([
      ["suffix", suffix.suffix],
      ["role", replica.role],
      ["replica ID", replica.role === "supplier" ? String(replica.replicaId) : undefined],
      ["changes in the changelog", String(replica.changes)],
    ]),
    agreements.length === 0
      ? "no agreements"
      : formatTable(["agreement", "consumer", "state", "lag", "last update"], rows),
  ].join("\n\n");
  return { json, text };
}

export async function runRuv(options: SuffixOptions): Promise<void> {
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    const replica = await readReplica(client, suffix);
    printResult(ruvJson(replica.ruv), () => ruvText(replica), options);
  });
}

function ruvJson(ruv: Ruv | undefined): object | null {
  if (ruv === undefined) return null;
  return {
    generation: ruv.generation,
    elements: ruv.elements.map(({ replicaId, purl, minCsn, maxCsn }) => ({
      replicaId,
      url: purl ?? null,
      minCsn: minCsn ?? null,
      maxCsn: maxCsn ?? null,
      newestChange: maxCsn === undefined ? null : csnTime(maxCsn),
    })),
  };
}

function ruvText({ ruv }: ReplicaInfo): string {
  if (ruv === undefined) return "no update vector: the replica has no data yet";
  const rows = ruv.elements.map(({ replicaId, purl, minCsn, maxCsn }) => [
    String(replicaId),
    purl ?? "-",
    minCsn ?? "-",
    maxCsn ?? "-",
    maxCsn === undefined ? "-" : csnTime(maxCsn),
  ]);
  const table = formatTable(["replica", "url", "oldest csn", "newest csn", "newest change"], rows);
  return `generation: ${ruv.generation}\n\n${table}`;
}

const csnTime = (csn: Parameters<typeof csnSeconds>[0]): string =>
  new Date(csnSeconds(csn) * 1000).toISOString().replace(".000Z", "Z");

export interface InitOptions extends SuffixOptions {
  readonly name: string;
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** Fills the consumer of an agreement with the content of its supplier. */
export async function runInit(options: InitOptions): Promise<void> {
  await withServer(options, async (client) => {
    const suffix = await getSuffix(client, options.suffix);
    const agreement: AgreementInfo = await readAgreement(client, suffix, options.name);
    await startInitialization(client, agreement.dn);
    if (!options.wait) {
      printResult({ started: options.name }, () => `started ${options.name}`, options);
      return;
    }
    const progress = new Progress(`initializing ${consumerUrl(agreement)}, seconds`);
    const status = await waitForInitialization(client, agreement.dn, {
      timeoutMs: options.timeout * 1000,
      onPoll: () => progress.report(Math.round(progress.elapsedMs / 1000)),
    }).finally(() => progress.end());
    printResult({ initialized: options.name, status }, () => `${options.name}: ${status}`, options);
  });
}
