// Resolution of attribute type definitions (RFC 4512 §2.5.1, §4.1.2): what a superior gives, which rules are implied.
import { LdapError } from "../protocol/index.ts";
import { type AttributeTypeDefinition, definitionName } from "./definition.ts";
import { SUPERIORS_DEPTH_MAX } from "./limits.ts";
import { IMPLIED_RULES, makeUnknownRule } from "./matching-rules.ts";
import { SYNTAX } from "./syntax-oids.ts";
import { findSyntax, impliedEqualityName } from "./syntaxes.ts";
import type {
  AttributeType,
  AttributeUsage,
  MatchingRule,
  MatchingRuleKind,
  Syntax,
} from "./types.ts";

/** By lower-case name and by OID. */
export type RuleIndex = ReadonlyMap<string, MatchingRule>;

interface AttributeTypeFields {
  readonly oid: string;
  readonly names: readonly string[];
  readonly description: string;
  readonly obsolete: boolean;
  readonly sup: AttributeType | undefined;
  readonly syntax: Syntax;
  readonly lengthMax: number | undefined;
  readonly equality: MatchingRule;
  readonly equalityImplied: boolean;
  readonly ordering: MatchingRule | undefined;
  readonly orderingImplied: boolean;
  readonly substring: MatchingRule | undefined;
  readonly substringImplied: boolean;
  readonly singleValue: boolean;
  readonly collective: boolean;
  readonly noUserModification: boolean;
  readonly usage: AttributeUsage;
  readonly defined: boolean;
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}

/** Normal form of a value that does not fit its rule: an OID that is a name unknown here may become known later and then
 *  compares without case, so it does already. */
function unfitForm(syntax: Syntax, value: Buffer): Buffer {
  return syntax.oid === SYNTAX.oid
    ? Buffer.from(value.toString("utf8").trim().toLowerCase())
    : value;
}

function makeType(fields: AttributeTypeFields): AttributeType {
  const name = fields.names[0] ?? fields.oid;
  const { equality, syntax } = fields;
  return {
    ...fields,
    name,
    key: name.toLowerCase(),
    operational: fields.usage !== "userApplications",
    normalize: (value) => equality.normalize(value) ?? unfitForm(syntax, value),
  };
}

function getRule(rules: RuleIndex, name: string, kind: MatchingRuleKind): MatchingRule {
  return rules.get(name.toLowerCase()) ?? makeUnknownRule(name, kind);
}

function findImplied(
  rules: RuleIndex,
  equality: MatchingRule,
  kind: "ordering" | "substring",
): MatchingRule | undefined {
  const name = IMPLIED_RULES.get(equality.name)?.[kind];
  return name === undefined ? undefined : rules.get(name.toLowerCase());
}

/** The rules of a type: its own, else its superior's, else implied ones. */
function resolveRules(
  definition: AttributeTypeDefinition,
  sup: AttributeType | undefined,
  context: { readonly syntax: Syntax; readonly rules: RuleIndex },
): Pick<
  AttributeTypeFields,
  "equality" | "equalityImplied" | "ordering" | "orderingImplied" | "substring" | "substringImplied"
> {
  const { rules, syntax } = context;
  const named = (
    own: string | undefined,
    kind: MatchingRuleKind,
    implied: boolean,
  ): MatchingRule | undefined => {
    if (own !== undefined) return getRule(rules, own, kind);
    return implied ? undefined : sup?.[kind];
  };
  const equalityNamed = named(definition.equality, "equality", sup?.equalityImplied ?? true);
  const equality = equalityNamed ?? getRule(rules, impliedEqualityName(syntax), "equality");
  const equalityImplied = equalityNamed === undefined;
  const orderingNamed = named(definition.ordering, "ordering", sup?.orderingImplied ?? true);
  const substringNamed = named(definition.substring, "substring", sup?.substringImplied ?? true);
  return {
    equality,
    equalityImplied,
    ordering: orderingNamed ?? findImplied(rules, equality, "ordering"),
    orderingImplied: orderingNamed === undefined,
    substring:
      substringNamed ?? (equalityImplied ? findImplied(rules, equality, "substring") : undefined),
    substringImplied: substringNamed === undefined,
  };
}

function resolveSyntax(
  definition: AttributeTypeDefinition,
  sup: AttributeType | undefined,
): Syntax {
  const name = definitionName(definition);
  if (definition.syntax !== undefined) {
    const syntax = findSyntax(definition.syntax);
    if (syntax !== undefined) return syntax;
    throw new LdapError(
      "invalidAttributeSyntax",
      `attribute type ${name}: Unknown attribute syntax OID "${definition.syntax}"`,
    );
  }
  if (sup !== undefined) return sup.syntax;
  const parent = definition.sup === undefined ? "" : "parent ";
  throw new LdapError(
    "invalidAttributeSyntax",
    `attribute type ${name}: Missing ${parent}attribute syntax OID`,
  );
}

/** One attribute type whose superior is resolved already.
 *  @throws LdapError invalidAttributeSyntax */
function resolveType(
  definition: AttributeTypeDefinition,
  sup: AttributeType | undefined,
  rules: RuleIndex,
): AttributeType {
  const syntax = resolveSyntax(definition, sup);
  return makeType({
    oid: definition.oid,
    names: definition.names,
    description: definition.description,
    obsolete: definition.obsolete,
    sup,
    syntax,
    lengthMax:
      definition.lengthMax ?? (definition.syntax === undefined ? sup?.lengthMax : undefined),
    ...resolveRules(definition, sup, { syntax, rules }),
    singleValue: definition.singleValue,
    collective: definition.collective || (sup?.collective ?? false),
    noUserModification: definition.noUserModification,
    usage: definition.usage ?? sup?.usage ?? "userApplications",
    defined: true,
    extensions: definition.extensions,
  });
}

/** All types, in order of definition. A superior that is not defined is ignored when the type has a syntax of its own, as
 *  389 keeps types whose superior was deleted.
 *  @throws LdapError invalidAttributeSyntax, naming the definition */
export function resolveAttributeTypes(
  definitions: readonly AttributeTypeDefinition[],
  rules: RuleIndex,
): readonly AttributeType[] {
  const byName = new Map<string, AttributeTypeDefinition>();
  for (const definition of definitions) {
    byName.set(definition.oid.toLowerCase(), definition);
    for (const name of definition.names) byName.set(name.toLowerCase(), definition);
  }
  const resolved = new Map<AttributeTypeDefinition, AttributeType>();
  const resolve = (definition: AttributeTypeDefinition, depth: number): AttributeType => {
    const known = resolved.get(definition);
    if (known !== undefined) return known;
    if (depth > SUPERIORS_DEPTH_MAX) {
      const name = definitionName(definition);
      throw new LdapError(
        "invalidAttributeSyntax",
        `attribute type ${name}: Superiors form a loop`,
      );
    }
    const above =
      definition.sup === undefined ? undefined : byName.get(definition.sup.toLowerCase());
    const sup = above === undefined ? undefined : resolve(above, depth + 1);
    const type = resolveType(definition, sup, rules);
    resolved.set(definition, type);
    return type;
  };
  return definitions.map((definition) => resolve(definition, 0));
}

/** A type that the schema does not know: a case-ignoring directory string with any number of values. */
export function makeUndefinedType(name: string, rules: RuleIndex): AttributeType {
  const syntax = findSyntax(SYNTAX.directoryString)!;
  const equality = getRule(rules, "caseIgnoreMatch", "equality");
  return makeType({
    oid: name,
    names: [name],
    description: "",
    obsolete: false,
    sup: undefined,
    syntax,
    lengthMax: undefined,
    equality,
    equalityImplied: true,
    ordering: findImplied(rules, equality, "ordering"),
    orderingImplied: true,
    substring: findImplied(rules, equality, "substring"),
    substringImplied: true,
    singleValue: false,
    collective: false,
    noUserModification: false,
    usage: "userApplications",
    defined: false,
    extensions: new Map(),
  });
}
