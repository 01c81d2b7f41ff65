// Which attributes a targetattr list covers. Names cover all option forms of their type unless they name options
// themselves; they do not cover subtypes (as in 389). `*` covers every attribute, operational ones too (seen on 389
// 2.3.1, where `(targetattr="*")` returns entryUUID).
import type { AttributeType } from "../schema/index.ts";
import type { TargetAttributes } from "./aci.ts";
import { matchesPieces } from "./dn-pattern.ts";

function isListed(
  target: TargetAttributes,
  type: AttributeType,
  options: readonly string[],
): boolean {
  if (target.all || (target.operational && type.operational)) return true;
  const forms = target.named.get(type.key);
  if (forms?.some((form) => form.every((option) => options.includes(option))) === true) {
    return true;
  }
  if (target.patterns.length === 0) return false;
  const names = [type.key, ...type.names.map((name) => name.toLowerCase())];
  return target.patterns.some((pieces) => names.some((name) => matchesPieces(name, pieces)));
}

/** Is the attribute one that the target is about? Options in lower case. */
export function coversAttribute(
  target: TargetAttributes,
  type: AttributeType,
  options: readonly string[],
): boolean {
  return isListed(target, type, options) !== target.negated;
}

/** Is the target about all attributes there can be? */
export function coversEveryAttribute(target: TargetAttributes): boolean {
  if (!target.negated) return target.all;
  const { all, operational, named, patterns } = target;
  return !all && !operational && named.size === 0 && patterns.length === 0;
}
