// Is a rule about what is asked? Some of it is known without the entry (rights, attributes: isAbout), the rest is tested
// entry by entry (isTargetEntry, isMoveTarget, meetsValueFilters); hasCondition says whether there is such a rest.
import type { EntryView } from "../entry/index.ts";
import { isBelow, normalParent } from "../schema/index.ts";
import type { Aci, Negatable, Rule, ValueFilter } from "./aci.ts";
import type { HeldAci } from "./aci-store.ts";
import type { DnPattern } from "./dn-pattern.ts";
import { matchesTree } from "./dn-pattern.ts";
import type { Question } from "./question.ts";
import { isEntryRight } from "./rights.ts";
import { coversAttribute, coversEveryAttribute } from "./target-attributes.ts";
import { ValueView } from "./value-view.ts";

function findValueFilters(aci: Aci, question: Question): readonly ValueFilter[] {
  const { type, change } = question;
  if (type === undefined || change === undefined) return [];
  const filters = change.kind === "add" ? aci.addFilters : aci.deleteFilters;
  return filters.filter((filter) => filter.type.key === type.key);
}

/** Is the rule about this attribute, or about the entry as a whole? */
export function isAbout(aci: Aci, rule: Rule, question: Question): boolean {
  const { right, type } = question;
  if (type === undefined) {
    return isEntryRight(right) || (aci.attributes === undefined && !hasValueFilters(aci));
  }
  if (right === "write" || right === "selfwrite") {
    // A filter on the values of the attribute stands for its name.
    if (findValueFilters(aci, question).length > 0) return true;
    // Without a value nothing can meet a filter: it must not allow, and it must not weaken a deny.
    const isFiltered = [...aci.addFilters, ...aci.deleteFilters].some(
      (filter) => filter.type.key === type.key,
    );
    if (question.change === undefined && isFiltered) return rule.effect === "deny";
  }
  return aci.attributes !== undefined && coversAttribute(aci.attributes, type, question.options);
}

function hasValueFilters(aci: Aci): boolean {
  return aci.addFilters.length > 0 || aci.deleteFilters.length > 0;
}

/** Is the rule about every attribute of every entry from its holder down? */
export function isAboutEverything(aci: Aci): boolean {
  const { attributes } = aci;
  return attributes !== undefined && coversEveryAttribute(attributes) && !hasTargetCondition(aci);
}

function hasTargetCondition(aci: Aci): boolean {
  return aci.target !== undefined || aci.filter !== undefined || aci.scope !== "subtree";
}

export function hasCondition(aci: Aci, question: Question): boolean {
  if (hasTargetCondition(aci)) return true;
  if (question.right === "moddn") return aci.to !== undefined || aci.from !== undefined;
  return hasValueFilters(aci);
}

/** The name of the entry is asked for only where the target is about names: it may have to be worked out. */
function meets(target: Negatable<DnPattern> | undefined, entry: EntryView): boolean {
  return target === undefined || matchesTree(target.value, entry.normalDn) !== target.negated;
}

/** What is not TRUE does not match `=` and matches `!=`, as in 389. */
function meetsFilter(aci: Aci, entry: EntryView): boolean {
  const { filter } = aci;
  if (filter === undefined) return true;
  return (filter.value.matches(entry) === true) !== filter.negated;
}

function isInScope({ aci, holder }: HeldAci, entry: EntryView): boolean {
  switch (aci.scope) {
    case "subtree":
      return true;
    case "base":
      return entry.normalDn === holder;
    case "onelevel":
      return entry.normalDn !== holder && normalParent(entry.normalDn) === holder;
    case "subordinate":
      return isBelow(entry.normalDn, holder);
  }
}

export function isTargetEntry(held: HeldAci, entry: EntryView): boolean {
  return isInScope(held, entry) && meets(held.aci.target, entry) && meetsFilter(held.aci, entry);
}

export function isMoveTarget(held: HeldAci, entry: EntryView, destination: EntryView): boolean {
  const { aci } = held;
  return (
    isInScope(held, destination) &&
    meets(aci.target, destination) &&
    meets(aci.to, destination) &&
    meets(aci.from, entry) &&
    meetsFilter(aci, entry)
  );
}

/** targattrfilters: a changed value must match the filters on its attribute; an added or deleted entry must match, value
 *  by value, the filters on all attributes that it has. */
export function meetsValueFilters(aci: Aci, entry: EntryView, question: Question): boolean {
  const { change, right, type } = question;
  if (change !== undefined && type !== undefined) {
    return findValueFilters(aci, question).every(
      ({ matcher }) => matcher.matches(new ValueView(entry, type, change.value)) === true,
    );
  }
  if (right !== "add" && right !== "delete") return true;
  const filters = right === "add" ? aci.addFilters : aci.deleteFilters;
  return filters.every((filter) =>
    entry
      .values(filter.type)
      .every((value) => filter.matcher.matches(new ValueView(entry, filter.type, value)) === true),
  );
}
