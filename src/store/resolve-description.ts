import type { AttributeDescription, Descriptions } from "../entry/index.ts";
import { LdapError } from "../protocol/index.ts";

/** Gives the attribute description that a text names; undefined when it cannot be one. */
export function resolverOf(
  descriptions: Descriptions,
): (text: string) => AttributeDescription | undefined {
  return (text) => {
    try {
      return descriptions.intern(text);
    } catch (error) {
      if (error instanceof LdapError) return undefined;
      throw error;
    }
  };
}
