// Does a bind rule hold for a caller, and, where it speaks of the entry, for an entry? Answers that cannot change from
// entry to entry are asked once by whoever compiles a plan (access-evaluator.ts); what remains is asked per entry.
//
// An anonymous caller never meets a rule on attributes (userattr, userdnattr, groupdnattr), negated or not (seen on
// 389), and a rule on host names never holds for an address without a name.
import type { EntryView } from "../entry/index.ts";
import type { AttributeType, Schema } from "../schema/index.ts";
import { normalParent } from "../schema/index.ts";
import type {
  AuthMethodTest,
  BindRule,
  Comparison,
  GroupSubject,
  Subject,
  UserAttribute,
} from "./aci.ts";
import type { Caller, Directory, LocalTime } from "./caller.ts";
import { matchesDn } from "./dn-pattern.ts";
import { isSelected, parseEntrySelector } from "./entry-selector.ts";
import type { Address } from "./ip-range.ts";
import { isInRange, parseAddress } from "./ip-range.ts";
import type { Right } from "./rights.ts";

/** Can the answer differ between two entries? */
export function dependsOnEntry(rule: BindRule): boolean {
  switch (rule.type) {
    case "and":
    case "or":
      return rule.parts.some(dependsOnEntry);
    case "not":
      return dependsOnEntry(rule.part);
    case "userDn":
      return rule.subjects.some(({ type }) => type === "self" || type === "parent");
    case "userAttribute":
      return rule.attribute.type !== "value";
    case "groupDn":
    case "roleDn":
    case "ip":
    case "dns":
    case "timeOfDay":
    case "dayOfWeek":
    case "authMethod":
    case "ssf":
      return false;
  }
}

function compares(left: number, comparison: Comparison, right: number): boolean {
  switch (comparison) {
    case "=":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}

/** What the rule is asked for. Without an entry only rules that do not depend on one may be asked. */
export interface BindQuestion {
  readonly entry: EntryView | undefined;
  readonly right: Right;
}

export interface BindSurroundings {
  readonly caller: Caller;
  readonly directory: Directory;
  readonly schema: Schema;
  readonly time: LocalTime;
}

export class BindEvaluator {
  readonly #caller: Caller;
  readonly #directory: Directory;
  readonly #schema: Schema;
  readonly #time: LocalTime;
  /** Whether some rule looked at the time. */
  usedTime = false;
  readonly #address: Address | undefined;
  /** Normal DN of the parent of the caller's entry. */
  readonly #userParent: string | undefined;
  readonly #memberships = new Map<string, boolean>();

  constructor({ caller, directory, schema, time }: BindSurroundings) {
    this.#caller = caller;
    this.#directory = directory;
    this.#schema = schema;
    this.#time = time;
    this.#userParent = normalParent(caller.normalDn ?? "");
    this.#address = caller.address === undefined ? undefined : parseAddress(caller.address);
  }

  holds(rule: BindRule, question: BindQuestion): boolean {
    switch (rule.type) {
      case "and":
        return rule.parts.every((part) => this.holds(part, question));
      case "or":
        return rule.parts.some((part) => this.holds(part, question));
      case "not":
        return !this.holds(rule.part, question);
      case "userDn":
        return rule.subjects.some((subject) => this.#isSubject(subject, question)) !== rule.negated;
      case "groupDn":
        return rule.groups.some((group) => this.#isInGroup(group)) !== rule.negated;
      case "roleDn":
        return rule.negated;
      case "userAttribute":
        if (this.#caller.normalDn === undefined) return false;
        return this.#meetsAttribute(rule.attribute, question) !== rule.negated;
      case "ip": {
        const address = this.#address;
        if (address === undefined) return false;
        return rule.ranges.some((range) => isInRange(range, address)) !== rule.negated;
      }
      case "dns": {
        const { host } = this.#caller;
        if (host === undefined) return false;
        return rule.names.some((name) => isHost(name, host)) !== rule.negated;
      }
      case "timeOfDay":
        this.usedTime = true;
        return compares(this.#time.minute, rule.comparison, rule.minute);
      case "dayOfWeek":
        this.usedTime = true;
        return rule.days.includes(this.#time.day) !== rule.negated;
      case "authMethod":
        return this.#meetsMethod(rule.method) !== rule.negated;
      case "ssf":
        return compares(this.#caller.ssf, rule.comparison, rule.bits);
    }
  }

  #isSubject(subject: Subject, { entry }: BindQuestion): boolean {
    const user = this.#caller.normalDn;
    if (subject.type === "anyone") return true;
    if (user === undefined) return false;
    switch (subject.type) {
      case "all":
        return true;
      case "self":
        return entry !== undefined && this.#isCaller(entry, user);
      case "parent":
        return entry !== undefined && normalParent(entry.normalDn) === user;
      case "dn":
        return subject.normalDn === user;
      case "pattern":
        return matchesDn(subject.pattern, user);
      case "selector": {
        const own = this.#directory.find(user);
        return own !== undefined && isSelected(subject.selector, own);
      }
    }
  }

  /** Entries below another parent need not be asked for their name. */
  #isCaller(entry: EntryView, user: string): boolean {
    const { parentNormalDn } = entry;
    if (parentNormalDn !== undefined && parentNormalDn !== this.#userParent) return false;
    return entry.normalDn === user;
  }

  #isInGroup(group: GroupSubject): boolean {
    const user = this.#caller.normalDn;
    if (user === undefined) return false;
    return group.type === "dn"
      ? this.#isMember(group.normalDn, user)
      : this.#directory.isMemberOfSelected(group.selector, user);
  }

  /** Many rules name the same groups, and every entry may name one: each is asked once. */
  #isMember(group: string, user: string): boolean {
    const known = this.#memberships.get(group);
    if (known !== undefined) return known;
    const isMember = this.#directory.isMember(group, user);
    this.#memberships.set(group, isMember);
    return isMember;
  }

  #meetsMethod(method: AuthMethodTest): boolean {
    switch (method.type) {
      // 389: "none" asks for no authentication, so everybody meets it.
      case "none":
        return true;
      case "ldapi":
        return this.#caller.isLocal;
      case "simple":
      case "ssl":
        return this.#caller.method === method.type;
      case "sasl": {
        if (this.#caller.method !== "sasl") return false;
        const mechanism = this.#caller.mechanism?.toLowerCase();
        return method.mechanism === undefined || method.mechanism === mechanism;
      }
    }
  }

  #meetsAttribute(test: UserAttribute, question: BindQuestion): boolean {
    const user = this.#caller.normalDn;
    if (user === undefined) return false;
    if (test.type === "value") {
      const wanted = test.attribute.normalize(test.value);
      const values = this.#directory.find(user)?.values(test.attribute) ?? [];
      return values.some((value) => test.attribute.normalize(value).equals(wanted));
    }
    return test.levels.some((level) => {
      // Whoever may add an entry would otherwise give themselves the right by what they write into it.
      if (level === 0 && question.right === "add" && test.type !== "selfDn") return false;
      const entry = this.#ancestor(question.entry, level);
      return (
        entry !== undefined &&
        this.#namesUser(test.type, entry.values(test.attribute), {
          type: test.attribute,
          user,
        })
      );
    });
  }

  #ancestor(entry: EntryView | undefined, level: number): EntryView | undefined {
    if (entry === undefined || level === 0) return entry;
    let dn: string | undefined = entry.normalDn;
    for (let i = 0; i < level && dn !== undefined; i += 1) dn = normalParent(dn);
    return dn === undefined || dn === "" ? undefined : this.#directory.find(dn);
  }

  #namesUser(
    kind: Exclude<UserAttribute["type"], "value">,
    values: readonly Buffer[],
    { type, user }: { readonly type: AttributeType; readonly user: string },
  ): boolean {
    switch (kind) {
      case "userDn":
      case "selfDn":
        return values.some((value) => this.#dnOf(type, value) === user);
      case "groupDn":
        return values.some((value) => this.#isMember(this.#dnOf(type, value), user));
      case "ldapUrl": {
        const own = this.#directory.find(user);
        return own !== undefined && values.some((value) => this.#isSelectedBy(value, own));
      }
      case "roleDn":
        return false;
    }
  }

  #isSelectedBy(url: Buffer, entry: EntryView): boolean {
    const selector = parseEntrySelector(url.toString("utf8"), this.#schema);
    return typeof selector !== "string" && isSelected(selector, entry);
  }

  /** The normal DN in a value, whatever the syntax of the attribute is. */
  #dnOf(type: AttributeType, value: Buffer): string {
    const rule = this.#schema.findMatchingRule("distinguishedNameMatch");
    return (rule?.normalize(value) ?? type.normalize(value)).toString("utf8");
  }
}

function isHost(name: string, host: string): boolean {
  return name.startsWith("*") ? host.endsWith(name.slice(1)) : host === name;
}
