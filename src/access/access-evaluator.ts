// May the caller? One evaluator serves one operation of one caller, or one read after the other as long as its answers hold
// (`stillHolds`). It follows 389: no rule, no access; any deny that
// matches refuses; else any allow that matches grants. Rules of the entry and of all its ancestors count alike, wherever
// they stand.
//
// How it stays cheap over many entries. The rules above an entry form a chain; entries below the same parent share one
// chain object. For a chain, a right and an attribute the evaluator makes a plan, once: rules on other rights and
// attributes fall out, bind rules that do not look at the entry are decided. What is left is either an answer for every
// entry (the usual case) or a few rules to be asked per entry, whose targets are remembered while it is the same entry.
//
//   entry → chain (by parent DN) → plan (by right, attribute) → decision
//
// Invariant: a plan with a `decision` has it because no entry could change it.
import { assert } from "../base/index.ts";
import type { AttributeDescription, EntryView } from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";
import { normalParent } from "../schema/index.ts";
import type { Aci, Rule } from "./aci.ts";
import type { AciStore, HeldAci } from "./aci-store.ts";
import { BindEvaluator, dependsOnEntry } from "./bind-evaluator.ts";
import type { Caller, Directory, LocalTime } from "./caller.ts";
import { WatchedDirectory } from "./watched-directory.ts";
import type { Question, ValueChange } from "./question.ts";
import { entryQuestion, NO_OPTIONS } from "./question.ts";
import type { AttributeRight, EntryRight, Right } from "./rights.ts";
import { hasRight } from "./rights.ts";
import {
  hasCondition,
  isAbout,
  isAboutEverything,
  isMoveTarget,
  isTargetEntry,
  meetsValueFilters,
} from "./target-match.ts";

/** Why something is allowed or not. */
export type Decision =
  | { readonly allowed: true; readonly reason: "root" }
  | { readonly allowed: boolean; readonly reason: "rule"; readonly by: HeldAci }
  | { readonly allowed: false; readonly reason: "none" };

const ROOT_DECISION: Decision = { allowed: true, reason: "root" };
const NO_RULE: Decision = { allowed: false, reason: "none" };

/** A rule that may apply, and how much of it still depends on the entry. */
interface Candidate {
  readonly held: HeldAci;
  readonly rule: Rule;
  readonly isConditional: boolean;
  /** The target is decided; the bind rule is not. */
  readonly isBindOpen: boolean;
}

interface Plan {
  /** The answer for every entry of the chain. */
  readonly decision: Decision | undefined;
  readonly denies: readonly Candidate[];
  readonly allows: readonly Candidate[];
}

/** Stands for the rules above an entry. */
export interface RuleChain {
  readonly rules: readonly HeldAci[];
}

/** The rules above an entry, outermost first, and what was found out about them. */
interface Chain extends RuleChain {
  readonly rules: readonly HeldAci[];
  /** Plans without options and values, the usual ones. */
  readonly plans: Map<Right, Map<AttributeType | undefined, Plan>>;
  readonly uniform: Map<UniformRight, Uniform>;
}

const newChain = (rules: readonly HeldAci[]): Chain => ({
  rules,
  plans: new Map(),
  uniform: new Map(),
});

/** Rights that are asked for all attributes of an entry. */
type UniformRight = "read" | "search" | "compare";
type Uniform = "all" | "none" | "mixed";

/** What the directory showed to a rule that asked it: two states are the same if all their parts are. */
export interface DirectoryState {
  readonly snapshot: number;
  readonly config: unknown;
}

/** Parents whose chains are remembered by an evaluator that goes on to serve. */
const CHAINS_KEPT_MAX = 1_000;

export class AccessEvaluator {
  readonly #store: AciStore;
  readonly #caller: Caller;
  readonly #bind: BindEvaluator;
  readonly #directory: WatchedDirectory;
  readonly #time: LocalTime;
  readonly #generation: number;
  readonly #state: DirectoryState | undefined;
  readonly #emptyChain = newChain([]);
  readonly #chains = new Map<string, Chain>();
  /** Answers of bind rules that do not look at entries. */
  readonly #boundRules = new Map<Rule, boolean>();
  /** The entry that was asked about last, its chain, and targets of rules on it. An entry view is a value: one object
   *  never stands for two entries. */
  #entry: EntryView | undefined;
  #entryChain: Chain = this.#emptyChain;
  readonly #targets = new Map<Aci, boolean>();

  /** `state`: of `directory`, for `stillHolds`. */
  constructor(
    store: AciStore,
    directory: Directory,
    about: { readonly caller: Caller; readonly time: LocalTime; readonly state?: DirectoryState },
  ) {
    const { caller, time, state } = about;
    this.#store = store;
    this.#caller = caller;
    this.#time = time;
    this.#generation = store.generation;
    this.#state = state;
    this.#directory = new WatchedDirectory(directory);
    this.#bind = new BindEvaluator({
      caller,
      time,
      directory: this.#directory,
      schema: store.schema,
    });
  }

  /** Whether a new evaluator for the same caller would answer the same: no rule has changed, and neither has what the rules
   *  looked at so far. */
  stillHolds(state: DirectoryState, now: () => LocalTime): boolean {
    return (
      this.#generation === this.#store.generation &&
      this.#chains.size <= CHAINS_KEPT_MAX &&
      (!this.#directory.wasAsked || this.#isAsItWas(state)) &&
      (!this.#bind.usedTime || this.#isSameTime(now()))
    );
  }

  /** May the caller use the right on this attribute of the entry? For write on values see mayChange: rules narrowed by
   *  targattrfilters do not allow anything here. */
  mayAttribute(
    entry: EntryView,
    right: AttributeRight,
    type: AttributeType,
    options: readonly string[] = NO_OPTIONS,
  ): boolean {
    return this.decideAttribute(entry, right, type, options).allowed;
  }

  decideAttribute(
    entry: EntryView,
    right: AttributeRight,
    type: AttributeType,
    options: readonly string[] = NO_OPTIONS,
  ): Decision {
    if (this.#caller.isRoot) return ROOT_DECISION;
    if (options.length === 0) {
      const plan = this.#chainFor(entry).plans.get(right)?.get(type);
      if (plan?.decision !== undefined) return plan.decision;
    }
    return this.#decide(entry, { right, type, options, change: undefined, destination: undefined });
  }

  /** The rules above an entry: entries with the same get the same answers from `decisionUnder`, as long as this evaluator
   *  serves. */
  rulesOf(entry: EntryView): RuleChain {
    return this.#chainFor(entry);
  }

  /** What `mayAttribute` answers for every entry below these rules; undefined when it depends on the entry. */
  decisionUnder(
    rules: RuleChain,
    right: AttributeRight,
    { type, options }: AttributeDescription,
  ): boolean | undefined {
    if (this.#caller.isRoot) return true;
    const question = { right, type, options, change: undefined, destination: undefined };
    return this.#planFor(rules as Chain, question).decision?.allowed;
  }

  /** May the caller use the right on the entry? For add, the entry as it would be; for delete, as it is. */
  mayEntry(entry: EntryView, right: Exclude<EntryRight, "moddn">): boolean {
    return this.decideEntry(entry, right).allowed;
  }

  decideEntry(entry: EntryView, right: Exclude<EntryRight, "moddn">): Decision {
    if (this.#caller.isRoot) return ROOT_DECISION;
    return this.#decide(entry, entryQuestion(right));
  }

  /** May a modification add this value, or take it away? Needs write, or selfwrite where the value is the caller's own
   *  DN. A replacement takes the present values away and adds the new ones. */
  mayChange(
    entry: EntryView,
    change: ValueChange,
    type: AttributeType,
    options: readonly string[] = NO_OPTIONS,
  ): boolean {
    return this.decideChange(entry, change, type, options).allowed;
  }

  decideChange(
    entry: EntryView,
    change: ValueChange,
    type: AttributeType,
    options: readonly string[] = NO_OPTIONS,
  ): Decision {
    if (this.#caller.isRoot) return ROOT_DECISION;
    const asked = { type, options, change, destination: undefined };
    const write = this.#decide(entry, { ...asked, right: "write" });
    if (write.allowed || write.reason === "rule" || !this.#isOwnDn(change.value)) return write;
    return this.#decide(entry, { ...asked, right: "selfwrite" });
  }

  /** May the entry be moved below `destination`? As in 389, rules at and above the destination decide, and `target` is
   *  about the destination. That the RDN may be written is asked apart. */
  mayMove(entry: EntryView, destination: EntryView): boolean {
    return this.decideMove(entry, destination).allowed;
  }

  decideMove(entry: EntryView, destination: EntryView): Decision {
    if (this.#caller.isRoot) return ROOT_DECISION;
    return this.#decide(entry, { ...entryQuestion("moddn"), destination });
  }

  /** May a search return the entry, be it without attributes? Needs one readable attribute, or a rule without targetattr
   *  that allows read; such a rule that denies hides the entry. */
  mayReturn(entry: EntryView): boolean {
    if (this.#caller.isRoot) return true;
    const whole = this.#decide(entry, entryQuestion("read"));
    if (whole.reason === "rule") return whole.allowed;
    if (this.uniform(entry, "read") === false) return false;
    const isReadable = ({ type, options }: AttributeDescription): boolean =>
      this.mayAttribute(entry, "read", type, options);
    if (entry.hasDescription !== undefined) return entry.hasDescription(isReadable);
    for (const { description } of entry.attributes()) if (isReadable(description)) return true;
    return false;
  }

  /** true: every attribute of the entry is allowed; false: none is; undefined: ask one by one. Costs one look-up for
   *  entries below the same parent. */
  uniform(entry: EntryView, right: UniformRight): boolean | undefined {
    if (this.#caller.isRoot) return true;
    const { uniform, rules } = this.#chainFor(entry);
    let answer = uniform.get(right);
    if (answer === undefined) uniform.set(right, (answer = this.#findUniform(rules, right)));
    return answer === "mixed" ? undefined : answer === "all";
  }

  /** For each type: may the caller? */
  maskFor(
    entry: EntryView,
    right: AttributeRight,
    types: readonly AttributeType[],
  ): readonly boolean[] {
    return types.map((type) => this.mayAttribute(entry, right, type));
  }

  #isSameTime({ minute, day }: LocalTime): boolean {
    return this.#time.minute === minute && this.#time.day === day;
  }

  #isAsItWas({ snapshot, config }: DirectoryState): boolean {
    return this.#state?.snapshot === snapshot && this.#state.config === config;
  }

  #findUniform(rules: readonly HeldAci[], right: UniformRight): Uniform {
    let mayAll = false;
    let mayAny = false;
    let mayDeny = false;
    for (const { aci } of rules) {
      if (aci.attributes === undefined) continue;
      for (const rule of aci.rules) {
        if (!hasRight(rule.rights, right)) continue;
        const isBindOpen = dependsOnEntry(rule.bind);
        if (!isBindOpen && !this.#holdsForAll(rule)) continue;
        if (rule.effect === "deny") {
          mayDeny = true;
        } else {
          mayAny = true;
          mayAll ||= !isBindOpen && isAboutEverything(aci);
        }
      }
    }
    if (!mayAny) return "none";
    return mayAll && !mayDeny ? "all" : "mixed";
  }

  #decide(entry: EntryView, question: Question): Decision {
    const { destination } = question;
    const chain =
      destination === undefined ? this.#chainFor(entry) : this.#chainOf(destination.normalDn);
    const plan = this.#planFor(chain, question);
    if (plan.decision !== undefined) return plan.decision;
    for (const candidate of plan.denies) {
      if (this.#applies(candidate, entry, question)) {
        return { allowed: false, reason: "rule", by: candidate.held };
      }
    }
    for (const candidate of plan.allows) {
      if (this.#applies(candidate, entry, question)) {
        return { allowed: true, reason: "rule", by: candidate.held };
      }
    }
    return NO_RULE;
  }

  #chainFor(entry: EntryView): Chain {
    if (entry !== this.#entry) {
      this.#entry = entry;
      this.#entryChain = this.#findChain(entry);
      // Clearing makes a new table, also in place of an empty one.
      if (this.#targets.size > 0) this.#targets.clear();
    }
    return this.#entryChain;
  }

  /** Most entries hold no rules, nor do their siblings: then the parent tells, and the name of the entry is not needed. */
  #findChain(entry: EntryView): Chain {
    const { parentNormalDn } = entry;
    return parentNormalDn === undefined || this.#store.hasHolderBelow(parentNormalDn)
      ? this.#chainOf(entry.normalDn)
      : this.#chainAbove(parentNormalDn);
  }

  #chainOf(normalDn: string): Chain {
    // The root DSE is nobody's ancestor as far as access goes.
    const own = this.#store.held(normalDn);
    const above =
      normalDn === "" ? this.#emptyChain : this.#chainAbove(normalParent(normalDn) ?? "");
    return own === undefined ? above : this.#remember(normalDn, above, own);
  }

  /** Walks up to the nearest ancestor whose chain is known, then down again. */
  #chainAbove(start: string): Chain {
    const path: string[] = [];
    let chain = this.#emptyChain;
    let dn: string | undefined = start;
    for (; dn !== undefined && dn !== ""; dn = normalParent(dn)) {
      const known = this.#chains.get(dn);
      if (known !== undefined) {
        chain = known;
        break;
      }
      path.push(dn);
    }
    for (const at of path.reverse()) {
      const own = this.#store.held(at);
      if (own !== undefined) chain = newChain([...chain.rules, ...own]);
      this.#chains.set(at, chain);
    }
    return chain;
  }

  #remember(normalDn: string, above: Chain, own: readonly HeldAci[]): Chain {
    const known = this.#chains.get(normalDn);
    if (known !== undefined) return known;
    const chain = newChain([...above.rules, ...own]);
    this.#chains.set(normalDn, chain);
    return chain;
  }

  #planFor(chain: Chain, question: Question): Plan {
    // Values differ every time; questions with them are few.
    if (question.change !== undefined || question.options.length > 0) {
      return this.#makePlan(chain.rules, question);
    }
    const { plans, rules } = chain;
    let byType = plans.get(question.right);
    if (byType === undefined) plans.set(question.right, (byType = new Map()));
    let plan = byType.get(question.type);
    if (plan === undefined) byType.set(question.type, (plan = this.#makePlan(rules, question)));
    return plan;
  }

  #makePlan(rules: readonly HeldAci[], question: Question): Plan {
    const denies: Candidate[] = [];
    const allows: Candidate[] = [];
    for (const held of rules) {
      for (const rule of held.aci.rules) {
        if (!hasRight(rule.rights, question.right)) continue;
        if (!isAbout(held.aci, rule, question)) continue;
        const isBindOpen = dependsOnEntry(rule.bind);
        if (!isBindOpen && !this.#holdsForAll(rule)) continue;
        const isConditional = isBindOpen || hasCondition(held.aci, question);
        (rule.effect === "deny" ? denies : allows).push({ held, rule, isConditional, isBindOpen });
      }
    }
    return { decision: findDecision(denies, allows), denies, allows };
  }

  #holdsForAll(rule: Rule): boolean {
    let holds = this.#boundRules.get(rule);
    if (holds === undefined) {
      // A rule that does not look at the entry does not look at the right either.
      holds = this.#bind.holds(rule.bind, { entry: undefined, right: "read" });
      this.#boundRules.set(rule, holds);
    }
    return holds;
  }

  #applies(candidate: Candidate, entry: EntryView, question: Question): boolean {
    if (!candidate.isConditional) return true;
    const { aci } = candidate.held;
    if (!this.#isTarget(candidate.held, entry, question.destination)) return false;
    if (!meetsValueFilters(aci, entry, question)) return false;
    return (
      !candidate.isBindOpen ||
      this.#bind.holds(candidate.rule.bind, { entry, right: question.right })
    );
  }

  #isTarget(held: HeldAci, entry: EntryView, destination: EntryView | undefined): boolean {
    if (destination !== undefined) return isMoveTarget(held, entry, destination);
    assert(entry === this.#entry, "the chain of the entry was looked up before its targets");
    const known = this.#targets.get(held.aci);
    if (known !== undefined) return known;
    const isTarget = isTargetEntry(held, entry);
    this.#targets.set(held.aci, isTarget);
    return isTarget;
  }

  #isOwnDn(value: Buffer): boolean {
    const user = this.#caller.normalDn;
    const rule = this.#store.schema.findMatchingRule("distinguishedNameMatch");
    assert(rule !== undefined, "the schema has distinguishedNameMatch");
    return user !== undefined && rule.normalize(value)?.toString("utf8") === user;
  }
}

function findDecision(
  denies: readonly Candidate[],
  allows: readonly Candidate[],
): Decision | undefined {
  const deny = denies.find(({ isConditional }) => !isConditional);
  if (deny !== undefined) return { allowed: false, reason: "rule", by: deny.held };
  if (denies.length > 0) return undefined;
  if (allows.length === 0) return NO_RULE;
  const allow = allows.find(({ isConditional }) => !isConditional);
  return allow && { allowed: true, reason: "rule", by: allow.held };
}
