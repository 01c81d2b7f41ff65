// Where an instance keeps what: one folder, nothing outside it is written.
import { join, resolve } from "node:path";

export interface InstancePaths {
  readonly root: string;
  /** cn=config as LDIF; rewritten whole at every change. */
  readonly dse: string;
  /** The previous version of it. */
  readonly dseBackup: string;
  /** What was added to the schema over LDAP. */
  readonly userSchema: string;
  /** LMDB environment. */
  readonly database: string;
  readonly logs: string;
  readonly pid: string;
  readonly ldapiSocket: string;
  readonly backups: string;
  readonly ldif: string;
  readonly certificate: string;
  readonly key: string;
  readonly authorities: string;
  /** Key that seals agreement credentials; readable by the owner alone. */
  readonly sealKey: string;
}

export function instancePaths(folder: string): InstancePaths {
  const root = resolve(folder);
  return {
    root,
    dse: join(root, "config", "dse.ldif"),
    dseBackup: join(root, "config", "dse.ldif.bak"),
    userSchema: join(root, "schema", "99user.ldif"),
    database: join(root, "db"),
    logs: join(root, "log"),
    pid: join(root, "run", "pid"),
    ldapiSocket: join(root, "run", "ldapi"),
    backups: join(root, "backup"),
    ldif: join(root, "ldif"),
    certificate: join(root, "tls", "server.crt"),
    key: join(root, "tls", "server.key"),
    authorities: join(root, "tls", "ca.crt"),
    sealKey: join(root, "config", "seal.key"),
  };
}
