// What operations ask of access control; AccessEvaluator answers.
import type { AccessEvaluator, RuleChain } from "../access/index.ts";

export type Access = Pick<
  AccessEvaluator,
  "mayAttribute" | "mayChange" | "mayEntry" | "mayMove" | "mayReturn" | "rulesOf" | "decisionUnder"
>;

const NO_RULES: RuleChain = { rules: [] };

/** Of the root DN, of the server itself, and of everybody while access control is off. */
export const FULL_ACCESS: Access = {
  mayAttribute: () => true,
  mayChange: () => true,
  mayEntry: () => true,
  mayMove: () => true,
  mayReturn: () => true,
  rulesOf: () => NO_RULES,
  decisionUnder: () => true,
};
