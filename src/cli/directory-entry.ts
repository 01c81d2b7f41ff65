// What the LDAP client hands out: entries, and failures with the result code of the server.
import { ResultCode, type ResultCodeName } from "../protocol/index.ts";
import { CommandFailure } from "./failure.ts";

/** The server answered with something else than success, or could not be reached. */
export class DirectoryError extends CommandFailure {
  override readonly name = "DirectoryError";
  /** undefined: there is no answer, because the connection failed. */
  readonly code: number | undefined;

  constructor(message: string, code?: number, details: { hint?: string; cause?: unknown } = {}) {
    super(message, details);
    this.code = code;
  }

  is(...names: readonly ResultCodeName[]): boolean {
    return names.some((name) => ResultCode[name] === this.code);
  }
}

/** An entry as the server sent it. */
export class ClientEntry {
  readonly dn: string;
  readonly attributes: readonly { readonly type: string; readonly values: readonly Buffer[] }[];

  constructor(dn: string, attributes: ClientEntry["attributes"]) {
    this.dn = dn;
    this.attributes = attributes;
  }

  /** The values of a description, whatever its case. */
  values(type: string): readonly Buffer[] {
    const wanted = type.toLowerCase();
    return this.attributes
      .filter((attribute) => attribute.type.toLowerCase() === wanted)
      .flatMap(({ values }) => values);
  }

  texts(type: string): readonly string[] {
    return this.values(type).map((value) => value.toString("utf8"));
  }

  /** The first value. */
  text(type: string): string | undefined {
    return this.values(type)[0]?.toString("utf8");
  }
}

/** `No such object (32)` for a result code. */
export function describeResultCode(code: number): string {
  const name = Object.entries(ResultCode).find(([, number]) => number === code)?.[0];
  if (name === undefined) return `result ${code}`;
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words[0]?.toUpperCase() ?? ""}${words.slice(1)} (${code})`;
}
