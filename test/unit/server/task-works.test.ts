// The tasks that move whole backends, on an instance without listeners: what they leave, what they say, what they refuse.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { AciStore } from "../../../src/access/index.ts";
import { createNodeHash, verifyPassword } from "../../../src/auth/index.ts";
import { LdapError, ResultCode } from "../../../src/protocol/index.ts";
import { BackendKeeper } from "../../../src/server/backend-keeper.ts";
import { type OfflineInstance, openOfflineInstance } from "../../../src/server/index.ts";
import { taskWorks } from "../../../src/server/task-works.ts";
import {
  type Backend,
  digestBackend,
  openSnapshot,
  verifyBackend,
} from "../../../src/store/index.ts";
import type {
  ExportOrder,
  ImportOrder,
  TaskProgress,
  TaskWorks,
} from "../../../src/tasks/index.ts";
import { openNewInstance } from "../../support/offline-instance.ts";

const SUFFIX = "dc=example,dc=com";
const LDIF = `version: 1

dn: dc=example,dc=com
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: uid=ann,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
cn: Ann
sn: Lee
uid: ann
userPassword: clear secret
userPassword: {SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
`;
const BAD = `
dn: uid=bob,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: bob

dn: uid=eve,ou=nowhere,dc=example,dc=com
objectClass: inetOrgPerson
cn: Eve
sn: Eve
uid: eve
`;

class Progress implements TaskProgress {
  readonly lines: string[] = [];
  warning = 0;
  item: readonly [number, number] = [0, 1];
  canceled = false;

  log(line: string): void {
    this.lines.push(line);
  }
  items(done: number, total: number): void {
    this.item = [done, total];
  }
  warn(warning: number): void {
    this.warning = warning;
  }
  isCanceled(): boolean {
    return this.canceled;
  }
}

interface Instance extends OfflineInstance {
  readonly folder: string;
  readonly works: TaskWorks;
  readonly backend: Backend;
  readonly replaced: string[];
}

async function openInstance(): Promise<Instance> {
  const instance = await openNewInstance(SUFFIX);
  const { directory } = instance;
  const replaced: string[] = [];
  const keeper = new BackendKeeper(directory, new AciStore(directory.schema));
  const works = taskWorks(directory, keeper, () => Promise.resolve(), {
    contentReplaced: (backend) => {
      replaced.push(backend.name);
    },
  });
  const backend = directory.backends.get("userroot") as Backend;
  return { ...instance, works, backend, replaced };
}

const task = { dn: "cn=t,cn=tasks,cn=config", normalDn: "cn=t,cn=tasks,cn=config" };
const importOrder = (files: readonly string[]): ImportOrder => ({
  ...task,
  kind: "import",
  backendName: "userRoot",
  files,
  includeSuffixes: [],
  excludeSuffixes: [],
});
const exportOrder = (file: string, withReplicationState: boolean): ExportOrder => ({
  ...task,
  kind: "export",
  backendNames: ["userRoot"],
  file,
  oneFile: true,
  withReplicationState,
  includeSuffixes: [],
  excludeSuffixes: [],
  wrapLines: true,
  withVersionLine: true,
  withUniqueIds: true,
  withEntryIds: true,
});

// The two kinds share one type of order, so that none of them is the type of the work.
const archiveOrder = (kind: "backup" | "restore"): never =>
  ({ ...task, kind, folder: "b1" }) as never;

const snapshot = ({ directory }: Instance): Backend =>
  openSnapshot(directory.kv, { name: "userroot", suffix: SUFFIX, schema: directory.schema });

async function failureOf(work: Promise<void> | undefined): Promise<LdapError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof LdapError) return error;
    throw error;
  }
  throw new Error("the work went well");
}

suite("server/task-works", function () {
  this.timeout(30_000);

  let instance: Instance;

  setup(async () => {
    instance = await openInstance();
    mkdirSync(join(instance.folder, "ldif"), { recursive: true });
    writeFileSync(join(instance.folder, "ldif", "good.ldif"), LDIF);
    writeFileSync(join(instance.folder, "ldif", "bad.ldif"), LDIF + BAD);
  });
  teardown(() => instance.close());

  test("server/task-works: an import hashes clear-text passwords and keeps hashed ones", async () => {
    const progress = new Progress();
    await instance.works.import?.(importOrder(["good.ldif"]), progress);
    const { reader, schema } = instance.backend;
    const id = reader.idOfDn(schema.normalizeDnText(`uid=ann,ou=people,${SUFFIX}`));
    const [first, second] = reader
      .getEntry(id as NonNullable<typeof id>)
      .values(schema.attributeType("userPassword"));
    assert.match(first?.toString() ?? "", /^\{PBKDF2-SHA512\}/);
    assert.equal(second?.toString(), "{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    const hashers = createNodeHash().forOrigin("test");
    assert.isTrue(await verifyPassword(Buffer.from("clear secret"), first as Buffer, hashers));
    assert.deepEqual(verifyBackend(snapshot(instance)), []);
    assert.deepEqual(instance.replaced, ["userroot"]);
    assert.equal(progress.warning, 0);
    assert.match(progress.lines.at(-1) ?? "", /^Import complete. {2}Processed 3 entries in /);
  });

  test("server/task-works: an import skips bad entries, names them with file and line, and warns", async () => {
    const progress = new Progress();
    await instance.works.import?.(importOrder(["bad.ldif"]), progress);
    assert.equal(progress.warning, 8);
    const skipped = progress.lines.filter((line) => line.startsWith("Skipping"));
    assert.lengthOf(skipped, 2);
    assert.match(
      skipped[0] ?? "",
      /"uid=bob,.* which violates schema, at line 19 of file ".*bad.ldif"/,
    );
    assert.match(skipped[1] ?? "", /"uid=eve,.* which has no parent, at line 23 /);
    assert.match(progress.lines.at(-1) ?? "", /Processed 5 entries \(2 were skipped\)/);
  });

  test("server/task-works: an import that fails or is canceled leaves the content as it was", async () => {
    await instance.works.import?.(importOrder(["good.ldif"]), new Progress());
    const before = digestBackend(snapshot(instance));
    writeFileSync(
      join(instance.folder, "ldif", "other.ldif"),
      "dn: dc=other\nobjectClass: domain\n",
    );
    const missing = await failureOf(
      instance.works.import?.(importOrder(["none.ldif"]), new Progress()),
    );
    assert.equal(missing.code, ResultCode.operationsError);
    const other = await failureOf(
      instance.works.import?.(importOrder(["other.ldif"]), new Progress()),
    );
    assert.match(other.message, /nothing was changed/);
    const canceled = new Progress();
    canceled.canceled = true;
    await failureOf(instance.works.import?.(importOrder(["good.ldif"]), canceled));
    assert.deepEqual(digestBackend(snapshot(instance)), before);
    assert.deepEqual(verifyBackend(snapshot(instance)), []);
  });

  test("server/task-works: an export can be imported again", async () => {
    await instance.works.import?.(importOrder(["good.ldif"]), new Progress());
    const before = digestBackend(snapshot(instance));
    for (const withState of [false, true]) {
      const progress = new Progress();
      await instance.works.export?.(exportOrder("out.ldif", withState), progress);
      assert.deepEqual(progress.lines, [
        "Beginning export of 'userRoot'",
        "userroot: Processed 3 entries (100%).",
        "Export finished.",
      ]);
      const text = readFileSync(join(instance.folder, "ldif", "out.ldif"), "utf8");
      assert.match(text, /^version: 1\n\n# entry-id: 1\ndn: dc=example,dc=com\n/);
      await instance.works.import?.(importOrder(["out.ldif"]), new Progress());
      assert.deepEqual(digestBackend(snapshot(instance)), before);
    }
  });

  test("server/task-works: a backup is a whole instance folder, a restore is refused with the command", async () => {
    await instance.works.import?.(importOrder(["good.ldif"]), new Progress());
    const before = digestBackend(snapshot(instance));
    const progress = new Progress();
    await instance.works.backup?.(archiveOrder("backup"), progress);
    const folder = join(instance.folder, "backup", "b1");
    assert.isTrue(existsSync(join(folder, "backup.json")));
    const copy = await openOfflineInstance(folder, { readOnly: true });
    const { directory } = copy;
    const copied = openSnapshot(directory.kv, {
      name: "userroot",
      suffix: SUFFIX,
      schema: directory.schema,
    });
    assert.deepEqual(digestBackend(copied), before);
    await copy.close();
    const again = await failureOf(instance.works.backup?.(archiveOrder("backup"), new Progress()));
    assert.equal(again.code, ResultCode.unwillingToPerform);
    const restore = await failureOf(
      instance.works.restore?.(archiveOrder("restore"), new Progress()),
    );
    assert.match(restore.message, /concord restore b1/);
  });
});
