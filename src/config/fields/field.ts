// One setting of a configuration entry: name, syntax, default, when a change takes effect, what a delete does. The tables of
// this folder are lists of such fields; checks of requests, shown defaults and typed snapshots are all derived from them.
//
// Texts and result codes of refusals differ between 389's entries, so each table brings its `RefusalStyle`. Bad numbers and
// words are unwillingToPerform, values that are not of the syntax (DNs) invalidAttributeSyntax.
import type { ResultCodeName } from "../../protocol/index.ts";
import type { ConfigEntry } from "../config-entry.ts";
import { findDn } from "../config-dn.ts";
import { registerSpelling } from "../config-descriptions.ts";

/** `live`: at once. `restart`: stored at once, used after a restart. `readOnly`: only the server or an ADD sets it.
 *  `computed`: exists only when read. */
export type FieldChange = "live" | "restart" | "readOnly" | "computed";

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ResultCodeName; readonly message: string };

/** What settings of one server depend on: given at start, the same for its whole life. */
export interface InstanceDefaults {
  readonly hostName: string;
  readonly port: number;
  readonly securePort: number;
  readonly userName: string;
  readonly rootDn: string;
  /** Absolute folders. */
  readonly configFolder: string;
  readonly databaseFolder: string;
  readonly ldifFolder: string;
  readonly backupFolder: string;
  readonly logFolder: string;
  readonly runFolder: string;
  readonly lockFolder: string;
  readonly schemaFolder: string;
  readonly socketFile: string;
}

export interface Field<T> {
  /** In 389's spelling. */
  readonly attribute: string;
  readonly change: FieldChange;
  readonly multiValued: boolean;
  /** undefined: absent unless set. The empty text is shown as a value of no length. */
  readonly defaultText: string | ((instance: InstanceDefaults) => string) | undefined;
  /** undefined: a MOD delete resets to the default. */
  readonly deleteRefused: { readonly code: ResultCodeName; readonly message: string } | undefined;
  parse(text: string): Parsed<T>;
  /** What the snapshot holds when the attribute is absent and there is no default text. */
  readonly absent: T;
}

export type FieldTable = Readonly<Record<string, Field<unknown>>>;
/** Single values as such, fields with many values as lists. */
export type FieldsOf<Table extends FieldTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Field<infer T> ? T : never;
};

/** Texts of refusals of one kind of entry. */
export interface RefusalStyle {
  integer(
    name: string,
    value: string,
    range: { readonly min: number; readonly max: number },
  ): string;
  word(name: string, value: string, words: readonly string[]): string;
}

export interface FieldOptions {
  readonly default?: string | number | ((instance: InstanceDefaults) => string);
  readonly change?: FieldChange;
  readonly deleteRefused?: ResultCodeName;
  readonly deleteMessage?: string;
}

/** The largest value of 389's 32-bit settings. */
export const INT32_MAX = 2_147_483_647;

function base(attribute: string, options: FieldOptions): Omit<Field<unknown>, "parse" | "absent"> {
  registerSpelling(attribute);
  const given = options.default;
  return {
    attribute,
    change: options.change ?? "live",
    multiValued: false,
    defaultText: typeof given === "number" ? String(given) : given,
    deleteRefused:
      options.deleteRefused === undefined
        ? undefined
        : {
            code: options.deleteRefused,
            message: options.deleteMessage ?? "Deleting attributes is not allowed",
          },
  };
}

const accept = <T>(value: T): Parsed<T> => ({ ok: true, value });
const refuse = (message: string, code: ResultCodeName = "unwillingToPerform"): Parsed<never> => ({
  ok: false,
  code,
  message,
});

/** Any text. */
export function text(attribute: string, options: FieldOptions = {}): Field<string> {
  return { ...base(attribute, options), absent: "", parse: accept };
}

/** Any number of texts. */
export function texts(attribute: string, options: FieldOptions = {}): Field<readonly string[]> {
  return {
    ...base(attribute, options),
    multiValued: true,
    absent: [],
    parse: (value) => accept([value]),
  };
}

const dnRefusal = (attribute: string): Parsed<never> =>
  refuse(`${attribute}: value #0 invalid per syntax`, "invalidAttributeSyntax");

/** A DN, or the empty text. */
export function dn(attribute: string, options: FieldOptions = {}): Field<string> {
  return {
    ...base(attribute, options),
    absent: "",
    parse: (value) => (findDn(value) === undefined ? dnRefusal(attribute) : accept(value)),
  };
}

export function dns(attribute: string, options: FieldOptions = {}): Field<readonly string[]> {
  return {
    ...base(attribute, options),
    multiValued: true,
    absent: [],
    parse: (value) => (findDn(value) === undefined ? dnRefusal(attribute) : accept([value])),
  };
}

const INTEGER_TEXT = /^[+-]?\d{1,19}$/;

export interface IntegerOptions extends FieldOptions {
  readonly min?: number;
  readonly max?: number;
  /** What the snapshot says when the attribute is absent and has no default. */
  readonly absent?: number;
}

/** Constructors whose refusals read as those of one kind of entry. */
export function fieldsInStyle(style: RefusalStyle): {
  readonly integer: (attribute: string, options?: IntegerOptions) => Field<number>;
  readonly onOff: (attribute: string, options?: FieldOptions) => Field<boolean>;
  readonly choice: <const Word extends string>(
    attribute: string,
    words: readonly Word[],
    options?: FieldOptions,
  ) => Field<Word>;
} {
  return {
    integer(attribute, options = {}) {
      const { min = 0, max = INT32_MAX, absent = 0 } = options;
      return {
        ...base(attribute, options),
        absent,
        parse(value) {
          const number = INTEGER_TEXT.test(value.trim()) ? Number(value) : Number.NaN;
          if (number >= min && number <= max) return accept(number);
          return refuse(style.integer(attribute, value, { min, max }));
        },
      };
    },
    onOff(attribute, options = {}) {
      return {
        ...base(attribute, options),
        absent: false,
        parse(value) {
          const lower = value.toLowerCase();
          if (lower === "on" || lower === "off") return accept(lower === "on");
          return refuse(style.word(attribute, value, ["on", "off"]));
        },
      };
    },
    choice<const Word extends string>(
      attribute: string,
      words: readonly Word[],
      options: FieldOptions = {},
    ): Field<Word> {
      return {
        ...base(attribute, options),
        absent: words[0] as Word,
        parse(value) {
          const lower = value.toLowerCase();
          const word = words.find((known) => known.toLowerCase() === lower);
          return word === undefined ? refuse(style.word(attribute, value, words)) : accept(word);
        },
      };
    },
  };
}

/** The texts that are shown when `field` has no value of its own. */
export function defaultTexts(field: Field<unknown>, instance: InstanceDefaults): readonly string[] {
  const { defaultText } = field;
  if (defaultText === undefined) return [];
  return [typeof defaultText === "string" ? defaultText : defaultText(instance)];
}

/** The value of one field in `entry`; a stored value that does not fit (written by an older version, edited by hand)
 *  counts as absent, so that a server always starts. */
export function fieldValue<T>(field: Field<T>, entry: ConfigEntry, instance: InstanceDefaults): T {
  const stored = entry.texts(field.attribute);
  const given = stored.length > 0 ? stored : defaultTexts(field, instance);
  const parsed = given.map((value) => field.parse(value)).filter((result) => result.ok);
  if (field.multiValued) {
    const lists = parsed.map((result) => result.value as readonly unknown[]);
    // The cast holds: a field with many values has a list type (see `texts`, `dns`).
    return lists.flat() as T;
  }
  const first = parsed[0];
  if (first !== undefined) return first.value;
  const fallback = defaultTexts(field, instance)[0];
  const result = fallback === undefined ? undefined : field.parse(fallback);
  return result?.ok === true ? result.value : field.absent;
}

/** All fields of `table` as one frozen value. */
export function decodeFields<Table extends FieldTable>(
  table: Table,
  entry: ConfigEntry,
  instance: InstanceDefaults,
): FieldsOf<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(table)) {
    values[name] = fieldValue(field, entry, instance);
  }
  return Object.freeze(values) as FieldsOf<Table>;
}
