// The list of attributes that an agreement does not send: `(objectclass=*) $ EXCLUDE a b c` (389: repl5_agmt.c). dsconf puts
// the prefix before what the user typed, so a user who types the whole form sends the prefix twice.
import { LdapError } from "../protocol/index.ts";

const PREFIX = /^\s*\(objectclass=\*\)\s*\$\s*EXCLUDE\b/i;

/** 389 refuses to leave these out: without them an entry or its state would be broken on the consumer. */
const NEVER_EXCLUDED = new Set([
  "nsuniqueid",
  "modifiersname",
  "lastmodifiedtime",
  "dc",
  "o",
  "ou",
  "cn",
  "objectclass",
]);

/** Names in lower case, each once; a text that is no such list leaves nothing out. */
export function parseFractionalList(text: string): readonly string[] {
  let rest = text;
  if (!PREFIX.test(rest)) return [];
  while (PREFIX.test(rest)) rest = rest.replace(PREFIX, "");
  return parseNameList(rest);
}

/** Names separated by blanks, in lower case, each once. */
export function parseNameList(text: string): readonly string[] {
  return [
    ...new Set(
      text
        .toLowerCase()
        .split(/\s+/)
        .filter((name) => name !== ""),
    ),
  ];
}

/** @throws LdapError unwillingToPerform when an attribute is listed that must always be sent */
export function checkFractionalList(text: string, kind: "incremental" | "total"): void {
  const illegal = parseFractionalList(text).find((name) => NEVER_EXCLUDED.has(name));
  if (illegal === undefined) return;
  const what = kind === "total" ? "illegal total update attribute" : "illegal attribute";
  throw new LdapError(
    "unwillingToPerform",
    `attempt to exclude an ${what} in a fractional agreement: ${illegal}`,
  );
}

const WINDOW = /^(\d{4})-(\d{4})(?: ([0-6]{1,7}))?$/;

const isTimeOfDay = (text: string): boolean =>
  Number(text.slice(0, 2)) <= 23 && Number(text.slice(2)) <= 59;

/** Whether `text` is one window of nsds5ReplicaUpdateSchedule: `HHMM-HHMM` with days `0123456` after a blank, or `*`. */
export function isScheduleWindow(text: string): boolean {
  if (text.trim() === "*") return true;
  const match = WINDOW.exec(text.trim());
  if (match === null) return false;
  const [, from = "", to = ""] = match;
  return isTimeOfDay(from) && isTimeOfDay(to) && from <= to;
}
