/** Logs follow the settings of cn=config while the server runs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import type { Millis } from "../../../src/base/index.ts";
import type { ServerSettings } from "../../../src/config/index.ts";
import { LdapError, ResultCode } from "../../../src/protocol/index.ts";
import { ServerLogs } from "../../../src/server/server-logs.ts";
import { newTree } from "../../support/config-tree.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

suite("server/server-logs", () => {
  let folder: string;
  let logs: ServerLogs;
  let settings: ServerSettings;

  setup(() => {
    folder = makeTemporaryFolder();
    logs = new ServerLogs(join(folder, "errors"), { now: () => Date.now() as Millis });
    settings = {
      ...newTree().snapshot.server,
      accessLogFile: join(folder, "access"),
      auditLogFile: join(folder, "audit"),
      errorLogFile: join(folder, "errors"),
    };
  });
  teardown(() => logs.close());

  test("server/server-logs: access is logged unless it is switched off or its level says nothing", () => {
    logs.use(settings);
    assert.isDefined(logs.access);
    logs.use({ ...settings, accessLog: false });
    assert.isUndefined(logs.access);
    logs.use({ ...settings, accessLogLevel: 4 });
    assert.isUndefined(logs.access);
    logs.use({ ...settings, accessLogLevel: 256 + 4 });
    assert.isDefined(logs.access);
  });

  test("server/server-logs: settings of other things leave the open file alone", () => {
    logs.use(settings);
    const before = logs.access;
    logs.use({ ...settings, sizeLimitEntries: 5 });
    assert.equal(logs.access, before);
    logs.use({ ...settings, accessLogFormat: "json" });
    assert.notEqual(logs.access, before);
  });

  test("server/server-logs: whoever writes the access log is told of another one", () => {
    const told: unknown[] = [];
    logs.onAccessLog = (accessLog) => told.push(accessLog);
    logs.use(settings);
    logs.use({ ...settings, accessLogFile: join(folder, "access2") });
    assert.lengthOf(told, 2);
    assert.isTrue(existsSync(join(folder, "access2")));
  });

  test("server/server-logs: a changed path that cannot be opened is refused", () => {
    const next = { ...settings, accessLogFile: join(folder, "missing", "access") };
    try {
      logs.check(next, settings);
      assert.fail("it was accepted");
    } catch (error) {
      assert.instanceOf(error, LdapError);
      assert.equal((error as LdapError).code, ResultCode.unwillingToPerform);
    }
    logs.check(next, next);
  });

  test("server/server-logs: a file that cannot be opened at the start is reported and done without", () => {
    logs.use({ ...settings, accessLogFile: join(folder, "missing", "access") });
    assert.isUndefined(logs.access);
    assert.include(readFileSync(join(folder, "errors"), "utf8"), "server.log.unusable");
  });

  test("server/server-logs: events go where the settings say, and nowhere when they are switched off", () => {
    logs.use({ ...settings, errorLogFile: join(folder, "other") });
    logs.events.info("test.event.happened");
    logs.use({ ...settings, errorLogFile: join(folder, "other"), errorLog: false });
    logs.events.info("test.event.hidden");
    const text = readFileSync(join(folder, "other"), "utf8");
    assert.include(text, "test.event.happened");
    assert.notInclude(text, "test.event.hidden");
    assert.notInclude(readFileSync(join(folder, "errors"), "utf8"), "test.event.happened");
  });

  test("server/server-logs: details are written when a level asks for more than the usual", () => {
    logs.use(settings);
    logs.events.debug("test.detail.hidden");
    logs.use({ ...settings, errorLogLevel: 8192 });
    logs.events.debug("test.detail.shown");
    const text = readFileSync(join(folder, "errors"), "utf8");
    assert.notInclude(text, "test.detail.hidden");
    assert.include(text, "test.detail.shown");
  });

  test("server/server-logs: an audit log exists only while it is asked for", () => {
    logs.use(settings);
    assert.isUndefined(logs.audit);
    logs.use({ ...settings, auditLog: true });
    assert.isDefined(logs.audit);
  });
});
