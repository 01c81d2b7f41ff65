// Schema definitions as they are written (RFC 4512 §4.1): names and OIDs are text, nothing is resolved yet.
import type { AttributeUsage, ObjectClassKind } from "./types.ts";

export interface AttributeTypeDefinition {
  readonly oid: string;
  readonly names: readonly string[];
  readonly description: string;
  readonly obsolete: boolean;
  readonly sup: string | undefined;
  readonly equality: string | undefined;
  readonly ordering: string | undefined;
  readonly substring: string | undefined;
  readonly syntax: string | undefined;
  readonly lengthMax: number | undefined;
  readonly singleValue: boolean;
  readonly collective: boolean;
  readonly noUserModification: boolean;
  /** undefined when not written: the superior's, else userApplications. */
  readonly usage: AttributeUsage | undefined;
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}

export interface ObjectClassDefinition {
  readonly oid: string;
  readonly names: readonly string[];
  readonly description: string;
  readonly obsolete: boolean;
  readonly sup: readonly string[];
  readonly kind: ObjectClassKind;
  readonly must: readonly string[];
  readonly may: readonly string[];
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}

/** The content of a schema; both lists in order of definition, no OID and no name twice within a list. */
export interface DefinitionSet {
  readonly attributeTypes: readonly AttributeTypeDefinition[];
  readonly objectClasses: readonly ObjectClassDefinition[];
}

/** Definition texts, as a schema file or the subschema entry has them. */
export interface DefinitionTexts {
  readonly attributeTypes: readonly string[];
  readonly objectClasses: readonly string[];
}

/** What error messages call the definition. */
export const definitionName = (definition: { oid: string; names: readonly string[] }): string =>
  definition.names[0] ?? definition.oid;

export const X_ORIGIN = "X-ORIGIN";
/** Origin of definitions that came over LDAP; the others are standard and cannot be deleted. */
export const USER_DEFINED = "user defined";

export const isUserDefined = (definition: {
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}): boolean => definition.extensions.get(X_ORIGIN)?.includes(USER_DEFINED) ?? false;
