// scripts/build-when-needed in a checkout of a few files, with an npm that only notes what it is asked for.
import { assert } from "chai";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { mustRun } from "../support/child.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { projectRoot } from "../support/trace-file.ts";

const LONG_AGO = new Date("2020-01-01T00:00:00Z");

/** A checkout whose packages are older than its list of packages. Gives what npm was asked for. */
async function askedOfNpm({ packages }: { readonly packages: "folder" | "link" }): Promise<string> {
  const folder = makeTemporaryFolder();
  const checkout = join(folder, "checkout");
  const programs = join(folder, "bin");
  const elsewhere = join(folder, "packages");
  for (const name of ["scripts", "src", "test"])
    mkdirSync(join(checkout, name), { recursive: true });
  mkdirSync(programs);
  for (const name of ["package.json", "package-lock.json", "tsconfig.json"])
    writeFileSync(join(checkout, name), "{}");
  const script = join(checkout, "scripts/build-when-needed");
  copyFileSync(join(projectRoot(), "scripts/build-when-needed"), script);
  const place = packages === "link" ? elsewhere : join(checkout, "node_modules");
  mkdirSync(place);
  const list = join(place, ".package-lock.json");
  writeFileSync(list, "{}");
  utimesSync(list, LONG_AGO, LONG_AGO);
  if (packages === "link") symlinkSync(place, join(checkout, "node_modules"));
  const asked = join(folder, "asked");
  writeFileSync(join(programs, "npm"), `#!/bin/sh\necho "$1" >> ${asked}\n`, { mode: 0o755 });
  await mustRun("bash", [script], { env: { PATH: `${programs}:${process.env["PATH"]}` } });
  return existsSync(asked) ? readFileSync(asked, "utf8") : "";
}

suite("blackbox-cli/build-when-needed: packages", () => {
  test("blackbox-cli/build-when-needed: packages that are older than their list are installed", async () => {
    assert.strictEqual(await askedOfNpm({ packages: "folder" }), "ci\nrun\n");
  });

  test("blackbox-cli/build-when-needed: packages of another checkout, which a link leads to, stay as they are", async () => {
    assert.strictEqual(await askedOfNpm({ packages: "link" }), "run\n");
  });
});
