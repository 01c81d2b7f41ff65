// What a front-end process keeps in memory of the instance, and how it keeps up with the main process: after each commit that is
// seen for the first time, rows tell which of it is outdated (see store/generations.ts). So whoever judges by a snapshot of the
// data judges by the rules, names, settings and schema of that snapshot, or by newer ones.
import type { Schema } from "../schema/index.ts";
import { Backend, type SeenGenerations } from "../store/index.ts";
import { AciKeeper } from "./aci-keeper.ts";
import type { AciStore } from "../access/index.ts";
import { SILENT_LOG } from "../base/index.ts";
import type { Directory } from "./directory.ts";
import { loadConfig } from "./load-config.ts";
import { loadSchemaFiles } from "./schema-files.ts";

export class FrontView {
  readonly #directory: Directory;
  readonly #acis: AciKeeper;
  readonly #seen: SeenGenerations;
  readonly #onConfig: () => void;

  /** `onConfig` is called when another configuration is in force. */
  constructor(
    directory: Directory,
    {
      seen,
      acis,
      onConfig,
    }: { readonly seen: SeenGenerations; readonly acis: AciStore; readonly onConfig: () => void },
  ) {
    this.#directory = directory;
    // The main process reports rules that cannot be read.
    this.#acis = new AciKeeper(acis, SILENT_LOG);
    this.#seen = seen;
    this.#onConfig = onConfig;
    directory.kv.onCommits = () => this.#follow();
  }

  /** Reads everything. */
  open(): void {
    this.#directory.kv.renew();
    this.#follow();
  }

  #follow(): void {
    if (!this.#seen.hasAnyChanged()) return;
    const { descriptions, paths } = this.#directory;
    if (this.#seen.hasChanged("descriptions")) descriptions.reload();
    if (this.#seen.hasChanged("schema")) this.#useSchema(loadSchemaFiles(paths.userSchema).schema);
    // A backend may have been there before its tables were.
    const isReloaded = this.#seen.hasChanged("config");
    if (isReloaded) this.#useConfig();
    for (const backend of this.#directory.backends.values()) {
      this.#followBackend(backend, isReloaded);
    }
  }

  #followBackend(backend: Backend, isReloaded: boolean): void {
    const haveNames = this.#seen.hasChanged(`names/${backend.name}`);
    if (this.#seen.hasChanged(`content/${backend.name}`) || isReloaded) {
      backend.reload();
      this.#acis.load(backend);
    } else if (haveNames) {
      backend.reader.forgetNames();
      this.#acis.followNames(backend);
    }
  }

  #useSchema(schema: Schema): void {
    const directory = this.#directory;
    directory.descriptions = directory.descriptions.withSchema(schema);
    directory.config = directory.config.withSchema(schema);
    for (const backend of directory.backends.values()) {
      backend.useDescriptions(directory.descriptions);
    }
    this.#acis.useSchema(schema);
  }

  #useConfig(): void {
    const { backends, kv, paths, schema } = this.#directory;
    this.#directory.config = loadConfig(paths, schema, () => {});
    const { snapshot } = this.#directory.config;
    const suffixes = new Map(
      snapshot.backends.map(({ name, suffix }) => [name.toLowerCase(), suffix]),
    );
    for (const [name, backend] of backends) {
      if (suffixes.get(name) === backend.suffixDn) continue;
      this.#acis.forget(backend);
      backends.delete(name);
    }
    const { descriptions } = this.#directory;
    for (const [name, suffix] of suffixes) {
      if (backends.has(name)) continue;
      backends.set(name, new Backend(kv, { name, suffix, descriptions }));
    }
    this.#onConfig();
  }
}
