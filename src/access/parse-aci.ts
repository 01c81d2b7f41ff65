// 389's access rule language (Red Hat Directory Server administration guide; aclparse.c for what is really taken):
//
//   aci     { "(" target ")" } "(" "version 3.0;" ("acl" / "aci") name ";" rule { rule } ")"
//   target  keyword ("=" / "!=") value          value in quotes, or up to the closing parenthesis
//   rule    ("allow" / "deny") "(" right { "," right } ")" bindrule ";"
//
// Targets may also stand behind the version. Every error says at which character what was expected.
import type { Schema } from "../schema/index.ts";
import { isBelow } from "../schema/index.ts";
import type { Aci, AciScope, Negatable, Rule, TargetAttributes } from "./aci.ts";
import type { Piece } from "./aci-reader.ts";
import { AciReader, AciSyntaxError, subPiece } from "./aci-reader.ts";
import type { DnPattern } from "./dn-pattern.ts";
import { isExact } from "./dn-pattern.ts";
import { ACI_TEXT_MAX } from "./limits.ts";
import { parseBindRule } from "./parse-bind-rule.ts";
import type { ParseContext, ValueFilters } from "./parse-target.ts";
import {
  parseDnUrl,
  parseScope,
  parseTargetAttributes,
  parseTargetFilter,
  parseValueFilters,
} from "./parse-target.ts";
import type { RightSet } from "./rights.ts";
import { addRight, NO_RIGHTS } from "./rights.ts";

export interface AciOptions {
  /** The entry that holds the rule: its target must be that entry or lie below. Without it the target is not checked. */
  readonly holder?: string;
  /** Attribute names that the schema does not define: refuse for a client, accept for what is stored already or comes
   *  from another supplier, whose schema may be ahead. Default refuse. */
  readonly unknownAttributes?: "refuse" | "accept";
}

/** The access rule that a text stands for.
 *  @throws LdapError invalidAttributeSyntax, pointing at the place */
export function parseAci(text: string, schema: Schema, options: AciOptions = {}): Aci {
  try {
    if (text.length > ACI_TEXT_MAX) throw new AciSyntaxError("expected a shorter rule", 0);
    const unknownAttributes = options.unknownAttributes ?? "refuse";
    const aci = new AciParser(text, { schema, unknownAttributes }).parse();
    if (options.holder !== undefined) checkTarget(aci, options.holder);
    return aci;
  } catch (error) {
    if (error instanceof AciSyntaxError) throw error.toLdapError(text);
    throw error;
  }
}

/** A target without asterisks must be the holder or lie below it; one with asterisks simply never matches elsewhere. */
function checkTarget(aci: Aci, holder: string): void {
  for (const target of [aci.target, aci.to, aci.from]) {
    if (target === undefined || !isExact(target.value)) continue;
    const dn = target.value.pieces[0] ?? "";
    if (dn === holder || isBelow(dn, holder)) continue;
    const scope = `Target is beyond the scope of the ACL(SCOPE:${holder})`;
    throw new AciSyntaxError(scope, 0, { number: -8 });
  }
}

/** What has been read of the targets so far. */
interface Targets {
  target: Negatable<DnPattern> | undefined;
  scope: AciScope | undefined;
  filter: Aci["filter"];
  attributes: TargetAttributes | undefined;
  valueFilters: ValueFilters | undefined;
  to: Negatable<DnPattern> | undefined;
  from: Negatable<DnPattern> | undefined;
}

class AciParser {
  readonly #reader: AciReader;
  readonly #context: ParseContext;
  readonly #targets: Targets = {
    target: undefined,
    scope: undefined,
    filter: undefined,
    attributes: undefined,
    valueFilters: undefined,
    to: undefined,
    from: undefined,
  };

  constructor(text: string, context: ParseContext) {
    this.#reader = new AciReader(text);
    this.#context = context;
  }

  parse(): Aci {
    let body: { readonly name: string; readonly rules: readonly Rule[] } | undefined;
    do {
      this.#reader.expect("(");
      if (this.#reader.peekWord() === "version") {
        if (body !== undefined) throw this.#reader.expected("one version only");
        body = this.#parseBody();
      } else {
        this.#parseTarget();
      }
      this.#reader.expect(")");
    } while (!this.#reader.isAtEnd());
    if (body === undefined) throw this.#reader.expected('"(version 3.0; acl …"');
    const { target, scope, filter, attributes, valueFilters, to, from } = this.#targets;
    return {
      text: this.#reader.text,
      name: body.name,
      target,
      scope: scope ?? "subtree",
      filter,
      attributes,
      addFilters: valueFilters?.add ?? [],
      deleteFilters: valueFilters?.delete ?? [],
      to,
      from,
      rules: body.rules,
    };
  }

  #parseTarget(): void {
    const keyword = this.#reader.readWord();
    const negated = this.#reader.take("!=");
    if (!negated) this.#reader.expect("=", "= or !=");
    const value = this.#reader.isNext('"')
      ? subPiece(this.#reader.readQuoted(), 0)
      : this.#reader.readUnquoted("");
    const place = keyword.text.toLowerCase();
    const setter = TARGETS.get(place);
    if (setter === undefined) {
      throw new AciSyntaxError(`expected a target (${TARGET_KEYWORDS})`, keyword.offset);
    }
    if (this.#targets[setter.field] !== undefined) {
      throw new AciSyntaxError(`expected ${place} only once`, keyword.offset);
    }
    if (negated && !setter.mayBeNegated) throw new AciSyntaxError("expected =", value.offset);
    setter.set(this.#targets, { value, negated, context: this.#context });
  }

  #parseBody(): { readonly name: string; readonly rules: readonly Rule[] } {
    this.#reader.readWord();
    const version = this.#reader.readWord();
    if (!/^3(\.0*)?$/.test(version.text)) {
      const details = { number: -11 as const };
      throw new AciSyntaxError("Incorrect version Number in the ACL", version.offset, details);
    }
    this.#reader.expect(";");
    const acl = this.#reader.readWord();
    if (!/^ac[li]$/i.test(acl.text)) throw new AciSyntaxError('expected "acl"', acl.offset);
    const name = this.#reader.isNext('"')
      ? this.#reader.readQuoted()
      : this.#reader.readUnquoted(";");
    this.#reader.expect(";");
    const rules: Rule[] = [];
    do rules.push(this.#parseRule());
    while (!this.#reader.isNext(")"));
    return { name: name.text, rules };
  }

  #parseRule(): Rule {
    const word = this.#reader.readWord();
    const effect = word.text.toLowerCase();
    if (effect !== "allow" && effect !== "deny") {
      throw new AciSyntaxError('expected "allow" or "deny"', word.offset);
    }
    // Every deny is absolute; the word is an older way to say so.
    if (this.#reader.peekWord() === "absolute") this.#reader.readWord();
    const rights = this.#parseRights();
    const bind = parseBindRule(this.#reader, this.#context);
    if (!this.#reader.isNext(")")) this.#reader.expect(";", '"and", "or" or ";"');
    return { effect, rights, bind };
  }

  #parseRights(): RightSet {
    this.#reader.expect("(");
    let rights = NO_RIGHTS;
    do {
      const word = this.#reader.readWord();
      const more = addRight(rights, word.text);
      if (more === undefined) throw new AciSyntaxError("expected a right", word.offset);
      rights = more;
    } while (this.#reader.take(","));
    this.#reader.expect(")", '"," or ")"');
    return rights;
  }
}

interface TargetValue {
  readonly value: Piece;
  readonly negated: boolean;
  readonly context: ParseContext;
}

interface TargetSetter {
  readonly field: keyof Targets;
  readonly mayBeNegated: boolean;
  readonly set: (targets: Targets, parsed: TargetValue) => void;
}

const TARGETS: ReadonlyMap<string, TargetSetter> = new Map<string, TargetSetter>([
  [
    "target",
    {
      field: "target",
      mayBeNegated: true,
      set(targets, { value, negated, context }) {
        targets.target = { negated, value: parseDnUrl(value, context.schema) };
      },
    },
  ],
  [
    "targetscope",
    {
      field: "scope",
      mayBeNegated: false,
      set(targets, { value }) {
        targets.scope = parseScope(value);
      },
    },
  ],
  [
    "targetattr",
    {
      field: "attributes",
      mayBeNegated: true,
      set(targets, { value, negated, context }) {
        targets.attributes = parseTargetAttributes(value, negated, context);
      },
    },
  ],
  [
    "targetfilter",
    {
      field: "filter",
      mayBeNegated: true,
      set(targets, { value, negated, context }) {
        targets.filter = parseTargetFilter(value, negated, context.schema);
      },
    },
  ],
  [
    "targattrfilters",
    {
      field: "valueFilters",
      mayBeNegated: false,
      set(targets, { value, context }) {
        targets.valueFilters = parseValueFilters(value, context);
      },
    },
  ],
  [
    "target_to",
    {
      field: "to",
      mayBeNegated: true,
      set(targets, { value, negated, context }) {
        targets.to = { negated, value: parseDnUrl(value, context.schema) };
      },
    },
  ],
  [
    "target_from",
    {
      field: "from",
      mayBeNegated: true,
      set(targets, { value, negated, context }) {
        targets.from = { negated, value: parseDnUrl(value, context.schema) };
      },
    },
  ],
]);
const TARGET_KEYWORDS = `${[...TARGETS.keys()].join(", ")} or version`;
