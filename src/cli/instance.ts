// An instance folder as commands see it: what its files say, whether its server runs.
import { existsSync, readFileSync } from "node:fs";
import { type InstanceConfig, instancePaths, readInstanceConfig } from "../server/index.ts";
import { CommandFailure } from "./failure.ts";
import { findLockHolder } from "./instance-lock.ts";

export interface FolderOptions {
  readonly dir: string;
}

/** @throws CommandFailure when there is no instance */
export function checkInstance(folder: string): void {
  const { root, dse } = instancePaths(folder);
  if (existsSync(dse)) return;
  throw new CommandFailure(`there is no instance in ${root}`, {
    hint: `Make one: concord create --dir ${folder} --suffix dc=example,dc=com --suffix-entry`,
  });
}

/** @throws CommandFailure when there is no instance */
export function loadInstance(folder: string): InstanceConfig {
  checkInstance(folder);
  return readInstanceConfig(folder);
}

/** The pid of the server when it runs and all its listeners accept. */
export function findReadyPid(folder: string): number | undefined {
  const holder = findLockHolder(folder);
  if (holder?.command !== "start") return undefined;
  try {
    const pid = Number(readFileSync(instancePaths(folder).pid, "utf8").trim());
    return pid === holder.pid ? pid : undefined;
  } catch {
    return undefined; // not ready yet, or gone by now
  }
}

/** Where the server listens, or would, from its configuration. */
export function configuredUrls(config: InstanceConfig): readonly string[] {
  const { server } = config.tree.snapshot;
  const urls: string[] = [];
  if (server.port > 0) urls.push(`ldap://${shownHost(server.listenHost)}:${server.port}`);
  if (server.tlsEnabled && server.securePort > 0) {
    const host = server.secureListenHost === "" ? server.listenHost : server.secureListenHost;
    urls.push(`ldaps://${shownHost(host)}:${server.securePort}`);
  }
  if (server.socketEnabled) urls.push(socketUrl(server.socketFile));
  return urls;
}

export const socketUrl = (path: string): string => `ldapi://${encodeURIComponent(path)}`;

/** An address that a client on this machine can connect to. */
function shownHost(host: string): string {
  if (host === "" || host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
