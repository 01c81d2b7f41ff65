// Requests of clients that change entries: where they go, and what the server's settings check of them.
import type { WriteContext } from "../operation/index.ts";
import {
  type AddRequest,
  type DeleteRequest,
  LdapError,
  type ModifyDnRequest,
  type ModifyRequest,
} from "../protocol/index.ts";
import type { Backend } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import { referral } from "./search-handler.ts";

export type UpdateRequest = AddRequest | DeleteRequest | ModifyRequest | ModifyDnRequest;

export function writeSettings(directory: Directory): WriteContext["settings"] {
  const { checkSchema, checkSyntax, lastModified } = directory.config.snapshot.server;
  return { schemaCheck: checkSchema, syntaxCheck: checkSyntax, lastMod: lastModified };
}

/** The backend that takes updates of the target. @throws LdapError noSuchObject, referral, unwillingToPerform */
export function updatableBackend(directory: Directory, request: { readonly dn: string }): Backend {
  const target = directory.route(directory.schema.normalizeDnText(request.dn));
  if (target.kind === "rootDse" || target.kind === "schema" || target.kind === "monitor") {
    throw new LdapError("unwillingToPerform", "This entry is made by the server");
  }
  if (target.kind !== "suffix" || target.backend === undefined)
    throw new LdapError("noSuchObject", "");
  const { suffix, backend } = target;
  if (suffix.state === "disabled") {
    throw new LdapError("unwillingToPerform", `The suffix ${suffix.suffix} is disabled`);
  }
  if (suffix.state === "referral" || suffix.state === "referralOnUpdate")
    throw referral(directory, suffix);
  const { server, backends } = directory.config.snapshot;
  if (server.readOnly) throw new LdapError("unwillingToPerform", "Server is read-only");
  if (backends.find((one) => one.name.toLowerCase() === backend.name)?.readOnly === true) {
    throw new LdapError("unwillingToPerform", "database is read-only");
  }
  directory.checkGate(suffix.normalSuffix);
  return backend;
}
