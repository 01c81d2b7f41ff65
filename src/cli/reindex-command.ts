// `concord reindex`: builds indexes anew, on a stopped instance. (On a running one: a task under cn=index,cn=tasks,cn=config.)
import { CommandFailure } from "./failure.ts";
import { type BackendOptions, aloneWith, getBackend } from "./offline.ts";
import { type PrintOptions, printResult } from "./print.ts";
import { Progress } from "./progress.ts";

export interface ReindexOptions extends BackendOptions, PrintOptions {
  readonly attribute: readonly string[] | undefined;
}

export async function runReindex(options: ReindexOptions): Promise<void> {
  const started = performance.now();
  const result = await aloneWith(options.dir, "reindex", async (instance) => {
    const backend = getBackend(instance, options.backend);
    const { schema } = instance.directory;
    const names = (options.attribute ?? []).flatMap((text) => text.split(/[,\s]+/));
    const known = new Set(backend.indexes.all.map(({ type }) => type.key));
    for (const name of names) {
      if (known.has(schema.attributeType(name).key)) continue;
      throw new CommandFailure(`${backend.name} has no index of ${name}`, {
        hint: "Add it to the configuration first, for instance: dsconf URL backend index add …",
      });
    }
    const progress = new Progress("indexing entries");
    await instance.keeper.reindex(backend, names, {
      items: (done, total) => progress.report(done, total),
      isCanceled: () => false,
    });
    progress.end();
    const keys = new Set(names.map((name) => schema.attributeType(name).key));
    const built = backend.indexes.all.filter(({ type }) => keys.size === 0 || keys.has(type.key));
    return {
      backend: backend.name,
      attributes: built.map(({ type }) => type.name),
      entries: backend.tables.entry.count(),
    };
  });
  const seconds = (performance.now() - started) / 1000;
  printResult(
    { ...result, seconds },
    () =>
      `indexed ${result.entries} entries of ${result.backend} in ${seconds.toFixed(1)} s: ${result.attributes.join(" ")}`,
    options,
  );
}
