// Serves add, delete, modify and modifyDN by clients: routing, passwords (hashed before the write is queued), the write queue,
// and the answer once the change is on disk.
import { compileFilter } from "../filter/index.ts";
import type { Connection, Reply } from "../frontend/index.ts";
import {
  type Actor,
  Selection,
  type WriteContext,
  addEntry,
  deleteEntry,
  modifyDn,
  modifyEntry,
  runWrite,
  selectAttributes,
} from "../operation/index.ts";
import {
  type Control,
  type FinalResponseType,
  LdapError,
  POST_READ_OID,
  PRE_READ_OID,
  SUCCESS,
  encodeReadEntryResponse,
  finalResponse,
  finalResponseType,
} from "../protocol/index.ts";
import type { StoredEntry } from "../entry/index.ts";
import { type Identity, identityOf } from "./identity.ts";
import { withStoredPasswords } from "./password-values.ts";
import type { RequestControls } from "./request-controls.ts";
import type { Service } from "./service.ts";
import { type UpdateRequest, updatableBackend, writeSettings } from "./update-request.ts";

/** Runs an update of an entry below a suffix and answers it. */
export async function handleUpdate(
  service: Service,
  connection: Connection,
  { request, controls }: { readonly request: UpdateRequest; readonly controls: RequestControls },
  reply: Reply,
): Promise<void> {
  const { directory } = service;
  const backend = updatableBackend(directory, request);
  const identity = identityOf(connection);
  const prepared = await withStoredPasswords(service, connection, request);
  const responseControls: Control[] = [];
  await directory.queue.submitForClient((writes) =>
    runWrite(
      backend,
      writes,
      {
        access: (reader) => service.accessFor({ identity, connection }, reader),
        actor: actorOf(identity),
        settings: writeSettings(directory),
        skew: { ignoreTimeSkew: directory.config.snapshot.server.ignoreTimeSkew },
        now: directory.clock.now(),
        random: directory.random,
      },
      (context) => {
        checkAssertion(context, prepared, controls);
        readInto(responseControls, context, prepared, controls.preRead, PRE_READ_OID);
        runUpdate(context, prepared);
        readInto(responseControls, context, prepared, controls.postRead, POST_READ_OID);
      },
      (effects) => {
        const { logCsn } = directory.config.snapshot.server;
        if (logCsn && effects.change !== undefined) reply.facts.csn = effects.change.csn;
        service.afterWrite(backend, effects);
      },
    ),
  );
  service.audit(prepared, identity);
  const type = finalResponseType(request.type) as FinalResponseType;
  reply.send(finalResponse(type, SUCCESS), responseControls);
}

export const actorOf = (identity: Identity | undefined): Actor => ({
  dn: identity?.normalDn ?? "",
  isRoot: identity?.isRoot === true,
});

function runUpdate(context: WriteContext, request: UpdateRequest): void {
  switch (request.type) {
    case "add":
      return addEntry(context, request);
    case "delete":
      return deleteEntry(context, request);
    case "modify":
      return modifyEntry(context, request);
    case "modifyDn":
      return modifyDn(context, request);
  }
}

/** @throws LdapError assertionFailed */
function checkAssertion(
  context: WriteContext,
  request: UpdateRequest,
  controls: RequestControls,
): void {
  if (controls.assertion === undefined) return;
  const id = context.store.idOfDn(context.schema.normalizeDnText(request.dn));
  if (id === undefined) return; // the operation itself says what is missing
  const matcher = compileFilter(controls.assertion, context.schema, {
    maySearch: (entry, type) => context.access.mayAttribute(entry, "search", type),
  });
  if (matcher.matches(context.store.getEntry(id)) !== true)
    throw new LdapError("assertionFailed", "");
}

/** Adds the response control of a pre-read or post-read. */
function readInto(
  out: Control[],
  context: WriteContext & { readonly change?: { readonly uniqueId: string } | undefined },
  request: UpdateRequest,
  attributes: readonly string[] | undefined,
  oid: string,
): void {
  if (attributes === undefined) return;
  const entry = oid === PRE_READ_OID ? targetOf(context, request) : resultOf(context, request);
  if (entry === undefined || !context.access.mayReturn(entry)) return;
  const answer = {
    selection: Selection.parse(attributes, context.schema),
    access: context.access,
    typesOnly: false,
  };
  const value = encodeReadEntryResponse({
    dn: entry.dn,
    attributes: selectAttributes(entry, answer),
  });
  out.push({ oid, critical: false, value });
}

function targetOf(context: WriteContext, request: UpdateRequest): StoredEntry | undefined {
  const id = context.store.idOfDn(context.schema.normalizeDnText(request.dn));
  return id === undefined ? undefined : context.store.getEntry(id);
}

function resultOf(
  context: WriteContext & { readonly change?: { readonly uniqueId: string } | undefined },
  request: UpdateRequest,
): StoredEntry | undefined {
  const uniqueId = context.change?.uniqueId;
  if (uniqueId === undefined) return targetOf(context, request);
  const id = context.store.idOfUniqueId(
    uniqueId as Parameters<typeof context.store.idOfUniqueId>[0],
  );
  return id === undefined ? undefined : context.store.entry(id);
}
