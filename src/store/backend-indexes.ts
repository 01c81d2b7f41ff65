// Which attributes of a backend are indexed. The configuration (cn=index) says what should be; this catalog says what is:
// each indexed type has a number (tag) in the index table, and an index counts as ready only when it covers all entries.
// Stored as one JSON row in `meta`, so that an interrupted build is known after a restart.
import { LdapError } from "../protocol/index.ts";
import type { AttributeType, Schema } from "../schema/index.ts";
import { type IndexKind, ListSizes } from "../index/index.ts";

/** Index tags are 16-bit numbers. */
const TAG_MAX = 0xffff;

export interface BackendIndex {
  readonly type: AttributeType;
  readonly tag: number;
  readonly kinds: ReadonlySet<IndexKind>;
  /** false while it is being built: maintained, not used. */
  readonly ready: boolean;
}

interface StoredIndex {
  readonly key: string;
  readonly tag: number;
  readonly kinds: readonly IndexKind[];
  readonly ready: boolean;
}

interface StoredCatalog {
  readonly indexes: readonly StoredIndex[];
  readonly retiredTags: readonly number[];
}

export class BackendIndexes {
  /** Those that are maintained. */
  readonly all: readonly BackendIndex[];
  /** Tags of indexes whose rows are being removed: not to be given away before that is done. */
  readonly retiredTags: ReadonlySet<number>;
  readonly sizes = new ListSizes();
  readonly #byKey: ReadonlyMap<string, BackendIndex>;

  constructor(all: readonly BackendIndex[], retiredTags: ReadonlySet<number> = new Set()) {
    this.all = all;
    this.retiredTags = retiredTags;
    this.#byKey = new Map(all.map((index) => [index.type.key, index]));
  }

  find(type: AttributeType): BackendIndex | undefined {
    return this.#byKey.get(type.key);
  }

  /** With one more index, or another set of kinds for a known one. */
  with(
    type: AttributeType,
    kinds: ReadonlySet<IndexKind>,
    state: "ready" | "building",
  ): BackendIndexes {
    const tag = this.find(type)?.tag ?? this.#freeTag();
    const index: BackendIndex = { type, tag, kinds, ready: state === "ready" };
    const others = this.all.filter((other) => other.type.key !== type.key);
    return new BackendIndexes([...others, index], this.retiredTags);
  }

  /** Without the index, whose tag stays reserved while its rows are removed. */
  retired(index: BackendIndex): BackendIndexes {
    const others = this.all.filter(({ tag }) => tag !== index.tag);
    return new BackendIndexes(others, new Set([...this.retiredTags, index.tag]));
  }

  /** The rows of a retired index are gone. */
  freed(tag: number): BackendIndexes {
    const tags = new Set(this.retiredTags);
    tags.delete(tag);
    return new BackendIndexes(this.all, tags);
  }

  encode(): Buffer {
    const rows: StoredIndex[] = this.all.map((index) => ({
      key: index.type.key,
      tag: index.tag,
      kinds: [...index.kinds],
      ready: index.ready,
    }));
    const stored: StoredCatalog = { indexes: rows, retiredTags: [...this.retiredTags] };
    return Buffer.from(JSON.stringify(stored), "utf8");
  }

  static decode(bytes: Buffer | undefined, schema: Schema): BackendIndexes {
    if (bytes === undefined) return new BackendIndexes([]);
    const { indexes, retiredTags } = JSON.parse(bytes.toString("utf8")) as StoredCatalog;
    return new BackendIndexes(
      indexes.map((row) => ({
        type: schema.attributeType(row.key),
        tag: row.tag,
        kinds: new Set(row.kinds),
        ready: row.ready,
      })),
      new Set(retiredTags),
    );
  }

  #freeTag(): number {
    const used = new Set([...this.retiredTags, ...this.all.map((index) => index.tag)]);
    for (let tag = 1; tag <= TAG_MAX; tag += 1) {
      if (!used.has(tag)) return tag;
    }
    throw new LdapError("unwillingToPerform", "Too many indexes");
  }
}
