// `concord list`: the instances below a folder. Nothing is kept about instances outside their folders, so they are looked for.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { instancePaths } from "../server/index.ts";
import { configuredUrls, findReadyPid, loadInstance } from "./instance.ts";
import { defaultFolder } from "./instance-folder.ts";
import { type PrintOptions, formatTable, printResult } from "./print.ts";

/** Levels below the folder that are searched. */
const DEPTH_MAX = 3;
/** Where no instance lies inside. */
const SKIPPED = new Set(["node_modules", ".git", "proc", "sys"]);

export interface ListOptions extends PrintOptions {
  readonly folder: string | undefined;
}

interface ListedInstance {
  readonly folder: string;
  readonly running: boolean;
  readonly pid: number | undefined;
  readonly urls: readonly string[];
  readonly suffixes: readonly string[];
}

export function runList(options: ListOptions): void {
  const root = resolve(options.folder ?? dirname(resolve(defaultFolder())));
  const instances = [...findInstances(root, DEPTH_MAX)].map(describe);
  printResult(
    instances,
    () =>
      instances.length === 0
        ? `no instance below ${root}`
        : formatTable(
            ["folder", "state", "urls", "suffixes"],
            instances.map(({ folder, running, urls, suffixes }) => [
              relative(process.cwd(), folder) || ".",
              running ? "running" : "stopped",
              urls.join(" "),
              suffixes.join(" "),
            ]),
          ),
    options,
  );
}

function* findInstances(folder: string, depth: number): Iterable<string> {
  if (existsSync(instancePaths(folder).dse)) {
    yield folder;
    return;
  }
  if (depth === 0) return;
  for (const name of subfolders(folder)) yield* findInstances(join(folder, name), depth - 1);
}

function subfolders(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !SKIPPED.has(entry.name))
      .map(({ name }) => name)
      .sort();
  } catch {
    return []; // not there, or not for us
  }
}

function describe(folder: string): ListedInstance {
  const config = loadInstance(folder);
  const pid = findReadyPid(folder);
  return {
    folder,
    running: pid !== undefined,
    pid,
    urls: configuredUrls(config),
    suffixes: config.tree.snapshot.suffixes.map(({ suffix }) => suffix),
  };
}
