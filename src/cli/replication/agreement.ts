// Agreements: creating them, reading what they say of themselves, total initialization.
import type { ClientAttributes, DirectoryClient } from "../directory-client.ts";
import type { ClientEntry } from "../directory-entry.ts";
import { CommandFailure } from "../failure.ts";
import { pollFor } from "../wait.ts";
import { type MappedSuffix, replicaDnOf } from "./server-connection.ts";

/** Attributes that a fractional agreement sends never alone: who changed an entry and when. */
export const STRIP_RECOMMENDED: readonly string[] = [
  "modifiersname",
  "modifytimestamp",
  "internalModifiersname",
  "internalModifyTimestamp",
];
const NEVER = "19700101000000Z";

export interface NewAgreement {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly transport: string;
  readonly bindMethod: string;
  /** Absent for methods that need none. */
  readonly bindDn: string | undefined;
  readonly credentials: string | undefined;
  readonly excluded: readonly string[];
  readonly excludedTotal: readonly string[];
  readonly stripped: readonly string[];
  readonly schedule: string | undefined;
  readonly enabled: boolean;
}

export type AgreementColor = "green" | "amber" | "red";

export interface AgreementInfo {
  readonly name: string;
  readonly dn: string;
  readonly host: string;
  readonly port: number;
  readonly transport: string;
  readonly enabled: boolean;
  readonly state: AgreementColor;
  readonly message: string;
  readonly updateInProgress: boolean;
  /** Generalized time; undefined for never. */
  readonly lastUpdateStart: string | undefined;
  readonly lastUpdateEnd: string | undefined;
  readonly initialization: string | undefined;
  readonly isInitializing: boolean;
  /** `replica ID:sent/skipped …` since the server started. */
  readonly changesSent: string;
  /** Attributes that are not sent; empty for an agreement that sends all. */
  readonly excluded: readonly string[];
  readonly stripped: readonly string[];
}

const ATTRIBUTES = [
  "*",
  "nsds5replicaLastUpdateStart",
  "nsds5replicaLastUpdateEnd",
  "nsds5replicaLastUpdateStatus",
  "nsds5replicaLastUpdateStatusJSON",
  "nsds5replicaUpdateInProgress",
  "nsds5replicaChangesSentSinceStartup",
  "nsds5replicaLastInitStart",
  "nsds5replicaLastInitEnd",
  "nsds5replicaLastInitStatus",
  "nsds5BeginReplicaRefresh",
  "nsds5replicaEnabled",
];

export const agreementDn = (suffix: MappedSuffix, name: string): string =>
  `cn=${name.replaceAll(/["+,;<>\\=]/g, "\\$&")},${replicaDnOf(suffix)}`;

export async function createAgreement(
  client: DirectoryClient,
  suffix: MappedSuffix,
  wanted: NewAgreement,
): Promise<void> {
  await client.add(agreementDn(suffix, wanted.name), agreementAttributes(suffix, wanted));
}

/** The attributes that dsconf sends, in its spelling. */
export function agreementAttributes(suffix: MappedSuffix, wanted: NewAgreement): ClientAttributes {
  const optional: Readonly<Record<string, string | undefined>> = {
    nsDS5ReplicaBindDN: wanted.bindDn,
    nsDS5ReplicaCredentials: wanted.credentials,
    nsds5ReplicaUpdateSchedule: wanted.schedule,
    nsDS5ReplicatedAttributeList: exclusionText(wanted.excluded),
    nsDS5ReplicatedAttributeListTotal: exclusionText(wanted.excludedTotal),
    nsds5ReplicaStripAttrs: wanted.stripped.length > 0 ? wanted.stripped.join(" ") : undefined,
    nsds5ReplicaEnabled: wanted.enabled ? undefined : "off",
  };
  const given = Object.entries(optional).flatMap(([type, value]): [string, string][] =>
    value === undefined ? [] : [[type, value]],
  );
  return {
    objectClass: ["top", "nsds5replicationagreement"],
    cn: wanted.name,
    description: wanted.name,
    nsDS5ReplicaRoot: suffix.suffix,
    nsDS5ReplicaHost: wanted.host,
    nsDS5ReplicaPort: String(wanted.port),
    nsDS5ReplicaBindMethod: wanted.bindMethod,
    nsDS5ReplicaTransportInfo: wanted.transport,
    ...Object.fromEntries(given),
  };
}

const exclusionText = (names: readonly string[]): string | undefined =>
  names.length === 0 ? undefined : `(objectclass=*) $ EXCLUDE ${names.join(" ")}`;

export async function readAgreements(
  client: DirectoryClient,
  suffix: MappedSuffix,
): Promise<readonly AgreementInfo[]> {
  const entries = await client.search({
    base: replicaDnOf(suffix),
    scope: "one",
    filter: "(objectClass=nsds5ReplicationAgreement)",
    attributes: ATTRIBUTES,
  });
  return entries.map(agreementInfo).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws CommandFailure when there is none of that name */
export async function readAgreement(
  client: DirectoryClient,
  suffix: MappedSuffix,
  name: string,
): Promise<AgreementInfo> {
  const entry = await client.find(agreementDn(suffix, name), ATTRIBUTES);
  if (entry !== undefined) return agreementInfo(entry);
  throw new CommandFailure(`${suffix.suffix} on ${client.url} has no agreement ${name}`, {
    hint: "concord replication agreement list shows those that it has.",
  });
}

function agreementInfo(entry: ClientEntry): AgreementInfo {
  const text = (type: string): string => entry.text(type) ?? "";
  const initialization = entry.text("nsds5replicaLastInitStatus");
  return {
    name: text("cn"),
    dn: entry.dn,
    host: text("nsDS5ReplicaHost"),
    port: Number(text("nsDS5ReplicaPort")),
    transport: text("nsDS5ReplicaTransportInfo") || "LDAP",
    enabled: text("nsds5ReplicaEnabled").toLowerCase() !== "off",
    ...readStatus(text("nsds5replicaLastUpdateStatusJSON"), text("nsds5replicaLastUpdateStatus")),
    updateInProgress: text("nsds5replicaUpdateInProgress").toUpperCase() === "TRUE",
    lastUpdateStart: knownTime(entry.text("nsds5replicaLastUpdateStart")),
    lastUpdateEnd: knownTime(entry.text("nsds5replicaLastUpdateEnd")),
    initialization,
    isInitializing: entry.text("nsds5BeginReplicaRefresh") !== undefined,
    changesSent: text("nsds5replicaChangesSentSinceStartup").trim(),
    excluded: excludedNames(text("nsDS5ReplicatedAttributeList")),
    stripped: text("nsds5ReplicaStripAttrs").split(" ").filter(Boolean),
  };
}

const knownTime = (time: string | undefined): string | undefined =>
  time === NEVER ? undefined : time;

const excludedNames = (list: string): readonly string[] =>
  (list.split(/EXCLUDE/i).at(-1) ?? "").split(" ").filter((name) => /^[A-Za-z]/.test(name));

/** 389: the message within the JSON text is not escaped. */
export function readStatus(
  json: string,
  status: string,
): { readonly state: AgreementColor; readonly message: string } {
  const state = /"state": *"(green|amber|red)"/i.exec(json)?.[1]?.toLowerCase();
  const message = status || (/"message": *"(.*)"\}?$/s.exec(json)?.[1] ?? "");
  if (state !== undefined) return { state: state as AgreementColor, message };
  return { state: message.startsWith("Error (0)") ? "green" : "red", message };
}

/** Starts a total initialization. */
export async function startInitialization(client: DirectoryClient, dn: string): Promise<void> {
  await client.modify(dn, [
    { operation: "replace", type: "nsds5BeginReplicaRefresh", values: "start" },
  ]);
}

/** Waits for its end. @throws CommandFailure with its status when it fails or takes too long */
export async function waitForInitialization(
  client: DirectoryClient,
  dn: string,
  options: { readonly timeoutMs: number; readonly onPoll?: (status: string) => void },
): Promise<string> {
  const status = await pollFor(async () => {
    const entry = await client.find(dn, ATTRIBUTES);
    if (entry === undefined) throw new CommandFailure(`the agreement ${dn} is gone`);
    const { isInitializing, initialization } = agreementInfo(entry);
    options.onPoll?.(initialization ?? "");
    if (isInitializing || initialization === undefined) return undefined;
    return /in progress/i.test(initialization) ? undefined : initialization;
  }, options.timeoutMs);
  if (status === undefined) {
    throw new CommandFailure(`the initialization by ${dn} does not end`, {
      hint: "It goes on; concord replication agreement show NAME tells how it stands.",
    });
  }
  if (/Total update succeeded/i.test(status)) return status;
  throw new CommandFailure(`the initialization failed: ${status}`);
}
