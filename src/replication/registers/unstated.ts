// Entries of which no value has a CSN, as most of a directory is that was imported once: a total initialization need not make
// registers of them to find that these say nothing.
import type { Attribute } from "../../entry/index.ts";
import type { ReplicatedAttribute } from "../../protocol/index.ts";
import type { ResolveDescription } from "./registers.ts";
import { isStateless } from "./stateless.ts";

/** What `fromReplicatedAttributes` would show; undefined when some value has state, or when that has to be found out. The
 *  registers are those of `encodeZeroRegisters` then. */
export function unstatedAttributes(
  given: readonly ReplicatedAttribute[],
  resolve: ResolveDescription,
): Attribute[] | undefined {
  const shown = new Map<string, Attribute>();
  for (const attribute of given) {
    const description = resolve(attribute.type);
    if (description === undefined || isStateless(description.type.key)) continue;
    if (hasState(attribute) || shown.has(description.key)) return undefined;
    const values = attribute.values.map(({ value }) => value);
    const { singleValue } = description.type;
    if (values.length !== 1 && (singleValue || !areDistinct(values, description))) return undefined;
    shown.set(description.key, { description, values });
  }
  return [...shown.values()];
}

const hasState = ({ deletionCsn, deleted, values }: ReplicatedAttribute): boolean =>
  deletionCsn !== undefined ||
  deleted ||
  values.length === 0 ||
  values.some((value) => value.deleted || value.csns.length > 0);

function areDistinct(values: readonly Buffer[], { type }: Attribute["description"]): boolean {
  const forms = new Set(values.map((value) => type.normalize(value).toString("latin1")));
  return forms.size === values.length;
}
