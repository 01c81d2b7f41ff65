// Registers of an entry as they lie in its state row, and the attribute descriptions that texts in them name.
import type { Attribute, AttributeDescription, Descriptions } from "../entry/index.ts";
import { LdapError } from "../protocol/index.ts";
import { Registers, decodeRegisters } from "../replication/registers/index.ts";

type Resolve = (text: string) => AttributeDescription | undefined;

/** Gives the attribute description that a text names; undefined when it cannot be one. */
export function resolverOf(descriptions: Descriptions): Resolve {
  return (text) => {
    try {
      return descriptions.intern(text);
    } catch (error) {
      if (error instanceof LdapError) return undefined;
      throw error;
    }
  };
}

/** `recorded`: the attributes of the record that lies beside; `bytes` may be empty. */
export function registersIn(
  bytes: Buffer,
  recorded: readonly Attribute[],
  descriptions: Descriptions,
  resolve: Resolve,
): Registers {
  if (bytes.length === 0) return new Registers(resolve);
  return decodeRegisters(bytes, recorded, { resolve, get: (number) => descriptions.get(number) });
}
