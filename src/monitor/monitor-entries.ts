// The tree cn=monitor (389: monitor.c, snmp_collator.c, disk_monitor). Numbers are decimal text; what this server does not
// have is shown as 0, because tools ask for fixed lists of attributes.
import {
  type ConfigDescriptions,
  ConfigEntry,
  SERVER_DN,
  type TextAttribute,
} from "../config/index.ts";
import type { ConnectionCounters, OperationCounters } from "./counters.ts";

/** One open connection, for administrators. */
export interface ConnectionStatus {
  readonly id: number;
  /** Generalized time. */
  readonly openedAt: string;
  readonly operationsStarted: number;
  readonly operationsCompleted: number;
  /** undefined: anonymous. */
  readonly boundDn: string | undefined;
  readonly address: string;
}

export interface DiskStatus {
  /** Where the file system is mounted. */
  readonly mount: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

export interface MonitorValues {
  /** `389-Directory/2.3.1 B… (Concord …)` */
  readonly version: string;
  readonly threads: number;
  readonly fileDescriptorsMax: number;
  /** Generalized times. */
  readonly startedAt: string;
  readonly now: string;
  readonly operations: Readonly<OperationCounters>;
  readonly connections: Readonly<ConnectionCounters>;
  readonly connectionList: readonly ConnectionStatus[];
  readonly backendNames: readonly string[];
  readonly disks: readonly DiskStatus[];
  /** Shown below cn=concord,cn=monitor: name (camel case) and number or text. */
  readonly own: Readonly<Record<string, number | string>>;
}

export const MONITOR_DN = "cn=monitor";

/** The aci that lets everyone read all but the connections. */
export const MONITOR_ACI =
  '(target ="ldap:///cn=monitor*")(targetattr != "aci || connection")(version 3.0; acl "monitor"; allow( read, search, compare ) userdn = "ldap:///anyone";)';

/** All entries, parents first. */
export function buildMonitorEntries(
  values: MonitorValues,
  descriptions: ConfigDescriptions,
): readonly ConfigEntry[] {
  const make = (rdn: string, attributes: readonly TextAttribute[]): ConfigEntry => {
    const dn = rdn === "" ? MONITOR_DN : `cn=${rdn},${MONITOR_DN}`;
    const name = rdn === "" ? "monitor" : rdn;
    return ConfigEntry.fromTexts({ dn, normalDn: dn.toLowerCase() }, descriptions, [
      ["objectClass", "top", "extensibleObject"],
      ["cn", name],
      ["creatorsName", SERVER_DN],
      ["modifiersName", SERVER_DN],
      ["createTimestamp", values.startedAt],
      ["modifyTimestamp", values.startedAt],
      ...attributes,
    ]);
  };
  const own = Object.entries(values.own).map(
    ([name, value]): TextAttribute => [name, String(value)],
  );
  return [
    make("", [["numSubordinates", "4"], ...serverAttributes(values)]),
    make("snmp", snmpAttributes(values)),
    make(
      "disk space",
      values.disks.length === 0 ? [] : [["dsDisk", ...values.disks.map(formatDisk)]],
    ),
    make("counters", []),
    make("concord", own),
  ];
}

function serverAttributes(values: MonitorValues): readonly TextAttribute[] {
  const { operations, connections } = values;
  const monitors = values.backendNames.map(
    (name) => `cn=monitor,cn=${name},cn=ldbm database,cn=plugins,cn=config`,
  );
  return [
    ["version", values.version],
    ["threads", String(values.threads)],
    ["connection", ...values.connectionList.map(formatConnection)],
    ["currentconnections", String(connections.open)],
    ["totalconnections", String(connections.accepted)],
    ["currentconnectionsatmaxthreads", "0"],
    ["maxthreadsperconnhits", "0"],
    ["dtablesize", String(values.fileDescriptorsMax)],
    ["readwaiters", "0"],
    ["opsinitiated", String(operations.operationsStarted)],
    ["opscompleted", String(operations.operationsCompleted)],
    ["entriessent", String(operations.entriesSent)],
    ["bytessent", String(operations.bytesSent)],
    ["currenttime", values.now],
    ["starttime", values.startedAt],
    ["nbackends", String(values.backendNames.length)],
    ["backendmonitordn", ...monitors],
    ["aci", MONITOR_ACI],
  ];
}

/** `fd:opened:started:completed:rw:binddn:maxthreads:…:…:id:ip=address`; a connection's number stands for its descriptor. */
function formatConnection(connection: ConnectionStatus): string {
  const { id, openedAt, operationsStarted, operationsCompleted } = connection;
  const dn = connection.boundDn ?? "NULLDN";
  return `${id}:${openedAt}:${operationsStarted}:${operationsCompleted}:-:${dn}:0:0:0:${id}:ip=${connection.address}`;
}

/** Parsed by tools by the position of the quotes. */
function formatDisk({ mount, totalBytes, freeBytes }: DiskStatus): string {
  const used = totalBytes - freeBytes;
  const percent = totalBytes === 0 ? 0 : Math.floor((used * 100) / totalBytes);
  return `partition="${mount}" size="${totalBytes}" used="${used}" available="${freeBytes}" use%="${percent}"`;
}

function snmpAttributes({ operations, connections }: MonitorValues): readonly TextAttribute[] {
  const numbers: readonly (readonly [name: string, value: number])[] = [
    ["anonymousbinds", operations.anonymousBinds],
    ["unauthbinds", operations.unauthenticatedBinds],
    ["simpleauthbinds", operations.simpleBinds],
    ["strongauthbinds", operations.saslBinds],
    ["bindsecurityerrors", operations.failedBinds],
    ["inops", operations.operationsStarted],
    ["readops", 0],
    ["compareops", operations.compares],
    ["addentryops", operations.adds],
    ["removeentryops", operations.deletes],
    ["modifyentryops", operations.modifies],
    ["modifyrdnops", operations.renames],
    ["listops", 0],
    ["searchops", operations.searches],
    ["onelevelsearchops", operations.oneLevelSearches],
    ["wholesubtreesearchops", operations.subtreeSearches],
    ["referrals", operations.referralsSent],
    ["chainings", 0],
    ["securityerrors", operations.refusedAccesses],
    ["errors", operations.errors],
    ["connections", connections.open],
    ["connectionseq", connections.accepted],
    ["connectionsinmaxthreads", 0],
    ["connectionsmaxthreadscount", 0],
    ["bytesrecv", operations.bytesReceived],
    ["bytessent", operations.bytesSent],
    ["entriesreturned", operations.entriesSent],
    ["referralsreturned", operations.referralsSent],
    ["supplierentries", 0],
    ["copyentries", 0],
    ["cacheentries", 0],
    ["cachehits", 0],
    ["consumerhits", 0],
  ];
  return numbers.map(([name, value]): TextAttribute => [name, String(value)]);
}
