// LDAP messages of a walk in one line each.
import { formatFilter } from "../../src/filter/index.ts";
import {
  END_REPLICATION_OID,
  type LdapResult,
  type Request,
  type Response,
  ResultCode,
  START_REPLICATION_90_OID,
  decodeEndReplication,
  decodeReplicationResponse,
  decodeStartReplication,
} from "../../src/protocol/index.ts";

export function describeRequest(request: Request): string {
  switch (request.type) {
    case "search":
      return `search ${request.base} ${request.scope} ${formatFilter(request.filter)}`;
    case "modify":
      return `modify ${request.dn}: ${request.mods.map((mod) => `${mod.operation} ${mod.type}`).join(", ")}`;
    case "add":
    case "delete":
    case "modifyDn":
    case "compare":
      return `${request.type} ${request.dn}`;
    case "bind":
      return `bind ${request.name}`;
    case "extended":
      return describeExtended(request.oid, request.value);
    case "unbind":
    case "abandon":
      return request.type;
  }
}

function describeExtended(oid: string, value: Buffer | undefined): string {
  if (oid === START_REPLICATION_90_OID) {
    const start = decodeStartReplication(value);
    return `start replication of ${start.suffix}, CSN ${start.csn}, RUV ${describeRuv(start.ruv)}`;
  }
  if (oid === END_REPLICATION_OID) {
    const end = decodeEndReplication(value);
    return `end replication of ${end.suffix}`;
  }
  return `extended ${oid}`;
}

export function describeResponse(response: Response): string {
  switch (response.type) {
    case "searchEntry":
      return `search entry ${response.dn}: ${response.attributes.map(({ type }) => type).join(", ")}`;
    case "searchReference":
    case "intermediateResponse":
      return response.type;
    case "extendedResponse":
      return `extended response: ${describeResult(response.result)}${describeStarted(response.value)}`;
    case "bindResponse":
    case "searchDone":
    case "modifyResponse":
    case "addResponse":
    case "deleteResponse":
    case "modifyDnResponse":
    case "compareResponse":
      return `${response.type}: ${describeResult(response.result)}`;
  }
}

function describeResult(result: LdapResult): string {
  const name = Object.entries(ResultCode).find(([, code]) => code === result.code)?.[0];
  return name ?? String(result.code);
}

function describeStarted(value: Buffer | undefined): string {
  if (value === undefined) return "";
  const { code, ruv } = decodeReplicationResponse(value);
  return `, code ${code}${ruv === undefined ? "" : `, RUV ${describeRuv(ruv)}`}`;
}

/** Elements with their maximum alone. */
function describeRuv(values: readonly string[]): string {
  return values
    .filter((value) => /^\{replica \d/.test(value))
    .map((value) => {
      const [, id] = /^\{replica (\d+)/.exec(value) ?? [];
      return `${id}: ${value
        .split(" ")
        .at(-1)
        ?.replace(/^ldap.*$/, "none")}`;
    })
    .join(", ");
}
