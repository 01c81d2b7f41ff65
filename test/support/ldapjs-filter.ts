// RFC 4515 text -> filter objects of ldapjs. ldapjs has a parser of its own, which sends `\2a` as three characters and
// refuses legal forms; this one is for tests alone and shares nothing with src/filter.
// What ldapjs cannot say (an empty assertion value, octets that are not UTF-8 in other items than equality) is an error.
import { parts } from "./ldapjs-parts.ts";
import type { LdapjsFilter } from "./ldapjs-parts.ts";

export function parseLdapjsFilter(text: string): LdapjsFilter {
  const reader = new FilterText(text);
  const filter = reader.readFilter();
  reader.checkEnd();
  return filter;
}

class FilterText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  checkEnd(): void {
    if (this.#at !== this.#text.length) throw new Error(`filter ${this.#text}: text after its end`);
  }

  readFilter(): LdapjsFilter {
    this.#expect("(");
    const sign = this.#text[this.#at] ?? "";
    const filter = "&|!".includes(sign) && sign !== "" ? this.#readSet(sign) : this.#readItem();
    this.#expect(")");
    return filter;
  }

  #readSet(sign: string): LdapjsFilter {
    this.#at += 1;
    const filters: LdapjsFilter[] = [];
    while (this.#text[this.#at] === "(") filters.push(this.readFilter());
    if (sign === "&") return new parts.AndFilter({ filters });
    if (sign === "|") return new parts.OrFilter({ filters });
    return new parts.NotFilter({ filter: filters[0] });
  }

  #readItem(): LdapjsFilter {
    const end = this.#text.indexOf(")", this.#at);
    const match = /^([^=<>~:]*)((?::[^=]*)?[<>~:]?=)([\s\S]*)$/.exec(
      this.#text.slice(this.#at, end),
    );
    if (end < 0 || match === null) throw new Error(`filter ${this.#text}: bad item`);
    this.#at = end;
    const [, attribute = "", operator = "", value = ""] = match;
    if (operator.startsWith(":")) return extensible(attribute, operator, value);
    if (operator === "=" && value === "*") return new parts.PresenceFilter({ attribute });
    if (operator === "=" && value.includes("*")) return substring(attribute, value);
    if (operator === "=") return new parts.EqualityFilter({ attribute, raw: unescape(value) });
    const options = { attribute, value: unescape(value).toString("utf8") };
    if (operator === ">=") return new parts.GreaterThanEqualsFilter(options);
    if (operator === "<=") return new parts.LessThanEqualsFilter(options);
    return new parts.ApproximateFilter(options);
  }

  #expect(sign: string): void {
    if (this.#text[this.#at] !== sign) {
      throw new Error(`filter ${this.#text}: expected ${sign} at ${this.#at}`);
    }
    this.#at += 1;
  }
}

function substring(attribute: string, value: string): LdapjsFilter {
  const pieces = value.split("*").map((piece) => unescape(piece).toString("utf8"));
  return new parts.SubstringFilter({
    attribute,
    initial: pieces[0],
    any: pieces.slice(1, -1),
    final: pieces.at(-1),
  });
}

/** `operator` is `:=`, `:rule:=`, `:dn:=` or `:dn:rule:=`. */
function extensible(attribute: string, operator: string, value: string): LdapjsFilter {
  const words = operator.split(":").slice(1, -1);
  const isDn = words[0]?.toLowerCase() === "dn";
  const rule = isDn ? words[1] : words[0];
  return new parts.ExtensibleFilter({
    ...(attribute === "" ? {} : { attribute }),
    ...(rule === undefined ? {} : { rule }),
    value: unescape(value).toString("utf8"),
    dnAttributes: isDn,
  });
}

function unescape(value: string): Buffer {
  const octets: number[] = [];
  const bytes = Buffer.from(value, "utf8");
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 0x5c) {
      octets.push(Number.parseInt(bytes.subarray(at + 1, at + 3).toString("latin1"), 16));
      at += 2;
    } else {
      octets.push(bytes[at] as number);
    }
  }
  return Buffer.from(octets);
}
