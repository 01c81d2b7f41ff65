// From definition texts (schema files, the user's file) to a Schema.
import { LdapError } from "../protocol/index.ts";
import {
  type AttributeTypeDefinition,
  type DefinitionSet,
  type DefinitionTexts,
  definitionName,
  type ObjectClassDefinition,
} from "./definition.ts";
import { DefinitionSyntaxError, parseAttributeType, parseObjectClass } from "./parse-definition.ts";
import { Schema } from "./schema.ts";

const NO_DEFINITIONS: DefinitionSet = { attributeTypes: [], objectClasses: [] };

function parse<T>(text: string, parseText: (text: string) => T): T {
  try {
    return parseText(text);
  } catch (error) {
    if (!(error instanceof DefinitionSyntaxError)) throw error;
    const rest = text.slice(error.offset, error.offset + 40);
    throw new LdapError(
      "invalidAttributeSyntax",
      `schema definition ${text.slice(0, 80)}: ${error.message} at "${rest}"`,
    );
  }
}

/** Puts definitions in order, a later one in the place of an earlier one with the same OID; a name must not be used by two.
 *  @throws LdapError attributeOrValueExists */
function merge<T extends { readonly oid: string; readonly names: readonly string[] }>(
  definitions: readonly T[],
): readonly T[] {
  const byOid = new Map<string, T>();
  for (const definition of definitions) byOid.set(definition.oid.toLowerCase(), definition);
  const owners = new Map<string, string>();
  for (const definition of byOid.values()) {
    for (const name of definition.names) {
      const owner = owners.get(name.toLowerCase());
      if (owner !== undefined && owner !== definition.oid) {
        throw new LdapError(
          "attributeOrValueExists",
          `schema definition ${definitionName(definition)}: name ${name} is used by ${owner} and ${definition.oid}`,
        );
      }
      owners.set(name.toLowerCase(), definition.oid);
    }
  }
  return [...byOid.values()];
}

/** Reads all definitions first and resolves then: their order, and that of the files, does not matter. A definition replaces
 *  an earlier one with the same OID. `first` stands before them.
 *  @throws LdapError naming the definition that cannot be read or resolved */
export function loadSchema(
  definitions: readonly DefinitionTexts[],
  first: DefinitionSet = NO_DEFINITIONS,
): Schema {
  const types: AttributeTypeDefinition[] = [...first.attributeTypes];
  const classes: ObjectClassDefinition[] = [...first.objectClasses];
  for (const texts of definitions) {
    for (const text of texts.attributeTypes) types.push(parse(text, parseAttributeType));
    for (const text of texts.objectClasses) classes.push(parse(text, parseObjectClass));
  }
  return new Schema({ attributeTypes: merge(types), objectClasses: merge(classes) });
}
