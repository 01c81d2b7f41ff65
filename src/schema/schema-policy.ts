// What an administrator says about single definitions when schemas are replicated (389: cn=supplierUpdatePolicy and
// cn=consumerUpdatePolicy below cn=replSchema,cn=config; replication-protocol 10).
import type { Definition } from "./compare-definitions.ts";
import { type DefinitionSet, isUserDefined } from "./definition.ts";

/** Names and OIDs in any case. */
export interface SchemaPolicy {
  /** These may be lost or become poorer by a push. */
  readonly acceptedTypes: readonly string[];
  readonly acceptedClasses: readonly string[];
  /** Where the consumer's says more of one of these there is no push. */
  readonly rejectedTypes: readonly string[];
  readonly rejectedClasses: readonly string[];
}

export const NO_SCHEMA_POLICY: SchemaPolicy = {
  acceptedTypes: [],
  acceptedClasses: [],
  rejectedTypes: [],
  rejectedClasses: [],
};

const isClass = (definition: Definition): boolean => "must" in definition;

function isListed(definition: Definition, list: readonly string[]): boolean {
  if (list.length === 0) return false;
  const keys = [definition.oid, ...definition.names].map((key) => key.toLowerCase());
  return list.some((listed) => keys.includes(listed.toLowerCase()));
}

/** Whether a push may do without this definition of the consumer. */
export const mayLose = (definition: Definition, policy: SchemaPolicy): boolean =>
  isListed(definition, isClass(definition) ? policy.acceptedClasses : policy.acceptedTypes);

/** Whether a push has to say as much as this definition of the consumer: one that an administrator made. */
export const mustKeep = (definition: Definition, policy: SchemaPolicy): boolean =>
  isUserDefined(definition) && !mayLose(definition, policy);

/** Whether one of these definitions, in which the consumer says more, forbids a push. */
export const forbidsPush = (richer: DefinitionSet, policy: SchemaPolicy): boolean =>
  richer.attributeTypes.some((type) => isListed(type, policy.rejectedTypes)) ||
  richer.objectClasses.some((one) => isListed(one, policy.rejectedClasses));
