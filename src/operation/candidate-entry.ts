// An entry that is not stored (yet): what an add would store, or a modify would leave. Access control and the assertion
// control look at it like at any other entry.
import { type Attribute, type EntryView, isOrDescends } from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";

export function candidateEntry(
  dn: string,
  normalDn: string,
  attributes: readonly Attribute[],
): EntryView {
  return {
    dn,
    normalDn,
    attributes: () => attributes,
    values: (type: AttributeType) =>
      attributes
        .filter(({ description }) => isOrDescends(description.type, type))
        .flatMap(({ values }) => values),
  };
}
