// Who is bound on a connection.
import type { Connection } from "../frontend/index.ts";

export interface Identity {
  /** As shown: what the client bound with, or the DN of the entry. */
  readonly dn: string;
  readonly normalDn: string;
  readonly isRoot: boolean;
  readonly method: "simple" | "external";
}

/** undefined: anonymous. */
export const identityOf = (connection: Connection): Identity | undefined =>
  connection.identity as Identity | undefined;
