// Serves compare requests.
import { findMatch } from "../auth/index.ts";
import type { EntryView } from "../entry/index.ts";
import { compileFilter } from "../filter/index.ts";
import type { Connection, Reply } from "../frontend/index.ts";
import { compareEntry, mayKnowAbsence } from "../operation/index.ts";
import { type CompareRequest, LdapError, type Response, ResultCode } from "../protocol/index.ts";
import { identityOf } from "./identity.ts";
import type { MemoryTree } from "./memory-source.ts";
import { singleEntry } from "./memory-source.ts";
import type { RequestControls } from "./request-controls.ts";
import { referral } from "./search-handler.ts";
import type { Service } from "./service.ts";
import type { Access } from "../operation/index.ts";

/** Answers a compare, before this returns unless a slow hash is needed: a password is verified, not compared as bytes. */
export function handleCompare(
  service: Service,
  connection: Connection,
  { request, controls }: { readonly request: CompareRequest; readonly controls: RequestControls },
  reply: Reply,
): Promise<void> | undefined {
  const { directory } = service;
  service.operations.compares += 1;
  directory.kv.renew();
  const { entry, access } = target(service, connection, request);
  if (controls.assertion !== undefined) {
    const matcher = compileFilter(controls.assertion, directory.schema, {
      maySearch: (one, type) => access.mayAttribute(one, "search", type),
    });
    if (matcher.matches(entry) !== true) throw new LdapError("assertionFailed", "");
  }
  if (directory.schema.attributeType(request.attribute).key !== "userpassword") {
    reply.send(compareEntry(entry, request, directory.schema, access) ? TRUE : FALSE);
    return undefined;
  }
  const match = findPassword(service, connection, { entry, access, request });
  const answer = (value: Buffer | undefined): void =>
    reply.send(value === undefined ? FALSE : TRUE);
  if (match instanceof Promise) return match.then(answer);
  answer(match);
  return undefined;
}

const TRUE = compareResponse(ResultCode.compareTrue);
const FALSE = compareResponse(ResultCode.compareFalse);

function compareResponse(code: number): Response {
  return {
    type: "compareResponse",
    result: { code, matchedDn: "", message: "", referrals: [] },
  };
}

function findPassword(
  service: Service,
  connection: Connection,
  { entry, access, request }: { entry: EntryView; access: Access; request: CompareRequest },
): ReturnType<typeof findMatch> {
  const type = service.directory.schema.attributeType("userPassword");
  if (!access.mayAttribute(entry, "compare", type))
    throw new LdapError("insufficientAccessRights", "");
  const hashers = service.hash.forOrigin(String(connection.id));
  return findMatch(request.value, entry.values(type), hashers);
}

function target(
  service: Service,
  connection: Connection,
  request: CompareRequest,
): { entry: EntryView; access: Access } {
  const { directory } = service;
  const normalDn = directory.schema.normalizeDnText(request.dn);
  const subject = { identity: identityOf(connection), connection };
  const memory = (tree: MemoryTree): { entry: EntryView; access: Access } => {
    const entry = tree.find(normalDn);
    if (entry === undefined) throw new LdapError("noSuchObject", "");
    return { entry, access: service.readAccessFor(subject) };
  };
  const route = directory.route(normalDn);
  switch (route.kind) {
    case "rootDse":
      return memory(singleEntry(service.rootDse()));
    case "config":
      return memory(directory.config);
    case "monitor":
      return memory(service.monitorTree());
    case "schema":
      return memory(singleEntry(service.schemaEntry()));
    case "none":
      throw new LdapError("noSuchObject", "");
    case "suffix": {
      if (route.suffix.state === "referral") throw referral(directory, route.suffix);
      const reader = route.backend?.reader;
      const access = service.readAccessFor(subject);
      const entry = reader?.entryOfDn(normalDn);
      if (entry !== undefined) return { entry, access };
      const nearestId = reader?.nearest(normalDn);
      const nearest = nearestId === undefined ? undefined : reader?.entry(nearestId);
      if (nearest === undefined) throw new LdapError("noSuchObject", "");
      if (!mayKnowAbsence(access, nearest, normalDn)) {
        throw new LdapError("insufficientAccessRights", "");
      }
      throw new LdapError("noSuchObject", "", { matchedDn: nearest.dn });
    }
  }
}
