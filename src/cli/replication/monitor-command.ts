// `concord replication monitor`: all servers of a topology at once. Starts from the servers given and follows agreements.
import { EXIT_FAILED } from "../failure.ts";
import { formatTable, printResult } from "../print.ts";
import { pause } from "../wait.ts";
import { type AgreementInfo, readAgreements } from "./agreement.ts";
import { consumerUrl } from "./consumer.ts";
import { type Lag, agreementLag, describeLag } from "./lag.ts";
import { type ReplicaInfo, readReplica } from "./replica.ts";
import {
  type Access,
  type SuffixOptions,
  accessOf,
  connectTo,
  getSuffix,
} from "./server-connection.ts";

/** A guard against agreements that lead on and on. */
const SERVERS_MAX = 200;

export interface MonitorOptions extends Omit<SuffixOptions, "url"> {
  readonly url: readonly string[];
  readonly discover: boolean;
  readonly check: boolean;
  /** Seconds between two looks; undefined: one look. */
  readonly watch: number | undefined;
}

interface Server {
  readonly url: string;
  readonly replica: ReplicaInfo | undefined;
  readonly agreements: readonly AgreementInfo[];
  /** Why it cannot be looked at. */
  readonly error: string | undefined;
}

interface Link {
  readonly supplier: string;
  readonly consumer: string;
  readonly agreement: string;
  readonly state: string;
  readonly lag: Lag;
  readonly message: string;
}

export async function runMonitor(options: MonitorOptions): Promise<void> {
  const access = await accessOf({ ...options, url: options.url[0] ?? "" });
  for (;;) {
    const servers = await readTopology(options, access);
    const links = linksOf(servers);
    printResult(jsonOf(servers, links), () => textOf(servers, links), options);
    if (options.watch === undefined) {
      const isHealthy =
        servers.every(({ error }) => error === undefined) &&
        links.every(({ state, lag }) => state === "green" && lag.type === "inSync");
      if (options.check && !isHealthy) process.exitCode = EXIT_FAILED;
      return;
    }
    await pause(options.watch * 1000);
    if (!options.json) process.stdout.write("\n");
  }
}

async function readTopology(options: MonitorOptions, access: Access): Promise<readonly Server[]> {
  const servers = new Map<string, Server>();
  let open: readonly string[] = [...new Set(options.url)];
  while (open.length > 0 && servers.size < SERVERS_MAX) {
    const found = await Promise.all(open.map((url) => readServer(url, options.suffix, access)));
    for (const server of found) servers.set(server.url, server);
    const next = found.flatMap(({ agreements }) => agreements.map(consumerUrl));
    open = options.discover ? [...new Set(next)].filter((url) => !isKnown(servers, url)) : [];
  }
  return [...servers.values()];
}

/** localhost and 127.0.0.1 are one server. */
const serverKey = (url: string): string =>
  url.toLowerCase().replace("//127.0.0.1", "//localhost").replace("//[::1]", "//localhost");

const isKnown = (servers: ReadonlyMap<string, Server>, url: string): boolean =>
  [...servers.keys()].some((known) => serverKey(known) === serverKey(url));

async function readServer(
  url: string,
  wanted: string | undefined,
  access: Access,
): Promise<Server> {
  try {
    const client = await connectTo(url, access);
    try {
      const suffix = await getSuffix(client, wanted);
      const replica = await readReplica(client, suffix);
      return { url, replica, agreements: await readAgreements(client, suffix), error: undefined };
    } finally {
      client.close();
    }
  } catch (error) {
    return { url, replica: undefined, agreements: [], error: (error as Error).message };
  }
}

function linksOf(servers: readonly Server[]): readonly Link[] {
  return servers.flatMap(({ url, replica, agreements }) =>
    agreements.map((agreement) => {
      const target = consumerUrl(agreement);
      const consumer = servers.find((one) => serverKey(one.url) === serverKey(target));
      const reason = consumer?.error ?? "the consumer was not looked at";
      return {
        supplier: url,
        consumer: target,
        agreement: agreement.name,
        state: agreement.enabled ? agreement.state : "disabled",
        lag:
          replica === undefined || consumer?.replica === undefined
            ? ({ type: "unknown", reason } as const)
            : agreementLag(replica, agreement, consumer.replica.ruv),
        message: agreement.message,
      };
    }),
  );
}

function jsonOf(servers: readonly Server[], links: readonly Link[]): object {
  return {
    servers: servers.map(({ url, replica, error }) => ({
      url,
      ...(error === undefined ? {} : { error }),
      ...(replica === undefined
        ? {}
        : {
            role: replica.role,
            replicaId: replica.replicaId,
            generation: replica.ruv?.generation ?? null,
            changes: replica.changes,
          }),
    })),
    agreements: links,
  };
}

function textOf(servers: readonly Server[], links: readonly Link[]): string {
  const serverTable = formatTable(
    ["server", "role", "replica id", "changes", "generation"],
    servers.map(({ url, replica, error }) =>
      replica === undefined
        ? [url, `cannot be read: ${error ?? ""}`]
        : [
            url,
            replica.role,
            replica.role === "supplier" ? String(replica.replicaId) : "-",
            String(replica.changes),
            replica.ruv?.generation ?? "-",
          ],
    ),
  );
  if (links.length === 0) return `${serverTable}\n\nno agreements`;
  const linkTable = formatTable(
    ["supplier", "consumer", "state", "lag", "last update"],
    links.map(({ supplier, consumer, state, lag, message }) => [
      supplier,
      consumer,
      state,
      describeLag(lag),
      message,
    ]),
  );
  return `${serverTable}\n\n${linkTable}`;
}
