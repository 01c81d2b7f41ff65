// From the unfolded lines of one record to its value (RFC 2849, with `increment` of RFC 4525).
import type { AttributeValues, Control, Mod, ModOperation } from "../protocol/index.ts";
import {
  type LdifLine,
  type NamedValue,
  parseLine,
  parseValue,
  type ReadUrl,
  textOf,
} from "./parse-line.ts";
import { type LdifChangeRecord, LdifError, type LdifRecord } from "./record.ts";

const COLON = 0x3a;
const HYPHEN = 0x2d;

/** Groups values under their attribute descriptions. */
class AttributeCollector {
  readonly attributes: AttributeValues[] = [];
  /** In lower case. */
  readonly #byName = new Map<string, Buffer[]>();
  #last = "";
  #lastValues: Buffer[] = [];

  add({ name, value }: NamedValue): void {
    if (name.lowerCase === this.#last) {
      this.#lastValues.push(value);
      return;
    }
    let values = this.#byName.get(name.lowerCase);
    if (values === undefined) {
      values = [];
      this.#byName.set(name.lowerCase, values);
      this.attributes.push({ type: name.text, values });
    }
    values.push(value);
    this.#last = name.lowerCase;
    this.#lastValues = values;
  }
}

/** Takes the lines of a record one after the other. */
class Lines {
  readonly #lines: readonly LdifLine[];
  readonly #readUrl: ReadUrl | undefined;
  #at = 0;

  constructor(lines: readonly LdifLine[], readUrl: ReadUrl | undefined) {
    this.#lines = lines;
    this.#readUrl = readUrl;
  }

  get atEnd(): boolean {
    return this.#at === this.#lines.length;
  }

  /** Number of the next line, or of the last one at the end. */
  get line(): number {
    return this.#lines[Math.min(this.#at, this.#lines.length - 1)]!.line;
  }

  peek(): LdifLine | undefined {
    return this.#lines[this.#at];
  }

  skip(): void {
    this.#at += 1;
  }

  take(): NamedValue {
    const line = this.peek();
    if (line === undefined) throw new LdifError("Record ends too early", this.line);
    const named = parseLine(line, this.#readUrl);
    this.#at += 1;
    return named;
  }

  /** Takes a line that must have this name.
   *  @throws LdifError */
  takeNamed(name: string): string {
    const { line } = this;
    const named = this.take();
    if (named.name.lowerCase !== name) throw new LdifError(`Line must start with ${name}:`, line);
    return textOf(named.value, line);
  }

  /** Whether the next line has this name. */
  isNext(name: string): boolean {
    const next = this.peek();
    if (next === undefined) return false;
    const { bytes, start, end } = next;
    const colon = start + name.length;
    if (colon >= end || bytes[colon] !== COLON) return false;
    return bytes.toString("latin1", start, colon).toLowerCase() === name;
  }

  takeControl(): Control {
    const { line } = this;
    const named = this.take();
    const { value } = named;
    return parseControl({ bytes: value, start: 0, end: value.length, line }, this.#readUrl);
  }

  takeAttributes(): readonly AttributeValues[] {
    const collector = new AttributeCollector();
    while (!this.atEnd) collector.add(this.take());
    return collector.attributes;
  }
}

/** `oid [true|false][:value]`: what follows `control:`. */
function parseControl(line: LdifLine, readUrl: ReadUrl | undefined): Control {
  const colon = line.bytes.indexOf(COLON);
  const head = line.bytes.toString("latin1", 0, colon < 0 ? line.bytes.length : colon);
  const [oid, criticality, ...rest] = head.split(" ").filter((word) => word !== "");
  const known = criticality === undefined || criticality === "true" || criticality === "false";
  if (oid === undefined || !known || rest.length > 0) {
    throw new LdifError("Control is not OID, criticality and value", line.line);
  }
  return {
    oid,
    critical: criticality === "true",
    value: colon < 0 ? undefined : parseValue(line, colon + 1, readUrl),
  };
}

const MOD_OPERATIONS: ReadonlyMap<string, ModOperation> = new Map([
  ["add", "add"],
  ["delete", "delete"],
  ["replace", "replace"],
  ["increment", "increment"],
]);

const isSeparator = (line: LdifLine): boolean =>
  line.end - line.start === 1 && line.bytes[line.start] === HYPHEN;

function takeMod(lines: Lines): Mod {
  const { line } = lines;
  const head = lines.take();
  const operation = MOD_OPERATIONS.get(head.name.lowerCase);
  if (operation === undefined) throw new LdifError(`Unknown modification ${head.name.text}`, line);
  const type = textOf(head.value, line).trim();
  const values: Buffer[] = [];
  for (;;) {
    const next = lines.peek();
    if (next === undefined) break;
    if (isSeparator(next)) {
      lines.skip();
      break;
    }
    const { name, value } = lines.take();
    if (name.lowerCase !== type.toLowerCase()) {
      throw new LdifError(`Value of ${name.text} in a modification of ${type}`, next.line);
    }
    values.push(value);
  }
  return { operation, type, values };
}

function takeModifyDn(
  lines: Lines,
): Pick<LdifChangeRecord & { type: "modifyDn" }, "newRdn" | "deleteOldRdn" | "newSuperior"> {
  const newRdn = lines.takeNamed("newrdn");
  const { line } = lines;
  const flag = lines.takeNamed("deleteoldrdn").trim();
  if (flag !== "0" && flag !== "1") throw new LdifError("deleteoldrdn must be 0 or 1", line);
  const newSuperior = lines.isNext("newsuperior") ? lines.takeNamed("newsuperior") : undefined;
  return { newRdn, deleteOldRdn: flag === "1", newSuperior };
}

function parseChange(
  lines: Lines,
  head: { readonly line: number; readonly dn: string },
): LdifChangeRecord {
  const controls: Control[] = [];
  while (lines.isNext("control")) controls.push(lines.takeControl());
  const { line } = lines;
  const changeType = lines.takeNamed("changetype").trim().toLowerCase();
  const base = { ...head, controls };
  switch (changeType) {
    case "add":
      return { ...base, type: "add", attributes: lines.takeAttributes() };
    case "delete":
      return { ...base, type: "delete" };
    case "modify": {
      const mods: Mod[] = [];
      while (!lines.atEnd) mods.push(takeMod(lines));
      return { ...base, type: "modify", mods };
    }
    case "modrdn":
    case "moddn":
      return { ...base, type: "modifyDn", ...takeModifyDn(lines) };
    default:
      throw new LdifError(`Unknown changetype ${changeType}`, line);
  }
}

/** The name in the `dn:` line of a record, undefined when that is wrong. */
export function findDn(lines: readonly LdifLine[]): string | undefined {
  if (lines.length === 0) return undefined;
  try {
    return new Lines(lines, undefined).takeNamed("dn");
  } catch (error) {
    if (error instanceof LdifError) return undefined;
    throw error;
  }
}

/** @throws LdifError */
export function parseRecord(all: readonly LdifLine[], readUrl: ReadUrl | undefined): LdifRecord {
  const lines = new Lines(all, readUrl);
  const { line } = lines;
  const dn = lines.takeNamed("dn");
  if (lines.isNext("control") || lines.isNext("changetype")) {
    const record = parseChange(lines, { line, dn });
    if (!lines.atEnd) throw new LdifError("Record has more lines than its changetype", lines.line);
    return record;
  }
  return { type: "content", line, dn, attributes: lines.takeAttributes() };
}
