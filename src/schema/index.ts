export type {
  AttributeType,
  AttributeUsage,
  MatchingRule,
  MatchingRuleKind,
  ObjectClass,
  ObjectClassKind,
  Syntax,
} from "./types.ts";
