// Makes the folder of a new instance: configuration with root password and listeners, and, if asked for, a backend.
import { existsSync, mkdirSync } from "node:fs";
import type { Random } from "../base/index.ts";
import { type SchemeName, createNodeHash, hashPassword } from "../auth/index.ts";
import {
  type ConfigRequest,
  ConfigTree,
  type InstanceDefaults,
  NO_LIVE_VALUES,
  backendDn,
  formatDse,
  mappingTreeDn,
  prepareChange,
} from "../config/index.ts";
import { formatTime, newUniqueId } from "../operation/index.ts";
import type { Millis } from "../base/index.ts";
import { replaceFile } from "./durable-file.ts";
import { instancePaths } from "./instance-paths.ts";
import { openSchemaKeeper } from "./schema-keeper.ts";
import { instanceDefaults } from "./load-config.ts";

export interface NewInstance {
  readonly folder: string;
  readonly rootDn: string;
  readonly rootPassword: string;
  /** "" = all addresses. */
  readonly listenHost: string;
  /** 0 = no such listener. */
  readonly port: number;
  readonly securePort: number;
  readonly ldapi: boolean;
  readonly suffix: string | undefined;
  readonly backend: string;
}

/** @throws Error when the folder holds an instance already, or a value cannot be used */
export async function createInstance(wanted: NewInstance, random: Random): Promise<void> {
  const paths = instancePaths(wanted.folder);
  if (existsSync(paths.dse)) throw new Error(`${paths.root} holds an instance already`);
  const instance: InstanceDefaults = instanceDefaults(paths);
  const context = {
    schema: openSchemaKeeper(paths.userSchema).schema,
    instance,
    live: NO_LIVE_VALUES,
  };
  const hashers = createNodeHash().forOrigin("create");
  const scheme: SchemeName = "PBKDF2-SHA512";
  const password = await hashPassword(
    scheme,
    Buffer.from(wanted.rootPassword, "utf8"),
    random,
    hashers,
  );
  const now = Date.now() as Millis;
  let tree = ConfigTree.create(context);
  for (const request of requests(wanted, password)) {
    tree = prepareChange(tree, request, {
      callerDn: "cn=directory manager",
      timestamp: formatTime(now),
      newUniqueId: () => newUniqueId(now, random),
    }).tree;
  }
  for (const folder of [paths.logs, paths.backups, paths.ldif])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  replaceFile(paths.dse, formatDse(tree));
}

function* requests(wanted: NewInstance, password: Buffer): Iterable<ConfigRequest> {
  const replace = (
    type: string,
    value: string | Buffer,
  ): { operation: "replace"; type: string; values: Buffer[] } => ({
    operation: "replace",
    type,
    values: [Buffer.from(value)],
  });
  yield {
    type: "modify",
    dn: "cn=config",
    mods: [
      replace("nsslapd-rootdn", wanted.rootDn),
      replace("nsslapd-rootpw", password),
      replace("nsslapd-port", String(wanted.port)),
      replace("nsslapd-securePort", String(wanted.securePort)),
      ...(wanted.listenHost === "" ? [] : [replace("nsslapd-listenhost", wanted.listenHost)]),
      replace("nsslapd-ldapilisten", wanted.ldapi ? "on" : "off"),
      replace("nsslapd-security", wanted.securePort > 0 ? "on" : "off"),
    ],
  };
  if (wanted.suffix !== undefined) yield* backendRequests(wanted.backend, wanted.suffix);
}

/** The two entries that make a backend. */
export function* backendRequests(backend: string, suffix: string): Iterable<ConfigRequest> {
  const values = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text, "utf8"));
  yield {
    type: "add",
    dn: backendDn(backend),
    attributes: [
      { type: "objectClass", values: values("top", "extensibleObject", "nsBackendInstance") },
      { type: "cn", values: values(backend) },
      { type: "nsslapd-suffix", values: values(suffix) },
    ],
  };
  yield {
    type: "add",
    dn: mappingTreeDn(suffix),
    attributes: [
      { type: "objectClass", values: values("top", "extensibleObject", "nsMappingTree") },
      { type: "cn", values: values(suffix) },
      { type: "nsslapd-state", values: values("backend") },
      { type: "nsslapd-backend", values: values(backend) },
    ],
  };
}
