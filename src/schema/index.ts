export type { ChangeOptions } from "./change-definitions.ts";
export type { CompareOptions, Definition } from "./compare-definitions.ts";
export { findRicher, isEmptySet } from "./compare-definitions.ts";
export type { CheckedAttribute, CheckOptions } from "./check-entry.ts";
export {
  checkEntry,
  checkSingleValue,
  checkSyntax,
  expandObjectClasses,
  getObjectClasses,
} from "./check-entry.ts";
export type {
  AttributeTypeDefinition,
  DefinitionSet,
  DefinitionTexts,
  ObjectClassDefinition,
} from "./definition.ts";
export type { PushOptions, ReadDefinitions } from "./exchange-definitions.ts";
export {
  definitionsToPush,
  readDefinitions,
  shownTo389,
  textsOf,
} from "./exchange-definitions.ts";
export {
  formatAttributeType,
  formatMatchingRule,
  formatObjectClass,
  formatSyntax,
  isUserDefinedElement,
} from "./format-definition.ts";
export { loadSchema } from "./load-schema.ts";
export { acceptDefinitions, learnDefinitions } from "./merge-definitions.ts";
export { escapeNormalValue, isBelow, normalDepth, normalParent, rdnKey } from "./normal-dn.ts";
export { readSchemaLdif, SchemaLdifError } from "./read-schema-ldif.ts";
export { Schema } from "./schema.ts";
export type { SchemaPolicy } from "./schema-policy.ts";
export { NO_SCHEMA_POLICY, forbidsPush, mayLose, mustKeep } from "./schema-policy.ts";
export type {
  AttributeType,
  AttributeUsage,
  MatchingRule,
  MatchingRuleKind,
  ObjectClass,
  ObjectClassKind,
  SubstringPosition,
  Syntax,
} from "./types.ts";
