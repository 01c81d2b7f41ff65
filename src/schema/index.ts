export type { ChangeOptions } from "./change-definitions.ts";
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
export {
  formatAttributeType,
  formatMatchingRule,
  formatObjectClass,
  formatSyntax,
  isUserDefinedElement,
} from "./format-definition.ts";
export { loadSchema } from "./load-schema.ts";
export { escapeNormalValue, isBelow, normalDepth, normalParent, rdnKey } from "./normal-dn.ts";
export { readSchemaLdif, SchemaLdifError } from "./read-schema-ldif.ts";
export { Schema } from "./schema.ts";
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
