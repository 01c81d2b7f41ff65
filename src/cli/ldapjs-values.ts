// DNs and filters as ldapjs takes them, made and encoded by our own rooms: it asks them for nothing but their tag and their text
// or bytes.
import { BerWriter } from "../ber/index.ts";
import { FilterSyntaxError, parseFilter } from "../filter/index.ts";
import { writeFilter } from "../protocol/index.ts";
import { usageFailure } from "./failure.ts";
import { sentDn } from "./server-address.ts";

export class OwnDn {
  readonly #text: string;

  constructor(text: string) {
    this.#text = sentDn(text);
  }

  get [Symbol.toStringTag](): string {
    return "LdapDn";
  }

  toString(): string {
    return this.#text;
  }
}

export class OwnFilter {
  readonly #text: string;
  readonly #bytes: Buffer;

  constructor(text: string) {
    this.#text = text;
    const writer = new BerWriter();
    try {
      writeFilter(writer, parseFilter(text));
    } catch (error) {
      if (error instanceof FilterSyntaxError) {
        throw usageFailure(`${text} is no filter: ${error.message}`);
      }
      throw error;
    }
    this.#bytes = writer.take();
  }

  get [Symbol.toStringTag](): string {
    return "FilterString";
  }

  toBer(): { readonly buffer: Buffer } {
    return { buffer: this.#bytes };
  }

  toString(): string {
    return this.#text;
  }
}
