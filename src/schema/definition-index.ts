// Definitions of one set by every name and OID, and what has to be followed through the set: the syntax that a type inherits,
// which type a name in a class means.
import type {
  AttributeTypeDefinition,
  DefinitionSet,
  ObjectClassDefinition,
} from "./definition.ts";
import { SUPERIORS_DEPTH_MAX } from "./limits.ts";

interface Named {
  readonly oid: string;
  readonly names: readonly string[];
}

function indexOf<T extends Named>(definitions: readonly T[]): ReadonlyMap<string, T> {
  const index = new Map<string, T>();
  for (const definition of definitions) {
    for (const name of definition.names) index.set(name.toLowerCase(), definition);
  }
  // OIDs last: a name never hides an OID.
  for (const definition of definitions) index.set(definition.oid.toLowerCase(), definition);
  return index;
}

/** The definition that stands for the same thing: by OID, else by any name. */
function counterpartIn<T extends Named>(
  index: ReadonlyMap<string, T>,
  named: Named,
): T | undefined {
  const byOid = index.get(named.oid.toLowerCase());
  if (byOid !== undefined) return byOid;
  for (const name of named.names) {
    const found = index.get(name.toLowerCase());
    if (found !== undefined) return found;
  }
  return undefined;
}

export class DefinitionIndex {
  readonly #types: ReadonlyMap<string, AttributeTypeDefinition>;
  readonly #classes: ReadonlyMap<string, ObjectClassDefinition>;

  constructor({ attributeTypes, objectClasses }: DefinitionSet) {
    this.#types = indexOf(attributeTypes);
    this.#classes = indexOf(objectClasses);
  }

  type(nameOrOid: string): AttributeTypeDefinition | undefined {
    return this.#types.get(nameOrOid.toLowerCase());
  }

  objectClass(nameOrOid: string): ObjectClassDefinition | undefined {
    return this.#classes.get(nameOrOid.toLowerCase());
  }

  typeLike(definition: AttributeTypeDefinition): AttributeTypeDefinition | undefined {
    return counterpartIn(this.#types, definition);
  }

  classLike(definition: ObjectClassDefinition): ObjectClassDefinition | undefined {
    return counterpartIn(this.#classes, definition);
  }

  /** The syntax of a type, its own or a superior's; undefined when the set does not say. */
  syntaxOf(definition: AttributeTypeDefinition): string | undefined {
    let at: AttributeTypeDefinition | undefined = definition;
    for (let depth = 0; at !== undefined && depth <= SUPERIORS_DEPTH_MAX; depth += 1) {
      if (at.syntax !== undefined) return at.syntax;
      at = at.sup === undefined ? undefined : this.type(at.sup);
    }
    return undefined;
  }
}
