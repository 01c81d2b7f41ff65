// Resolution of object class definitions (RFC 4512 §2.4, §4.1.1).
import { LdapError } from "../protocol/index.ts";
import { definitionName, type ObjectClassDefinition } from "./definition.ts";
import { SUPERIORS_DEPTH_MAX } from "./limits.ts";
import type { AttributeType, ObjectClass } from "./types.ts";

export type FindAttributeType = (nameOrOid: string) => AttributeType | undefined;

function withoutRepeats<T extends { readonly key: string }>(elements: readonly T[]): readonly T[] {
  const byKey = new Map<string, T>();
  for (const element of elements) if (!byKey.has(element.key)) byKey.set(element.key, element);
  return [...byKey.values()];
}

function resolveTypes(
  definition: ObjectClassDefinition,
  list: "must" | "may",
  find: FindAttributeType,
): readonly AttributeType[] {
  return withoutRepeats(
    definition[list].map((name) => {
      const type = find(name);
      if (type !== undefined) return type;
      const role = list === "must" ? "required" : "allowed";
      throw new LdapError(
        "invalidAttributeSyntax",
        `object class ${definitionName(definition)}: Unknown ${role} attribute type "${name}"`,
      );
    }),
  );
}

function resolveClass(
  definition: ObjectClassDefinition,
  sup: readonly ObjectClass[],
  find: FindAttributeType,
): ObjectClass {
  const ownMust = resolveTypes(definition, "must", find);
  const ownMay = resolveTypes(definition, "may", find);
  const superiors = withoutRepeats([...sup, ...sup.flatMap((above) => above.superiors)]);
  const must = withoutRepeats([...ownMust, ...superiors.flatMap((above) => above.ownMust)]);
  const required = new Set(must.map((type) => type.key));
  const may = withoutRepeats([...ownMay, ...superiors.flatMap((above) => above.ownMay)]);
  const name = definitionName(definition);
  return {
    oid: definition.oid,
    names: definition.names,
    name,
    key: name.toLowerCase(),
    description: definition.description,
    obsolete: definition.obsolete,
    kind: definition.kind,
    sup,
    must,
    may: may.filter((type) => !required.has(type.key)),
    ownMust,
    ownMay,
    superiors,
    extensions: definition.extensions,
  };
}

/** All classes, in order of definition.
 *  @throws LdapError invalidAttributeSyntax (unknown attribute type), attributeOrValueExists (unknown superior, the code that
 *  389 gives), naming the definition */
export function resolveObjectClasses(
  definitions: readonly ObjectClassDefinition[],
  find: FindAttributeType,
): readonly ObjectClass[] {
  const byName = new Map<string, ObjectClassDefinition>();
  for (const definition of definitions) {
    byName.set(definition.oid.toLowerCase(), definition);
    for (const name of definition.names) byName.set(name.toLowerCase(), definition);
  }
  const resolved = new Map<ObjectClassDefinition, ObjectClass>();
  const resolve = (definition: ObjectClassDefinition, depth: number): ObjectClass => {
    const known = resolved.get(definition);
    if (known !== undefined) return known;
    const name = definitionName(definition);
    if (depth > SUPERIORS_DEPTH_MAX) {
      throw new LdapError("invalidAttributeSyntax", `object class ${name}: Superiors form a loop`);
    }
    const sup = definition.sup.map((above) => {
      const found = byName.get(above.toLowerCase());
      if (found !== undefined) return resolve(found, depth + 1);
      throw new LdapError(
        "attributeOrValueExists",
        `object class ${name}: Superior object class "${above}" does not exist`,
      );
    });
    const objectClass = resolveClass(definition, sup, find);
    resolved.set(definition, objectClass);
    return objectClass;
  };
  return definitions.map((definition) => resolve(definition, 0));
}
