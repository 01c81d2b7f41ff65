// The subschema entry cn=schema (RFC 4512 §4.2) from a schema. Building it formats over a thousand definitions: the server
// keeps the entry as long as the schema stays.
import { type ConfigDescriptions, ConfigEntry, SERVER_DN } from "../config/index.ts";
import {
  type Schema,
  formatAttributeType,
  formatMatchingRule,
  formatObjectClass,
  formatSyntax,
} from "../schema/index.ts";

export const SCHEMA_DN = "cn=schema";

export interface SubschemaStamp {
  /** 20 hex digits; undefined until the schema was changed for the first time. */
  readonly schemaCsn: string | undefined;
  readonly modifiersName: string | undefined;
  /** Generalized time. */
  readonly modifiedAt: string;
}

export const SCHEMA_ACI =
  '(target="ldap:///cn=schema")(targetattr !="aci")(version 3.0;acl "anonymous, no acis"; allow (read, search, compare) userdn = "ldap:///anyone";)';

export function buildSubschemaEntry(
  schema: Schema,
  stamp: SubschemaStamp,
  descriptions: ConfigDescriptions,
): ConfigEntry {
  return ConfigEntry.fromTexts({ dn: SCHEMA_DN, normalDn: SCHEMA_DN }, descriptions, [
    ["objectClass", "top", "ldapSubentry", "subschema"],
    ["cn", "schema"],
    ["creatorsName", SERVER_DN],
    ["modifiersName", stamp.modifiersName ?? SERVER_DN],
    ["modifyTimestamp", stamp.modifiedAt],
    ["aci", SCHEMA_ACI],
    ["objectClasses", ...schema.objectClasses().map(formatObjectClass)],
    ["attributeTypes", ...schema.attributeTypes().map(formatAttributeType)],
    ["matchingRules", ...schema.matchingRules().map(formatMatchingRule)],
    ["ldapSyntaxes", ...schema.syntaxes().map(formatSyntax)],
    ...(stamp.schemaCsn === undefined ? [] : [["nsSchemaCSN", stamp.schemaCsn] as const]),
  ]);
}
