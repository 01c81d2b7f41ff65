// An attribute of a record. Nothing is made of its values before somebody asks for them: an operation changes two or three of an
// entry's attributes, and the others stay as they lie.
import type { Attribute, AttributeDescription, RecordRange } from "./entry-view.ts";
import { type DirectoryRow, countValues, readValues } from "./record.ts";
import { StoredValues } from "./stored-values.ts";
import { skipHeader } from "./tlv.ts";

/** Below these, Buffers for all values cost less than to do without. */
export const LARGE_BYTES_MIN = 2048;
const LARGE_VALUES_MIN = 64;

export class StoredAttribute implements Attribute, RecordRange {
  readonly description: AttributeDescription;
  readonly record: Buffer;
  readonly start: number;
  readonly end: number;
  #values: readonly Buffer[] | undefined;
  #large: StoredValues | "small" | undefined;

  /** `large`: if it is known to be. */
  constructor(
    description: AttributeDescription,
    record: Buffer,
    { start, end }: Pick<DirectoryRow, "start" | "end">,
    large: StoredValues | undefined,
  ) {
    this.description = description;
    this.record = record;
    this.start = start;
    this.end = end;
    this.#large = large;
  }

  get values(): readonly Buffer[] {
    if (this.#values === undefined) {
      const large = this.#large;
      this.#values =
        large instanceof StoredValues ? large.list() : readValues(this.record, this.start);
    }
    return this.#values;
  }

  get count(): number {
    if (this.#values !== undefined) return this.#values.length;
    const large = this.#foundLarge();
    return large?.count ?? countValues(this.record, this.start);
  }

  get range(): RecordRange | undefined {
    return this.large !== undefined || this.#foundLarge()?.isApart === true ? undefined : this;
  }

  /** Of a type that has become single-valued a look at each value is needed. */
  get large(): StoredValues | undefined {
    const large = this.#foundLarge();
    return large === undefined || this.description.type.singleValue ? undefined : large;
  }

  #foundLarge(): StoredValues | undefined {
    this.#large ??= this.#findLarge() ?? "small";
    return this.#large === "small" ? undefined : this.#large;
  }

  #findLarge(): StoredValues | undefined {
    const { record, start, end } = this;
    if (end - start < LARGE_BYTES_MIN || this.description.type.singleValue) return undefined;
    if (skipHeader(record, start).length < LARGE_BYTES_MIN) return undefined;
    const values = StoredValues.inRecord(record, start);
    return values.count < LARGE_VALUES_MIN ? undefined : values;
  }
}
