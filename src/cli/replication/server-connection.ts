// From the options of a command to a bound connection and the suffix that it is about.
import { formatDn, parseDn } from "../../dn/index.ts";
import type { ResultCodeName } from "../../protocol/index.ts";
import { type ClientEntry, DirectoryError } from "../directory-entry.ts";
import { type ClientIdentity, DirectoryClient } from "../directory-client.ts";
import type { ServerAddress } from "../server-address.ts";
import { CommandFailure, usageFailure } from "../failure.ts";
import { type PasswordOptions, getPassword } from "../passwords.ts";
import type { PrintOptions } from "../print.ts";

export const MAPPING_TREE = "cn=mapping tree,cn=config";

export interface ConnectionOptions extends PasswordOptions, PrintOptions {
  readonly url: string;
  readonly bindDn: string;
  readonly startTls: boolean;
  readonly caFile: string | undefined;
  readonly insecure: boolean;
}

export interface SuffixOptions extends ConnectionOptions {
  readonly suffix: string | undefined;
}

/** How to get at any server with the rights that were given. */
export interface Access {
  readonly address: Omit<ServerAddress, "url">;
  readonly identity: ClientIdentity;
}

export async function accessOf(options: ConnectionOptions): Promise<Access> {
  const password = await getPassword(options, options.bindDn);
  const { startTls, caFile, insecure } = options;
  return {
    address: { startTls, caFile, insecure },
    identity: { method: "simple", dn: options.bindDn, password },
  };
}

export function connectTo(url: string, access: Access): Promise<DirectoryClient> {
  return DirectoryClient.connect({ ...access.address, url }, access.identity);
}

/** Runs `work` with a connection to the server that the options name. */
export async function withServer<T>(
  options: ConnectionOptions,
  work: (client: DirectoryClient, access: Access) => Promise<T>,
): Promise<T> {
  const access = await accessOf(options);
  const client = await connectTo(options.url, access);
  try {
    return await work(client, access);
  } finally {
    client.close();
  }
}

/** A suffix as the server's mapping tree has it. */
export interface MappedSuffix {
  readonly suffix: string;
  /** DN of its entry in the mapping tree. */
  readonly dn: string;
  readonly backend: string | undefined;
}

export async function findSuffixes(client: DirectoryClient): Promise<readonly MappedSuffix[]> {
  const entries = await client.search({
    base: MAPPING_TREE,
    scope: "one",
    filter: "(objectClass=nsMappingTree)",
    attributes: ["cn", "nsslapd-backend"],
  });
  return entries.map(mappedSuffix);
}

function mappedSuffix(entry: ClientEntry): MappedSuffix {
  const named = parseDn(entry.dn)[0]?.[0]?.value.toString("utf8") ?? "";
  return {
    suffix: tidied(named) ?? named,
    dn: entry.dn,
    backend: entry.text("nsslapd-backend"),
  };
}

/** The suffix that `wanted` names; without it the only one that is a replica, or the only one.
 *  @throws CommandFailure */
export async function getSuffix(
  client: DirectoryClient,
  wanted: string | undefined,
): Promise<MappedSuffix> {
  const suffixes = await findSuffixes(client);
  if (wanted !== undefined) {
    const found = suffixes.find(({ suffix }) => sameDn(suffix, wanted));
    if (found !== undefined) return found;
    throw new CommandFailure(`${client.url} has no suffix ${wanted}`, {
      hint: `It has: ${suffixes.map(({ suffix }) => suffix).join(", ") || "none"}.`,
    });
  }
  const replicated: MappedSuffix[] = [];
  for (const one of suffixes) {
    if ((await client.find(replicaDnOf(one), ["cn"])) !== undefined) replicated.push(one);
  }
  const [first, ...others] = replicated.length > 0 ? replicated : suffixes;
  if (first === undefined) throw new CommandFailure(`${client.url} has no suffix`);
  if (others.length === 0) return first;
  throw usageFailure(
    `${client.url} has several suffixes`,
    `Choose one with --suffix: ${suffixes.map(({ suffix }) => suffix).join(", ")}.`,
  );
}

export const replicaDnOf = (suffix: MappedSuffix): string => `cn=replica,${suffix.dn}`;

function tidied(text: string): string | undefined {
  try {
    return formatDn(parseDn(text));
  } catch {
    return undefined;
  }
}

/** Whether two texts are the same DN; without a schema, so case does not count. */
export function sameDn(a: string, b: string): boolean {
  return (tidied(a) ?? a).toLowerCase() === (tidied(b) ?? b).toLowerCase();
}

/** Runs a change that may have been made before. @returns whether it was needed */
export async function unlessThere(
  change: Promise<void>,
  ...accepted: readonly ResultCodeName[]
): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if (error instanceof DirectoryError && error.is(...accepted)) return false;
    throw error;
  }
}
