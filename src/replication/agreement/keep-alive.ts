// Keep-alive entries (389: replica_subentry_*; replication-protocol 7.3). A fractional supplier that filters all its changes out
// leaves the RUV of its consumer behind: every session reads the same run of changes again, and one day the changelog has
// been trimmed. A change of the keep-alive entry, which no agreement may filter out, takes the RUV along.
//
//   dn: cn=repl keep alive <replica ID>,<suffix>
//   objectClass: top, ldapsubentry, extensibleObject      cn: repl keep alive <replica ID>
//   keepalivetimestamp: 0 at creation, then YYYYMMDDHHMMSSZ
//
// It is written for three reasons: a session skipped more changes than the threshold since the last one sent and sent none
// after them (update, create if missing); a total initialization begins (create if missing); an interval has passed (update,
// only if it exists). Never while the catch-up gate is closed, never by a read-only replica. This file holds the entry and
// the interval timer; the first two reasons are steps of the agreement.
import type { Millis } from "../../base/index.ts";
import type { AttributeValues, Mod } from "../../protocol/index.ts";
import type { ReplicaId } from "../csn/index.ts";

/** `update`: create if missing. `create`: only if missing. `refresh`: update only if it exists. */
export type KeepAliveReason = "update" | "create" | "refresh";

export const KEEP_ALIVE_ATTRIBUTE = "keepalivetimestamp";

export const keepAliveName = (replicaId: ReplicaId): string => `repl keep alive ${replicaId}`;

export const keepAliveDn = (replicaId: ReplicaId, suffix: string): string =>
  `cn=${keepAliveName(replicaId)},${suffix}`;

/** The entry as it is created, without what every add gets. */
export function keepAliveAttributes(replicaId: ReplicaId): readonly AttributeValues[] {
  const text = (type: string, ...values: string[]): AttributeValues => ({
    type,
    values: values.map((value) => Buffer.from(value)),
  });
  return [
    text("objectClass", "top", "ldapsubentry", "extensibleObject"),
    text("cn", keepAliveName(replicaId)),
    text(KEEP_ALIVE_ATTRIBUTE, "0"),
  ];
}

/** `timestamp`: generalized time. */
export const keepAliveMods = (timestamp: string): readonly Mod[] => [
  { operation: "replace", type: KEEP_ALIVE_ATTRIBUTE, values: [Buffer.from(timestamp)] },
];

/** What has to be done with the entry for this reason. */
export function keepAliveWrite(
  reason: KeepAliveReason,
  exists: boolean,
): "add" | "modify" | "none" {
  switch (reason) {
    case "update":
      return exists ? "modify" : "add";
    case "create":
      return exists ? "none" : "add";
    case "refresh":
      return exists ? "modify" : "none";
  }
}

/** The interval timer of one updatable replica. */
export interface KeepAliveTimer {
  readonly intervalMs: number;
  readonly dueAt: Millis;
}

/** First due one interval after the start; the same when the interval is changed (389 since 3.1.4). */
export const startKeepAliveTimer = (intervalMs: number, now: Millis): KeepAliveTimer => ({
  intervalMs,
  dueAt: (now + intervalMs) as Millis,
});

export const changeKeepAliveInterval = (
  timer: KeepAliveTimer,
  intervalMs: number,
  now: Millis,
): KeepAliveTimer =>
  intervalMs === timer.intervalMs ? timer : startKeepAliveTimer(intervalMs, now);

export interface KeepAliveTick {
  readonly timer: KeepAliveTimer;
  readonly isDue: boolean;
}

/** Whatever is due is due once, also after a long sleep. While `isGateOpen` is false it stays due. */
export function tickKeepAlive(
  timer: KeepAliveTimer,
  now: Millis,
  isGateOpen: boolean,
): KeepAliveTick {
  // A clock that was set back must not silence the timer for longer than an interval.
  if (timer.dueAt - now > timer.intervalMs) {
    return { timer: startKeepAliveTimer(timer.intervalMs, now), isDue: false };
  }
  if (now < timer.dueAt || !isGateOpen) return { timer, isDue: false };
  return { timer: startKeepAliveTimer(timer.intervalMs, now), isDue: true };
}
