/** The audit log: each change as LDIF that can be applied again. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import type { Millis } from "../../../src/base/index.ts";
import { LOG_FILE_DEFAULTS, LogFile } from "../../../src/log/index.ts";
import { AuditLog } from "../../../src/server/audit-log.ts";
import type { UpdateRequest } from "../../../src/server/update-request.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5) as Millis;
const values = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text, "utf8"));

suite("server/audit-log", () => {
  let folder: string;
  let file: LogFile;

  setup(() => {
    folder = makeTemporaryFolder();
    const settings = { ...LOG_FILE_DEFAULTS, path: join(folder, "audit") };
    file = new LogFile(settings, { now: () => NOW });
  });

  async function logOf(...requests: UpdateRequest[]): Promise<string> {
    const log = new AuditLog(file);
    for (const request of requests) log.record(request, { normalDn: "cn=admin", now: NOW });
    await file.close();
    return readFileSync(join(folder, "audit"), "latin1");
  }

  test("server/audit-log: a modification lists its items and its author", async () => {
    const text = await logOf({
      type: "modify",
      dn: "uid=ann,dc=x",
      mods: [
        { operation: "replace", type: "mail", values: values("ann@x") },
        { operation: "delete", type: "title", values: [] },
      ],
    });
    assert.deepEqual(text.split("\n"), [
      "time: 20260102030405",
      "dn: uid=ann,dc=x",
      "result: 0",
      "changetype: modify",
      "replace: mail",
      "mail: ann@x",
      "-",
      "delete: title",
      "-",
      "replace: modifiersName",
      "modifiersName: cn=admin",
      "-",
      "",
      "",
    ]);
  });

  test("server/audit-log: records are separated by an empty line", async () => {
    const text = await logOf(
      { type: "delete", dn: "uid=ann,dc=x" },
      {
        type: "modifyDn",
        dn: "uid=bob,dc=x",
        newRdn: "uid=rob",
        deleteOldRdn: true,
        newSuperior: "ou=y,dc=x",
      },
    );
    const [first, second] = text.split("\n\n");
    assert.equal(
      first,
      "time: 20260102030405\ndn: uid=ann,dc=x\nresult: 0\nchangetype: delete\nmodifiersName: cn=admin",
    );
    assert.include(second, "changetype: modrdn\nnewrdn: uid=rob\ndeleteoldrdn: 1\n");
    assert.include(second, "newsuperior: ou=y,dc=x\nmodifiersName: cn=admin");
  });

  test("server/audit-log: a name with line breaks or foreign letters cannot forge a record", async () => {
    const text = await logOf({
      type: "add",
      dn: "cn=ü\nchangetype: delete,dc=x",
      attributes: [{ type: "cn", values: values("ü\nchangetype: delete") }],
    });
    assert.match(text, /^dn:: /m);
    assert.deepEqual(text.match(/^changetype: .*/gm), ["changetype: add"]);
  });
});
