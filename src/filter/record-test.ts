// What the bytes of a record tell of a filter, before an entry is made of them: most candidates of a long search need no more.
//
// Rights are not asked. They make items Undefined that would be TRUE or FALSE, and never more, so that "cannot be TRUE" and
// "cannot be FALSE" hold under any rights; both hold for what is Undefined. What a record does not tell can be both.
import { type Descriptions, hasApart, namesApart, someStoredValue } from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";
import { isCovered, type NamedAttribute } from "./named-attribute.ts";
import type { ValueTest } from "./value-test.ts";

/** The record may be a borrowed view. */
export interface RecordTest {
  /** false: the filter is not TRUE for the entry. */
  canBeTrue(record: Buffer): boolean;
  /** false: the filter is not FALSE for the entry. */
  canBeFalse(record: Buffer): boolean;
}

export const UNTOLD: RecordTest = { canBeTrue: () => true, canBeFalse: () => true };

export function constantTest(truth: boolean | undefined): RecordTest {
  return { canBeTrue: () => truth === true, canBeFalse: () => truth === false };
}

/** Those of types without options, for all searches. */
const known = new WeakMap<Descriptions, Map<AttributeType, CoveredNumbers>>();

/** The numbers of the descriptions that an item looks at. */
export class CoveredNumbers {
  readonly #named: NamedAttribute;
  readonly #descriptions: Descriptions;
  readonly #verdicts: (boolean | undefined)[] = [];

  constructor(named: NamedAttribute, descriptions: Descriptions) {
    this.#named = named;
    this.#descriptions = descriptions;
  }

  static of(type: AttributeType, descriptions: Descriptions): CoveredNumbers {
    let types = known.get(descriptions);
    if (types === undefined) known.set(descriptions, (types = new Map()));
    let numbers = types.get(type);
    if (numbers === undefined) {
      numbers = new CoveredNumbers({ type, options: [] }, descriptions);
      types.set(type, numbers);
    }
    return numbers;
  }

  has(descriptionId: number): boolean {
    const verdict = this.#verdicts[descriptionId];
    if (verdict !== undefined) return verdict;
    const found = isCovered(this.#descriptions.get(descriptionId), this.#named);
    this.#verdicts[descriptionId] = found;
    return found;
  }
}

/** Whether a value of the attributes with these numbers passes the test. */
export function someValuePasses(record: Buffer, numbers: CoveredNumbers, test: ValueTest): boolean {
  const { asSpelled } = test;
  if (asSpelled !== undefined && someStoredValue(record, numbers, asSpelled)) return true;
  return someStoredValue(record, numbers, test);
}

export class ItemRecordTest implements RecordTest {
  readonly #numbers: CoveredNumbers;
  readonly #test: ValueTest;

  constructor(numbers: CoveredNumbers, test: ValueTest) {
    this.#numbers = numbers;
    this.#test = test;
  }

  canBeTrue(record: Buffer): boolean {
    return someValuePasses(record, this.#numbers, this.#test) || this.#isUntold(record);
  }

  canBeFalse(record: Buffer): boolean {
    return !someValuePasses(record, this.#numbers, this.#test) || this.#isUntold(record);
  }

  /** Values that lie apart are read when their entry is made. */
  #isUntold(record: Buffer): boolean {
    return hasApart(record) && namesApart(record, this.#numbers);
  }
}

export class AndRecordTest implements RecordTest {
  readonly #parts: readonly RecordTest[];

  constructor(parts: readonly RecordTest[]) {
    this.#parts = parts;
  }

  canBeTrue(record: Buffer): boolean {
    for (const part of this.#parts) if (!part.canBeTrue(record)) return false;
    return true;
  }

  canBeFalse(record: Buffer): boolean {
    for (const part of this.#parts) if (part.canBeFalse(record)) return true;
    return false;
  }
}

export class OrRecordTest implements RecordTest {
  readonly #parts: readonly RecordTest[];

  constructor(parts: readonly RecordTest[]) {
    this.#parts = parts;
  }

  canBeTrue(record: Buffer): boolean {
    for (const part of this.#parts) if (part.canBeTrue(record)) return true;
    return false;
  }

  canBeFalse(record: Buffer): boolean {
    for (const part of this.#parts) if (!part.canBeFalse(record)) return false;
    return true;
  }
}

export class NotRecordTest implements RecordTest {
  readonly #part: RecordTest;

  constructor(part: RecordTest) {
    this.#part = part;
  }

  canBeTrue(record: Buffer): boolean {
    return this.#part.canBeFalse(record);
  }

  canBeFalse(record: Buffer): boolean {
    return this.#part.canBeTrue(record);
  }
}
