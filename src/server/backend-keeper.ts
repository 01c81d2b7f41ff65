// Opens, closes and indexes backends as the configuration says.
import type {
  BackendSettings,
  IndexSettings,
  IndexKind as ConfiguredKind,
} from "../config/index.ts";
import type { AciStore } from "../access/index.ts";
import { IndexBuilder, type IndexKind, clearIndex } from "../index/index.ts";
import { Backend, type BackendIndex, indexedValues, rebuildDigest } from "../store/index.ts";
import { AciKeeper } from "./aci-keeper.ts";
import type { Directory } from "./directory.ts";
import type { EntryId } from "../entry/index.ts";
import { LateMerging } from "./late-merging.ts";

/** Entries read in one transaction while an index is built. */
const BUILD_ENTRIES = 500;
/** Index rows removed in one transaction. */
const CLEAR_ROWS = 10_000;

const KINDS: Readonly<Record<ConfiguredKind, IndexKind | undefined>> = {
  presence: "presence",
  equality: "equality",
  substring: "substring",
  approx: "equality",
  subtree: undefined,
};
/** Rules that ask for an ordering index (admin-compat 1.4). */
const ORDERING_RULES: ReadonlySet<string> = new Set([
  "integerorderingmatch",
  "generalizedtimeorderingmatch",
  "2.5.13.15",
  "2.5.13.28",
]);

/** Names of indexes that exist in the configuration for 389's tools; their work is done by the tree. */
const BUILT_IN: ReadonlySet<string> = new Set([
  "entryrdn",
  "parentid",
  "numsubordinates",
  "ancestorid",
  "entryusn",
]);

function kindsOf(index: IndexSettings): ReadonlySet<IndexKind> {
  const kinds = new Set<IndexKind>();
  for (const kind of index.kinds) {
    const own = KINDS[kind];
    if (own !== undefined) kinds.add(own);
  }
  if (index.matchingRules.some((rule) => ORDERING_RULES.has(rule.toLowerCase())))
    kinds.add("ordering");
  return kinds;
}

const isMaintained = (index: IndexSettings): boolean =>
  !BUILT_IN.has(index.attribute.toLowerCase()) && kindsOf(index).size > 0;

export class BackendKeeper {
  readonly #directory: Directory;
  readonly #merging: LateMerging;
  readonly acis: AciKeeper;

  constructor(directory: Directory, acis: AciStore) {
    this.#directory = directory;
    this.#merging = new LateMerging(directory);
    this.acis = new AciKeeper(acis, directory.log);
  }

  /** Opens a backend and brings its indexes in line with the configuration. */
  async open(settings: BackendSettings): Promise<void> {
    const { queue, kv, descriptions, backends } = this.#directory;
    const name = settings.name.toLowerCase();
    const backend = await queue.runAlone(
      () => new Backend(kv, { name, suffix: settings.suffix, descriptions }),
    );
    backends.set(name, backend);
    backend.onLateFull = () => this.#merging.start(backend);
    if (!backend.keepsDigest) await queue.runAlone(() => rebuildDigest(backend));
    // What the last process was removing when it ended.
    for (const tag of backend.indexes.retiredTags) await this.#clear(backend, tag);
    const isEmpty = backend.reader.idsFrom(1, 1).length === 0;
    for (const index of settings.indexes) {
      await this.changeIndex(settings, index, isEmpty ? "ready" : "asStored");
    }
    this.acis.load(backend);
  }

  /** Resolves when nothing is written to backends in the background. */
  stop(): Promise<void> {
    return this.#merging.stop();
  }

  /** Takes a backend out of service and removes its data. */
  async remove(settings: BackendSettings): Promise<void> {
    const { queue, backends } = this.#directory;
    const name = settings.name.toLowerCase();
    const backend = backends.get(name);
    if (backend === undefined) return;
    backends.delete(name);
    this.acis.forget(backend);
    await queue.whenIdle();
    await queue.runAlone(() => backend.dropSet(backend.set));
    await queue.submit((writes) => backend.deletePointer(writes));
  }

  /** An index was added or has other kinds. Until it has been built it is maintained and not used. */
  async changeIndex(
    settings: BackendSettings,
    index: IndexSettings,
    state: "ready" | "asStored",
  ): Promise<void> {
    const backend = this.#directory.backends.get(settings.name.toLowerCase());
    if (backend === undefined || !isMaintained(index)) return;
    const type = this.#directory.schema.attributeType(index.attribute);
    const kinds = kindsOf(index);
    const known = backend.indexes.find(type);
    if (
      known !== undefined &&
      known.kinds.size === kinds.size &&
      [...kinds].every((kind) => known.kinds.has(kind))
    ) {
      return;
    }
    await this.#directory.queue.submit((writes) => {
      backend.putIndexes(
        writes,
        backend.indexes.with(type, kinds, state === "ready" ? "ready" : "building"),
      );
    });
  }

  async removeIndex(settings: BackendSettings, index: IndexSettings): Promise<void> {
    const backend = this.#directory.backends.get(settings.name.toLowerCase());
    const type = this.#directory.schema.attributeType(index.attribute);
    const known = backend?.indexes.find(type);
    if (backend === undefined || known === undefined) return;
    await this.#retire(backend, known);
  }

  /** Builds indexes anew while the backend is in use: slices of entries, each in a transaction of its own.
   *  `names`: attributes; none = all of the backend. */
  async reindex(
    backend: Backend,
    names: readonly string[],
    progress: { items(done: number, total: number): void; isCanceled(): boolean },
  ): Promise<void> {
    const { queue, schema } = this.#directory;
    const keys = new Set(names.map((name) => schema.attributeType(name).key));
    const wanted = backend.indexes.all.filter(
      (index) => keys.size === 0 || keys.has(index.type.key),
    );
    for (const index of wanted) {
      await this.#retire(backend, index);
      await queue.submit((writes) => {
        backend.putIndexes(writes, backend.indexes.with(index.type, index.kinds, "building"));
      });
    }
    const built = wanted.flatMap((index) => backend.indexes.find(index.type) ?? []);
    const total = backend.tables.entry.count();
    let done = 0;
    for (let from: number | undefined = 1; from !== undefined && !progress.isCanceled(); ) {
      const start: number = from;
      from = await queue.submitInBackground((writes): number | undefined => {
        const table = writes.table(backend.tables.index);
        const builder = new IndexBuilder();
        const ids = [
          ...writes.table(backend.tables.entry).keys({ from: start, limit: BUILD_ENTRIES }),
        ];
        const txn = backend.begin(writes);
        for (const id of ids) {
          const entry = txn.writer.getEntry(id as EntryId);
          for (const index of built) builder.add(index, id, indexedValues(entry, index));
        }
        builder.flush(table);
        done += ids.length;
        const last = ids.at(-1);
        return last === undefined || ids.length < BUILD_ENTRIES ? undefined : last + 1;
      });
      progress.items(done, Math.max(done, total));
    }
    await queue.submit((writes) => {
      let indexes = backend.indexes;
      for (const index of wanted) indexes = indexes.with(index.type, index.kinds, "ready");
      backend.putIndexes(writes, indexes);
    });
  }

  /** Takes an index out of the catalog, so that nobody adds to it, and removes its rows. */
  async #retire(backend: Backend, index: BackendIndex): Promise<void> {
    const { queue } = this.#directory;
    await queue.submit((writes) => backend.putIndexes(writes, backend.indexes.retired(index)));
    await this.#clear(backend, index.tag);
  }

  async #clear(backend: Backend, tag: number): Promise<void> {
    const { queue } = this.#directory;
    // Late changes name indexes by their tags. This one is given away again when nothing names it any more.
    if (!(await this.#merging.merge(backend))) return;
    for (let more = true; more; ) {
      more = await queue.submitInBackground((writes) =>
        clearIndex(writes.table(backend.tables.index), tag, { rowsMax: CLEAR_ROWS }),
      );
    }
    await queue.submit((writes) => backend.putIndexes(writes, backend.indexes.freed(tag)));
  }
}
