// The root DSE (RFC 4512 §5.1) with what 389's tools read there. What is supported is given by the server: a control or
// operation is listed only when it exists.
import {
  COMPATIBLE_VERSION,
  type ConfigDescriptions,
  ConfigEntry,
  SERVER_DN,
  type TextAttribute,
} from "../config/index.ts";

export interface RootDseValues {
  /** Of this product: `0.1.0`. */
  readonly productVersion: string;
  /** `2026.001`: year and day of the build. */
  readonly buildId: string;
  readonly hostName: string;
  readonly port: number;
  /** Generalized time. */
  readonly startedAt: string;
  /** Suffixes and their backends, in the order of the mapping tree. */
  readonly suffixes: readonly {
    readonly suffix: string;
    readonly backendName: string | undefined;
  }[];
  /** The first suffix when the configuration names none. */
  readonly defaultNamingContext: string;
  readonly controls: readonly string[];
  readonly extensions: readonly string[];
  readonly features: readonly string[];
  readonly saslMechanisms: readonly string[];
}

export const ROOT_DSE_ACI =
  '(targetattr != "aci")(version 3.0; aci "rootdse anon read access"; allow(read,search,compare) userdn="ldap:///anyone";)';

/** Tools of 389 take the version from what follows the slash up to the blank. */
export function formatVendorVersion(productVersion: string, buildId: string): string {
  return `${COMPATIBLE_VERSION} B${buildId} (Concord ${productVersion})`;
}

export function buildRootDse(values: RootDseValues, descriptions: ConfigDescriptions): ConfigEntry {
  const contexts = values.suffixes.map(({ suffix }) => suffix);
  const defaultContext = values.defaultNamingContext || contexts[0];
  const backends = values.suffixes.flatMap(({ suffix, backendName }) =>
    backendName === undefined ? [] : [`${backendName}:${suffix}`],
  );
  const attributes: TextAttribute[] = [
    ["objectClass", "top"],
    ["creatorsName", SERVER_DN],
    ["modifiersName", SERVER_DN],
    ["createTimestamp", values.startedAt],
    ["modifyTimestamp", values.startedAt],
    ["namingContexts", ...contexts],
    ["defaultnamingcontext", ...(defaultContext === undefined ? [] : [defaultContext])],
    ["nsBackendSuffix", ...backends],
    ["subschemaSubentry", "cn=schema"],
    ["supportedExtension", ...values.extensions],
    ["supportedControl", ...values.controls],
    ["supportedFeatures", ...values.features],
    ["supportedSASLMechanisms", ...values.saslMechanisms],
    ["availableSASLMechanisms", ...values.saslMechanisms],
    ["supportedLDAPVersion", "3"],
    ["vendorName", "Concord"],
    ["vendorVersion", formatVendorVersion(values.productVersion, values.buildId)],
    ["dataversion", `0${values.startedAt.replace("Z", "")}`],
    ["netscapemdsuffix", `cn=ldap://dc=${values.hostName}:${values.port}`],
    ["aci", ROOT_DSE_ACI],
  ];
  return ConfigEntry.fromTexts({ dn: "", normalDn: "" }, descriptions, attributes);
}
