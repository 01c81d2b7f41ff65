// Status of an agreement as it is stored over a restart: JSON of times and results. What cannot be read is as if nothing had
// been stored.
import type { Millis } from "../../base/index.ts";
import {
  type AgreementStatus,
  type InitResult,
  NEW_STATUS,
  type StatusResult,
  restoredStatus,
} from "./status.ts";

const CONNECTION_CODES: readonly number[] = [0, 1, 2, 10];

export function formatStoredStatus(status: AgreementStatus): string {
  const { updateStart, updateEnd, update, initStart, initEnd, init } = restoredStatus(status);
  return JSON.stringify({ updateStart, updateEnd, update, initStart, initEnd, init });
}

export function parseStoredStatus(text: string): AgreementStatus {
  const fields = parseObject(text);
  if (fields === undefined) return NEW_STATUS;
  const update = resultOf(fields["update"]);
  const init = initOf(fields["init"]);
  return {
    ...NEW_STATUS,
    updateStart: timeOf(fields["updateStart"]),
    updateEnd: timeOf(fields["updateEnd"]),
    update,
    initStart: timeOf(fields["initStart"]),
    initEnd: timeOf(fields["initEnd"]),
    init,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(text: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined; // cut off or edited
  }
}

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null ? (value as Fields) : undefined;

const timeOf = (value: unknown): Millis | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0
    ? (value as Millis)
    : undefined;

function resultOf(value: unknown): StatusResult | undefined {
  const fields = fieldsOf(value);
  const at = timeOf(fields?.["at"]);
  const { ldapCode, replicationCode, message } = fields ?? {};
  const isWhole =
    typeof ldapCode === "number" &&
    typeof replicationCode === "number" &&
    typeof message === "string";
  return isWhole && at !== undefined ? { ldapCode, replicationCode, message, at } : undefined;
}

function initOf(value: unknown): InitResult | undefined {
  const result = resultOf(value);
  const code = fieldsOf(value)?.["connectionCode"];
  if (result === undefined || typeof code !== "number" || !CONNECTION_CODES.includes(code)) {
    return undefined;
  }
  return { ...result, connectionCode: code as InitResult["connectionCode"] };
}
