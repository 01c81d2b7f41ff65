// docs/ARCHITECTURE.md says what floors.json and the traces of the walks say. UPDATE=1 renders it.
import { assert } from "chai";
import { writeFileSync } from "node:fs";
import {
  type RenderSources,
  architectureOf,
  readHolds,
  renderArchitecture,
} from "../../../scripts/render-architecture.ts";
import { projectRoot } from "../../support/trace-file.ts";

const SOURCES: RenderSources = {
  plan: { floors: [["base"], ["kv", "ber"]], pure: ["base"], synchronous: ["kv"], only: {} },
  readFile: (path) => `content of ${path}\n`,
};
const ROOMS = `<!-- rooms -->
| floor | room | mark | holds |
| --- | --- | --- | --- |
| 7 | \`kv\` | P | tables |
| 7 | \`gone\` | | what is gone |
<!-- end -->`;

suite("scripts/render-architecture", () => {
  test("scripts/render-architecture: rooms follow the plan and keep what they hold", () => {
    const rendered = renderArchitecture(`before\n${ROOMS}\nafter`, SOURCES);
    assert.deepEqual(rendered.split("\n").slice(4, 9), [
      "| 0 | `base` | P |  |",
      "| 1 | `kv` | S | tables |",
      "| 1 | `ber` | - |  |",
      "<!-- end -->",
      "after",
    ]);
    assert.equal(renderArchitecture(rendered, SOURCES), rendered);
  });

  test("scripts/render-architecture: a file stands between its marks", () => {
    const rendered = renderArchitecture("<!-- file: a/b.txt -->\nold\n<!-- end -->", SOURCES);
    const block = "```text\ncontent of a/b.txt\n```";
    assert.equal(rendered, `<!-- file: a/b.txt -->\n${block}\n<!-- end -->`);
  });

  test("scripts/render-architecture: ARCHITECTURE.md is what its sources say", () => {
    const { path, text, rendered } = architectureOf(projectRoot());
    if (process.env["UPDATE"] === "1") writeFileSync(path, rendered);
    else assert.equal(text, rendered, "run the tests with UPDATE=1");
    for (const [room, holds] of readHolds(rendered)) {
      assert.notEqual(holds, "", `docs/ARCHITECTURE.md says what ${room} holds`);
    }
  });
});
