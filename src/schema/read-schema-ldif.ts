// Reader of schema files: LDIF content records (RFC 2849) of which only attributeTypes and objectClasses count. The whole
// text is at hand and written by an administrator, so this is simpler than the streaming reader of the ldif room.
import type { DefinitionTexts } from "./definition.ts";

/** What is wrong with a schema file; `line` counts from 1. */
export class SchemaLdifError extends Error {
  override readonly name = "SchemaLdifError";
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

interface LogicalLine {
  text: string;
  readonly line: number;
}

/** Physical lines joined to logical ones, comments left out. */
function unfold(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let inComment = false;
  for (const [index, raw] of text.split("\n").entries()) {
    const physical = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (physical.startsWith(" ")) {
      const last = lines.at(-1);
      if (inComment) continue;
      if (last === undefined || last.text === "") {
        throw new SchemaLdifError("Continuation of nothing", index + 1);
      }
      last.text += physical.slice(1);
      continue;
    }
    inComment = physical.startsWith("#");
    if (!inComment) lines.push({ text: physical, line: index + 1 });
  }
  return lines;
}

function readValue(text: string, colon: number): string {
  if (text[colon + 1] === ":")
    return Buffer.from(text.slice(colon + 2).trim(), "base64").toString("utf8");
  return text.slice(colon + 1).trim();
}

/** The definitions of a schema file, in order.
 *  @throws SchemaLdifError */
export function readSchemaLdif(text: string): DefinitionTexts {
  const attributeTypes: string[] = [];
  const objectClasses: string[] = [];
  for (const { text: logical, line } of unfold(text)) {
    if (logical.trim() === "") continue;
    const colon = logical.indexOf(":");
    if (colon <= 0) throw new SchemaLdifError("Line has no attribute type", line);
    const name = logical.slice(0, colon).toLowerCase();
    if (name === "attributetypes") attributeTypes.push(readValue(logical, colon));
    else if (name === "objectclasses") objectClasses.push(readValue(logical, colon));
  }
  return { attributeTypes, objectClasses };
}
