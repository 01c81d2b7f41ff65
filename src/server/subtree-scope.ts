// Which part of a suffix an import or export is about: nsIncludeSuffix and nsExcludeSuffix of the task entries.
import { isAtOrBelow } from "../dn/index.ts";
import type { Schema } from "../schema/index.ts";

export interface ScopeSuffixes {
  readonly includeSuffixes?: readonly string[];
  readonly excludeSuffixes?: readonly string[];
}

export class SubtreeScope {
  readonly #schema: Schema;
  readonly #included: readonly string[];
  readonly #excluded: readonly string[];

  /** No included suffix: everything is. @throws DnSyntaxError */
  constructor(schema: Schema, suffixes: ScopeSuffixes) {
    this.#schema = schema;
    this.#included = (suffixes.includeSuffixes ?? []).map((dn) => schema.normalizeDnText(dn));
    this.#excluded = (suffixes.excludeSuffixes ?? []).map((dn) => schema.normalizeDnText(dn));
  }

  get isWhole(): boolean {
    return this.#included.length === 0 && this.#excluded.length === 0;
  }

  /** Entries above an included suffix are covered too: what is below needs them. @throws DnSyntaxError */
  covers(dn: string): boolean {
    return this.isWhole || this.coversNormal(this.#schema.normalizeDnText(dn));
  }

  coversNormal(normalDn: string): boolean {
    if (this.#excluded.some((suffix) => isAtOrBelow(normalDn, suffix))) return false;
    if (this.#included.length === 0) return true;
    return this.#included.some(
      (suffix) => isAtOrBelow(normalDn, suffix) || isAtOrBelow(suffix, normalDn),
    );
  }
}
