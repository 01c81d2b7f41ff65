// Values of requests that must not be stored as they come: passwords are hashed, credentials of agreements are sealed. Both
// take time or a key that this room does not have, so the server asks which values there are and gives the replacements
// before it prepares the change.
import type { AddRequest, ModifyRequest } from "../protocol/index.ts";

export type SecretKind = "rootPassword" | "userPassword" | "credentials";

export interface Secret {
  readonly kind: SecretKind;
  readonly value: Buffer;
}

const KINDS = new Map<string, SecretKind>([
  ["nsslapd-rootpw", "rootPassword"],
  ["userpassword", "userPassword"],
  ["nsds5replicacredentials", "credentials"],
  ["nsds5replicabootstrapcredentials", "credentials"],
  ["nsmultiplexorcredentials", "credentials"],
]);

export const isSecretAttribute = (name: string): boolean => KINDS.has(name.toLowerCase());

type SecretRequest = AddRequest | ModifyRequest;
interface ValueList {
  readonly type: string;
  readonly values: readonly Buffer[];
}

const listsOf = (request: SecretRequest): readonly ValueList[] =>
  request.type === "add"
    ? request.attributes
    : request.mods.filter((mod) => mod.operation !== "delete");

/** The secret values of `request`, in a fixed order. Deletes are left out: they name stored values. */
export function listSecrets(request: SecretRequest): readonly Secret[] {
  return listsOf(request).flatMap(({ type, values }) => {
    const kind = KINDS.get(type.toLowerCase());
    return kind === undefined ? [] : values.map((value) => ({ kind, value }));
  });
}

/** The request with the values of `listSecrets` replaced, one for one. */
export function replaceSecrets<T extends SecretRequest>(
  request: T,
  replacements: readonly Buffer[],
): T {
  let at = 0;
  const replace = <L extends ValueList>(list: L): L => {
    if (!KINDS.has(list.type.toLowerCase())) return list;
    const values = list.values.map((value) => replacements[at++] ?? value);
    return { ...list, values };
  };
  if (request.type === "add") return { ...request, attributes: request.attributes.map(replace) };
  return {
    ...request,
    mods: request.mods.map((mod) => (mod.operation === "delete" ? mod : replace(mod))),
  };
}
