// What access rules need to know of the one who asks, of the directory around, and of the time. All of it is handed in.
import type { EntryView } from "../entry/index.ts";
import type { EntrySelector } from "./entry-selector.ts";

/** Who asks, and how they came. */
export interface Caller {
  /** undefined: anonymous. */
  readonly normalDn: string | undefined;
  /** The root DN, replication and internal operations: no rule is looked at. */
  readonly isRoot: boolean;
  readonly method: "none" | "simple" | "ssl" | "sasl";
  /** SASL mechanism, if the method is sasl. */
  readonly mechanism: string | undefined;
  /** Strength of the channel in bits; 0 without TLS or SASL layer. */
  readonly ssf: number;
  /** IP address; undefined on a local socket. */
  readonly address: string | undefined;
  /** Host name of the address, in lower case, if it was looked up. */
  readonly host: string | undefined;
  /** Came over a local socket. */
  readonly isLocal: boolean;
}

/** An anonymous caller from nowhere in particular. */
export const ANONYMOUS: Caller = {
  normalDn: undefined,
  isRoot: false,
  method: "none",
  mechanism: undefined,
  ssf: 0,
  address: undefined,
  host: undefined,
  isLocal: false,
};

/** What rules about users and groups look at; reads through the transaction of the operation. */
export interface Directory {
  find(normalDn: string): EntryView | undefined;
  /** Is the user a member, directly or through nested or dynamic groups? */
  isMember(group: string, user: string): boolean;
  /** Is the user a member of one of the groups that the URL selects? */
  isMemberOfSelected(selector: EntrySelector, user: string): boolean;
}

/** The time of day at the server. */
export interface LocalTime {
  /** Minutes since midnight. */
  readonly minute: number;
  /** 0 is Sunday. */
  readonly day: number;
}
