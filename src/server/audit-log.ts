// The audit log: every change that a client made, as LDIF change records that can be applied again, each with the time, the
// result and who did it (389: auditlog.c). Passwords stand there as they are stored, hashed or sealed.
//
//   time: 20260102030405
//   dn: uid=ann,ou=people,dc=example,dc=com
//   result: 0
//   changetype: modify
//   replace: mail
//   mail: ann@example.com
//   -
//   replace: modifiersName
//   modifiersName: cn=directory manager
//   -
import type { Millis } from "../base/index.ts";
import { type LdifChangeRecord, LdifWriter, encodeLdifRecord } from "../ldif/index.ts";
import type { LogFile } from "../log/index.ts";
import { formatTime } from "../operation/index.ts";
import type { UpdateRequest } from "./update-request.ts";

const toBytes = (text: string): Buffer => Buffer.from(text, "utf8");

export class AuditLog {
  readonly #file: LogFile;

  constructor(file: LogFile) {
    this.#file = file;
  }

  /** @param request as carried out: without passwords in clear text */
  record(request: UpdateRequest, by: { readonly normalDn: string; readonly now: Millis }): void {
    const writer = new LdifWriter();
    writer.writeValue("time", toBytes(formatTime(by.now).replace("Z", "")));
    writer.writeValue("dn", toBytes(request.dn));
    writer.writeValue("result", toBytes("0"));
    const head = writer.take().toString("latin1");
    const record = encodeLdifRecord(changeRecord(request, by.normalDn)).toString("latin1");
    const change = record.slice(record.indexOf(CHANGE_START) + 1).trimEnd();
    writer.writeValue("modifiersName", toBytes(by.normalDn));
    // A modification names its author among the items; others do so on a line of its own.
    const foot = request.type === "modify" ? "" : writer.take().toString("latin1");
    this.#file.append(`${head}${change}\n${foot}`);
  }
}

/** What follows the name of the entry; inside a folded line it cannot stand. */
const CHANGE_START = "\nchangetype:";

function changeRecord(request: UpdateRequest, author: string): LdifChangeRecord {
  const common = { line: 0, controls: [] };
  if (request.type !== "modify") return { ...request, ...common };
  const item = { operation: "replace", type: "modifiersName", values: [toBytes(author)] } as const;
  return { ...request, ...common, mods: [...request.mods, item] };
}
