// The code of the kernel is what its source compiles to.
import { assert } from "chai";
import { readFileSync } from "node:fs";
import { kernelOf } from "../../../scripts/kernel.ts";
import { projectRoot } from "../../support/trace-file.ts";

suite("scripts/kernel", () => {
  test("scripts/kernel: `npm run kernel` would change nothing", () => {
    const { path, compiled } = kernelOf(projectRoot());
    assert.equal(readFileSync(path, "utf8"), compiled);
  });
});
