// The status attributes of an agreement in 389's words (389: repl5_agmt.c; replication-protocol 9.3), which administrators
// know and lib389 looks for. A time that never was is 19700101000000Z: lib389 reads the attributes without asking whether
// they are there. A time that was is not taken back when a session fails (389 does).
import type { AgreementStatus as ShownStatus } from "../../config/index.ts";
import { ReplicationCode, findReplicationCodeText } from "../supplier/index.ts";
import type { TotalConnectionCode } from "../total/index.ts";
import type { AgreementStatus, InitResult, StatusResult } from "./status.ts";

const NEVER = "19700101000000Z";
const NOT_STARTED = "Error (0) No replication sessions started since server startup";

const LDAP_TEXTS: ReadonlyMap<number, string> = new Map([
  [-11, "Connect error"],
  [-5, "Timed out"],
  [-2, "Local error"],
  [-1, "Can't contact LDAP server"],
  [0, "Success"],
  [1, "Operations error"],
  [2, "Protocol error"],
  [3, "Time limit exceeded"],
  [7, "Authentication method not supported"],
  [8, "Strong(er) authentication required"],
  [10, "Referral"],
  [11, "Administrative limit exceeded"],
  [12, "Critical extension is unavailable"],
  [13, "Confidentiality required"],
  [14, "SASL bind in progress"],
  [19, "Constraint violation"],
  [32, "No such object"],
  [48, "Inappropriate authentication"],
  [49, "Invalid credentials"],
  [50, "Insufficient access"],
  [51, "Server is busy"],
  [52, "Server is unavailable"],
  [53, "Server is unwilling to perform"],
  [80, "Internal (implementation specific) error"],
]);

const CONNECTION_TEXTS: Readonly<Record<TotalConnectionCode, string>> = {
  0: "operation success",
  1: "operation failure",
  2: "not connected",
  10: "time out",
};

/** libldap's text of a result code. */
export const ldapCodeText = (code: number): string => LDAP_TEXTS.get(code) ?? "Unknown error";

export type StatusColor = "green" | "amber" | "red";

interface StatusText {
  readonly text: string;
  readonly color: StatusColor;
}

/** Name and address of an agreement as 389's messages show them. */
export const longName = (agreement: { name: string; host: string; port: number }): string =>
  `agmt="cn=${agreement.name}" (${agreement.host.split(".")[0]}:${agreement.port})`;

export function describeUpdate(result: StatusResult | undefined, name: string): StatusText {
  if (result === undefined) return { text: NOT_STARTED, color: "green" };
  const { ldapCode, replicationCode, message } = result;
  const codeText = findReplicationCodeText(replicationCode);
  const suffix = codeText === undefined ? "" : ` (${codeText})`;
  if (ldapCode !== 0) {
    const shown = message === "" ? " - " : `${message} - `;
    const text = `Error (${ldapCode}) ${shown}LDAP error: ${ldapCodeText(ldapCode)}${suffix}`;
    return { text, color: "red" };
  }
  switch (replicationCode) {
    case ReplicationCode.ready:
      return { text: `Error (0) Replica acquired successfully: ${message}`, color: "green" };
    case ReplicationCode.busy:
      return { text: `Error (1) Can't acquire busy replica (${message})`, color: "amber" };
    case ReplicationCode.transientError:
    case ReplicationCode.backOff:
      return {
        text: `Error (${replicationCode}) Can't acquire replica (${message})`,
        color: "amber",
      };
    case ReplicationCode.releaseSucceeded:
      return { text: "Error (0) Replication session successful", color: "green" };
    case ReplicationCode.disabled:
      return {
        text:
          `Error (12) Incremental update aborted: Replication agreement for ${name}\n ` +
          "can not be updated while the replica is disabled.\n(If the suffix is disabled you must " +
          "enable it then restart the server for replication to take place).",
        color: "red",
      };
    default:
      return {
        text: `Error (${replicationCode}) Replication error acquiring replica: ${message}${suffix}`,
        color: "red",
      };
  }
}

export function describeInit(result: InitResult): StatusText {
  const { ldapCode, replicationCode, connectionCode, message } = result;
  const codeText = findReplicationCodeText(replicationCode);
  const connection = connectionCode === 0 ? [] : [CONNECTION_TEXTS[connectionCode]];
  if (ldapCode !== 0) {
    const parts = [
      `LDAP error: ${ldapCodeText(ldapCode)}`,
      ...(replicationCode === 0 || codeText === undefined ? [] : [codeText]),
      ...connection,
    ];
    const text = `Error (${ldapCode})${message === "" ? " - " : ` ${message} - `}${parts.join(" - ")}`;
    return { text, color: "red" };
  }
  if (replicationCode !== 0) {
    const parts = [
      codeText ?? "unknown error",
      ...(message === "" ? [] : [message]),
      ...connection,
    ];
    return {
      text: `Error (${replicationCode}) Replication error acquiring replica: ${parts.join(" - ")}`,
      color: "red",
    };
  }
  if (connectionCode !== 0) {
    return {
      text: `Error (${connectionCode}) connection error: ${connection.join("")} - Total update aborted`,
      color: "red",
    };
  }
  return { text: `Error (0) ${message}`, color: "green" };
}

/** YYYYMMDDHHMMSSZ. */
export function formatTime(millis: number | undefined): string {
  if (millis === undefined) return NEVER;
  return isoSeconds(millis).replace(/[-:T]/g, "");
}

const isoSeconds = (millis: number): string => `${new Date(millis).toISOString().slice(0, 19)}Z`;

interface JsonFields {
  readonly color: StatusColor;
  readonly ldapCode: number;
  readonly ldapText: string;
  readonly replicationCode: number;
  readonly connectionCode: TotalConnectionCode | undefined;
  readonly at: number;
  readonly text: string;
}

/** One line in 389's spacing; numbers are strings. */
function formatJson(fields: JsonFields): string {
  const codeText = findReplicationCodeText(fields.replicationCode) ?? "unknown error";
  const pairs: [string, string][] = [
    ["state", fields.color],
    ["ldap_rc", String(fields.ldapCode)],
    ["ldap_rc_text", fields.ldapText],
    ["repl_rc", String(fields.replicationCode)],
    ["repl_rc_text", codeText],
  ];
  if (fields.connectionCode !== undefined) {
    pairs.push(["conn_rc", String(fields.connectionCode)]);
    pairs.push(["conn_rc_text", CONNECTION_TEXTS[fields.connectionCode]]);
  }
  pairs.push(["date", isoSeconds(fields.at)], ["message", fields.text]);
  return `{${pairs.map(([name, value]) => `"${name}": ${JSON.stringify(value)}`).join(", ")}}`;
}

/** `1:20/3 2:0/7 `: origin, sent, skipped; a space follows each (389). */
export const formatChangesSent = (changes: AgreementStatus["changes"]): string =>
  [...changes].map(([id, { sent, skipped }]) => `${id}:${sent}/${skipped} `).join("");

/** `name` is the long name; `startedAt` the start of the server, the date of a status without a session. */
export function showStatus(status: AgreementStatus, name: string, startedAt: number): ShownStatus {
  const { update, init } = status;
  const updateText = describeUpdate(update, name);
  const initText = init === undefined ? undefined : describeInit(init);
  return {
    lastUpdateStart: formatTime(status.updateStart),
    lastUpdateEnd: formatTime(status.updateEnd),
    lastUpdateStatus: updateText.text,
    lastUpdateStatusJson: formatJson({
      color: updateText.color,
      ldapCode: update?.ldapCode ?? 0,
      // 389: in lower case as long as there was no session.
      ldapText: update === undefined ? "success" : ldapCodeText(update.ldapCode),
      replicationCode: update?.replicationCode ?? 0,
      connectionCode: undefined,
      at: update?.at ?? startedAt,
      text: updateText.text,
    }),
    updateInProgress: status.isUpdating,
    changesSent: formatChangesSent(status.changes),
    lastInitStart: formatTime(status.initStart),
    lastInitEnd: formatTime(status.initEnd),
    lastInitStatus: initText?.text,
    lastInitStatusJson:
      init === undefined || initText === undefined
        ? undefined
        : formatJson({
            color: initText.color,
            ldapCode: init.ldapCode,
            ldapText: ldapCodeText(init.ldapCode),
            replicationCode: init.replicationCode,
            connectionCode: init.connectionCode,
            at: init.at,
            text: initText.text,
          }),
  };
}
