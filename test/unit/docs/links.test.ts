// The pages of docs/ and those beside the sources point to what is there: relative links, and paths of the project in code type.
import { assert } from "chai";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot } from "../../support/trace-file.ts";

const LINK = /\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g;
const PATH = /`((?:src|test|scripts|docs)\/[\w./-]*\w)`/g;

function pages(root: string): string[] {
  const below = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  const docs = below.filter((name) => name.endsWith(".md")).map((name) => join("docs", name));
  return ["CONTRIBUTING.md", "CHANGELOG.md", ...docs];
}

suite("docs/links", () => {
  const root = projectRoot();
  for (const page of pages(root)) {
    test(`docs/links: what ${page} points to is there`, () => {
      const text = readFileSync(join(root, page), "utf8");
      const links = Array.from(text.matchAll(LINK), ([, path = ""]) => join(dirname(page), path));
      const paths = Array.from(text.matchAll(PATH), ([, path = ""]) => path);
      const missing = [...links, ...paths].filter((path) => !existsSync(join(root, path)));
      assert.deepEqual(missing, []);
    });
  }
});
