// LDAP messages encoded a second time, straight from the ASN.1 of RFC 4511, by the naive encoder.
import type {
  AttributeValues,
  Control,
  Filter,
  LdapResult,
  Request,
  RequestMessage,
  Response,
  ResponseMessage,
} from "../../src/protocol/index.ts";
import { NaiveBer } from "./naive-ber.ts";

export function naiveRequest(message: RequestMessage, ber: NaiveBer = new NaiveBer()): Buffer {
  return ber.sequence(
    ber.integer(message.messageId),
    requestOperation(message.request, ber),
    ...naiveControls(message.controls, ber),
  );
}

export function naiveResponse(message: ResponseMessage, ber: NaiveBer = new NaiveBer()): Buffer {
  return ber.sequence(
    ber.integer(message.messageId),
    responseOperation(message.response, ber),
    ...naiveControls(message.controls, ber),
  );
}

function naiveControls(controls: readonly Control[], ber: NaiveBer): Buffer[] {
  if (controls.length === 0) return [];
  const parts = controls.map(({ oid, critical, value }) => {
    const fields = [ber.octets(oid)];
    if (critical) fields.push(ber.boolean(true));
    if (value !== undefined) fields.push(ber.octets(value));
    return ber.sequence(...fields);
  });
  return [ber.element(0xa0, ...parts)];
}

const SCOPES = ["base", "one", "sub", "subordinate"];
const MOD_OPERATIONS = ["add", "delete", "replace", "increment"];

function requestOperation(request: Request, ber: NaiveBer): Buffer {
  switch (request.type) {
    case "bind": {
      const { authentication: a } = request;
      const sasl = (mechanism: string, credentials: Buffer | undefined): Buffer =>
        ber.element(
          0xa3,
          ber.octets(mechanism),
          ...(credentials === undefined ? [] : [ber.octets(credentials)]),
        );
      const choice =
        a.method === "simple" ? ber.octets(a.password, 0x80) : sasl(a.mechanism, a.credentials);
      return ber.element(0x60, ber.integer(request.version), ber.octets(request.name), choice);
    }
    case "unbind":
      return ber.element(0x42);
    case "search":
      return ber.element(
        0x63,
        ber.octets(request.base),
        ber.enumerated(SCOPES.indexOf(request.scope)),
        ber.enumerated(request.derefAliases),
        ber.integer(request.sizeLimit),
        ber.integer(request.timeLimit),
        ber.boolean(request.typesOnly),
        naiveFilter(request.filter, ber),
        ber.sequence(...request.attributes.map((name) => ber.octets(name))),
      );
    case "modify": {
      const changes = request.mods.map((mod) =>
        ber.sequence(ber.enumerated(MOD_OPERATIONS.indexOf(mod.operation)), attribute(mod, ber)),
      );
      return ber.element(0x66, ber.octets(request.dn), ber.sequence(...changes));
    }
    case "add": {
      const attributes = request.attributes.map((one) => attribute(one, ber));
      return ber.element(0x68, ber.octets(request.dn), ber.sequence(...attributes));
    }
    case "delete":
      return ber.octets(request.dn, 0x4a);
    case "modifyDn":
      return ber.element(
        0x6c,
        ber.octets(request.dn),
        ber.octets(request.newRdn),
        ber.boolean(request.deleteOldRdn),
        ...(request.newSuperior === undefined ? [] : [ber.octets(request.newSuperior, 0x80)]),
      );
    case "compare":
      return ber.element(
        0x6e,
        ber.octets(request.dn),
        ber.sequence(ber.octets(request.attribute), ber.octets(request.value)),
      );
    case "abandon":
      return ber.integer(request.messageId, 0x50);
    case "extended":
      return ber.element(
        0x77,
        ber.octets(request.oid, 0x80),
        ...(request.value === undefined ? [] : [ber.octets(request.value, 0x81)]),
      );
  }
}

function attribute(one: AttributeValues, ber: NaiveBer): Buffer {
  return ber.sequence(
    ber.octets(one.type),
    ber.set(...one.values.map((value) => ber.octets(value))),
  );
}

export function naiveFilter(filter: Filter, ber: NaiveBer = new NaiveBer()): Buffer {
  switch (filter.type) {
    case "and":
      return ber.element(0xa0, ...filter.filters.map((part) => naiveFilter(part, ber)));
    case "or":
      return ber.element(0xa1, ...filter.filters.map((part) => naiveFilter(part, ber)));
    case "not":
      return ber.element(0xa2, naiveFilter(filter.filter, ber));
    case "equality":
      return ber.element(0xa3, ber.octets(filter.attribute), ber.octets(filter.value));
    case "greaterOrEqual":
      return ber.element(0xa5, ber.octets(filter.attribute), ber.octets(filter.value));
    case "lessOrEqual":
      return ber.element(0xa6, ber.octets(filter.attribute), ber.octets(filter.value));
    case "approx":
      return ber.element(0xa8, ber.octets(filter.attribute), ber.octets(filter.value));
    case "present":
      return ber.octets(filter.attribute, 0x87);
    case "substrings": {
      const pieces = filter.any.map((piece) => ber.octets(piece, 0x81));
      if (filter.initial !== undefined) pieces.unshift(ber.octets(filter.initial, 0x80));
      if (filter.final !== undefined) pieces.push(ber.octets(filter.final, 0x82));
      return ber.element(0xa4, ber.octets(filter.attribute), ber.sequence(...pieces));
    }
    case "extensible": {
      const fields: Buffer[] = [];
      if (filter.rule !== undefined) fields.push(ber.octets(filter.rule, 0x81));
      if (filter.attribute !== undefined) fields.push(ber.octets(filter.attribute, 0x82));
      fields.push(ber.octets(filter.value, 0x83));
      if (filter.dnAttributes) fields.push(ber.boolean(true, 0x84));
      return ber.element(0xa9, ...fields);
    }
  }
}

function result(r: LdapResult, ber: NaiveBer): Buffer[] {
  const fields = [ber.enumerated(r.code), ber.octets(r.matchedDn), ber.octets(r.message)];
  if (r.referrals.length > 0) {
    fields.push(ber.element(0xa3, ...r.referrals.map((url) => ber.octets(url))));
  }
  return fields;
}

const optional = (ber: NaiveBer, tag: number, value: Buffer | string | undefined): Buffer[] =>
  value === undefined ? [] : [ber.octets(value, tag)];

function responseOperation(r: Response, ber: NaiveBer): Buffer {
  switch (r.type) {
    case "bindResponse":
      return ber.element(
        0x61,
        ...result(r.result, ber),
        ...optional(ber, 0x87, r.serverCredentials),
      );
    case "searchEntry":
      return ber.element(
        0x64,
        ber.octets(r.dn),
        ber.sequence(...r.attributes.map((one) => attribute(one, ber))),
      );
    case "searchReference":
      return ber.element(0x73, ...r.urls.map((url) => ber.octets(url)));
    case "searchDone":
      return ber.element(0x65, ...result(r.result, ber));
    case "modifyResponse":
      return ber.element(0x67, ...result(r.result, ber));
    case "addResponse":
      return ber.element(0x69, ...result(r.result, ber));
    case "deleteResponse":
      return ber.element(0x6b, ...result(r.result, ber));
    case "modifyDnResponse":
      return ber.element(0x6d, ...result(r.result, ber));
    case "compareResponse":
      return ber.element(0x6f, ...result(r.result, ber));
    case "extendedResponse":
      return ber.element(
        0x78,
        ...result(r.result, ber),
        ...optional(ber, 0x8a, r.oid),
        ...optional(ber, 0x8b, r.value),
      );
    case "intermediateResponse":
      return ber.element(0x79, ...optional(ber, 0x80, r.oid), ...optional(ber, 0x81, r.value));
  }
}
