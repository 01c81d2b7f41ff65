// `concord status`: from the files of the instance, from its database, and, when it runs, from the server itself, which is
// asked through the UNIX socket, or over TCP with the root password where there is no socket.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type InstanceConfig, instancePaths, openOfflineInstance } from "../server/index.ts";
import { DirectoryClient } from "./directory-client.ts";
import { EXIT_NOT_RUNNING } from "./failure.ts";
import type { FolderOptions } from "./instance.ts";
import { configuredUrls, findReadyPid, loadInstance, socketUrl } from "./instance.ts";
import { findLockHolder } from "./instance-lock.ts";
import { type PasswordOptions, findPassword } from "./passwords.ts";
import { type PrintOptions, formatFields, formatTable, printResult } from "./print.ts";
import { readStatusOf } from "./replication/replica-commands.ts";
import type { Access } from "./replication/server-connection.ts";

export type StatusOptions = FolderOptions & PasswordOptions & PrintOptions;

interface BackendStatus {
  readonly name: string;
  readonly suffix: string;
  /** Tombstones included. */
  readonly entries: number;
}

interface ReplicationStatus {
  readonly replicas: readonly object[];
  readonly text: string;
}

export async function runStatus(options: StatusOptions): Promise<void> {
  const config = loadInstance(options.dir);
  const { root } = instancePaths(options.dir);
  const holder = findLockHolder(options.dir);
  const pid = findReadyPid(options.dir);
  const state =
    pid !== undefined ? "running" : holder === undefined ? "stopped" : busyState(holder.command);
  const backends = await readBackends(options.dir);
  const replication = await readReplication(config, options, pid !== undefined);
  const urls = configuredUrls(config);
  printResult(
    {
      folder: root,
      running: pid !== undefined,
      state,
      pid: pid ?? null,
      urls,
      backends,
      replicas: replication.replicas,
      configFaults: config.faults,
    },
    () =>
      [
        formatFields([
          ["instance", root],
          ["state", pid === undefined ? state : `${state} (process ${pid})`],
          ["urls", urls.join(" ")],
        ]),
        backends.length === 0
          ? "no backends"
          : formatTable(
              ["backend", "suffix", "entries"],
              backends.map(({ name, suffix, entries }) => [name, suffix, String(entries)]),
            ),
        replication.text,
        ...config.faults.map((fault) => `config/dse.ldif: ${fault}`),
      ]
        .filter((part) => part !== "")
        .join("\n\n"),
    options,
  );
  if (pid === undefined) process.exitCode = EXIT_NOT_RUNNING;
}

const busyState = (command: string): string => (command === "start" ? "starting" : command);

async function readBackends(folder: string): Promise<readonly BackendStatus[]> {
  if (!existsSync(join(instancePaths(folder).database, "data.mdb"))) {
    const { tree } = loadInstance(folder);
    return tree.snapshot.backends.map(({ name, suffix }) => ({ name, suffix, entries: 0 }));
  }
  const { directory, close } = await openOfflineInstance(folder, { readOnly: true });
  try {
    return [...directory.backends.values()].map((backend) => ({
      name: backend.name,
      suffix: backend.suffixDn,
      entries: backend.tables.entry.count(),
    }));
  } finally {
    await close();
  }
}

async function readReplication(
  config: InstanceConfig,
  options: StatusOptions,
  isRunning: boolean,
): Promise<ReplicationStatus> {
  const { replicas, server } = config.tree.snapshot;
  if (replicas.length === 0) return { replicas: [], text: "no replicas" };
  const configured = replicas.map(({ suffix, role, replicaId }) => ({
    suffix,
    role,
    replicaId,
  }));
  const withoutServer = (reason: string): ReplicationStatus => ({
    replicas: configured,
    text: `${configured.map(({ suffix, role }) => `replica of ${suffix}: ${role}`).join("\n")}\n${reason}`,
  });
  if (!isRunning) return withoutServer("The server tells more when it runs.");
  const password = findPassword(options);
  const access: Access = {
    address: { insecure: true },
    identity:
      password === undefined
        ? { method: "external" }
        : { method: "simple", dn: server.rootDn, password },
  };
  const [tcp] = configuredUrls(config);
  const url = server.socketEnabled ? socketUrl(server.socketFile) : tcp;
  if (url === undefined) return withoutServer("The server listens nowhere.");
  if (password === undefined && !server.socketEnabled) {
    return withoutServer("Give the root password to see agreements: there is no UNIX socket.");
  }
  const client = await DirectoryClient.connect({ ...access.address, url }, access.identity);
  try {
    const found = [];
    for (const { suffix } of configured) found.push(await readStatusOf(client, access, suffix));
    return {
      replicas: found.map(({ json }) => json),
      text: found.map(({ text }) => text).join("\n\n"),
    };
  } finally {
    client.close();
  }
}
