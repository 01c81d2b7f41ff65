// The password by which suppliers open sessions, from a file, the command line or the environment.
import { findPassword } from "../passwords.ts";

const MANAGER_VARIABLE = "CONCORD_MANAGER_PASSWORD";

export interface ManagerOptions {
  readonly managerDn: string;
  readonly managerPassword: string | undefined;
  readonly managerPasswordFile: string | undefined;
}

/** undefined: nobody gave one. */
export function findManagerPassword(
  options: Omit<ManagerOptions, "managerDn">,
): string | undefined {
  return findPassword(
    {
      rootPassword: options.managerPassword,
      rootPasswordFile: options.managerPasswordFile,
    },
    { CONCORD_ROOT_PASSWORD: process.env[MANAGER_VARIABLE] },
  );
}
