// The replica entry of a suffix and its replication manager, with the requests that 389's own tools send (replica entry,
// changelog age, manager entry).
import type { DirectoryClient, ClientAttributes } from "../directory-client.ts";
import { CommandFailure } from "../failure.ts";
import { type ReplicaId, READ_ONLY_REPLICA_ID } from "../../replication/csn/index.ts";
import { type Ruv, parseRuv } from "../../replication/ruv/index.ts";
import { type MappedSuffix, replicaDnOf, unlessThere } from "./server-connection.ts";

export type Role = "supplier" | "hub" | "consumer";

export const ROLES: readonly Role[] = ["supplier", "hub", "consumer"];
const CHANGELOG_MAX_AGE = "7d";
/** The stored update vector, which every server answers for with the one it works with. */
const RUV_FILTER = "(&(nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff)(objectClass=nsTombstone))";

const ROLE_SETTINGS: Readonly<Record<Role, ClientAttributes>> = {
  supplier: { nsDS5ReplicaType: "3", nsDS5Flags: "1" },
  hub: { nsDS5ReplicaType: "2", nsDS5Flags: "1" },
  consumer: { nsDS5ReplicaType: "2", nsDS5Flags: "0" },
};

export interface Manager {
  readonly dn: string;
  readonly password: string;
}

/** Makes the suffix a replica. @throws CommandFailure when it is one */
export async function enableReplica(
  client: DirectoryClient,
  suffix: MappedSuffix,
  wanted: {
    readonly role: Role;
    /** undefined for hubs and consumers. */
    readonly replicaId: number | undefined;
    /** undefined: sessions are opened by `managerDn`, whose entry is somebody else's matter. */
    readonly manager: Manager | undefined;
    readonly managerDn: string;
  },
): Promise<void> {
  const added = await unlessThere(
    client.add(replicaDnOf(suffix), {
      objectClass: ["top", "nsds5Replica"],
      cn: "replica",
      nsDS5ReplicaRoot: suffix.suffix,
      nsDS5ReplicaId: String(wanted.replicaId ?? READ_ONLY_REPLICA_ID),
      nsDS5ReplicaBindDN: wanted.managerDn,
      ...ROLE_SETTINGS[wanted.role],
    }),
    "entryAlreadyExists",
  );
  if (!added) {
    throw new CommandFailure(`${suffix.suffix} on ${client.url} is a replica already`, {
      hint: "concord replication status shows it; concord replication disable makes an end of it.",
    });
  }
  if (suffix.backend !== undefined) await limitChangelog(client, suffix.backend);
  if (wanted.manager !== undefined) await putManager(client, wanted.manager);
}

function limitChangelog(client: DirectoryClient, backend: string): Promise<boolean> {
  const dn = `cn=changelog,cn=${backend},cn=ldbm database,cn=plugins,cn=config`;
  return unlessThere(
    client.modify(dn, [
      { operation: "replace", type: "nsslapd-changelogmaxage", values: CHANGELOG_MAX_AGE },
    ]),
    "noSuchObject",
  );
}

/** Creates the manager entry; one that is there gets the password. */
export async function putManager(client: DirectoryClient, manager: Manager): Promise<void> {
  const name = /^cn=([^,]+),/i.exec(manager.dn)?.[1] ?? "replication manager";
  const added = await unlessThere(
    client.add(manager.dn, {
      objectClass: ["top", "inetUser", "netscapeServer", "nsAccount"],
      cn: name,
      uid: name,
      userPassword: manager.password,
    }),
    "entryAlreadyExists",
  );
  if (added) return;
  await client.modify(manager.dn, [
    { operation: "replace", type: "userPassword", values: manager.password },
  ]);
}

/** Ends it: agreements first, then the replica entry. @returns names of the agreements removed */
export async function disableReplica(
  client: DirectoryClient,
  suffix: MappedSuffix,
): Promise<readonly string[]> {
  const replicaDn = replicaDnOf(suffix);
  if ((await client.find(replicaDn, ["cn"])) === undefined) throw noReplica(client, suffix);
  const agreements = await client.search({
    base: replicaDn,
    scope: "one",
    filter: "(objectClass=nsds5ReplicationAgreement)",
    attributes: ["cn"],
  });
  for (const { dn } of agreements) await client.delete(dn);
  await client.delete(replicaDn);
  return agreements.map((entry) => entry.text("cn") ?? entry.dn);
}

export interface ReplicaInfo {
  readonly suffix: string;
  readonly role: Role;
  readonly replicaId: ReplicaId;
  readonly bindDns: readonly string[];
  /** Changes in the changelog. */
  readonly changes: number;
  readonly ruv: Ruv | undefined;
  /** Values of nsds5agmtmaxcsn. */
  readonly agreementMaxCsns: readonly string[];
}

/** @throws CommandFailure when the suffix is no replica */
export async function readReplica(
  client: DirectoryClient,
  suffix: MappedSuffix,
): Promise<ReplicaInfo> {
  const entry = await client.find(replicaDnOf(suffix), ["*", "nsds5ReplicaChangeCount"]);
  if (entry === undefined) throw noReplica(client, suffix);
  const isUpdatable = entry.text("nsDS5ReplicaType") === "3";
  const keepsChangelog = entry.text("nsDS5Flags") === "1";
  const { ruv, agreementMaxCsns } = await readRuv(client, suffix.suffix);
  return {
    suffix: suffix.suffix,
    role: isUpdatable ? "supplier" : keepsChangelog ? "hub" : "consumer",
    replicaId: Number(entry.text("nsDS5ReplicaId") ?? READ_ONLY_REPLICA_ID) as ReplicaId,
    bindDns: entry.texts("nsDS5ReplicaBindDN"),
    changes: Number(entry.text("nsds5ReplicaChangeCount") ?? 0),
    ruv,
    agreementMaxCsns,
  };
}

export async function readRuv(
  client: DirectoryClient,
  suffix: string,
): Promise<{ readonly ruv: Ruv | undefined; readonly agreementMaxCsns: readonly string[] }> {
  const entries = await client.search({
    base: suffix,
    filter: RUV_FILTER,
    attributes: ["nsds50ruv", "nsds5agmtmaxcsn"],
  });
  return {
    ruv: parseRuv(entries.flatMap((entry) => entry.texts("nsds50ruv"))),
    agreementMaxCsns: entries.flatMap((entry) => entry.texts("nsds5agmtmaxcsn")),
  };
}

export function noReplica(client: DirectoryClient, suffix: MappedSuffix): CommandFailure {
  return new CommandFailure(`${suffix.suffix} on ${client.url} is no replica`, {
    hint: "Make it one: concord replication enable --role supplier --replica-id N",
  });
}
