// Serves search requests: routes the base DN, sets limits, drives the search generator slice by slice against the connection's
// back-pressure, and keeps the cursors of paged searches.
import { assert } from "../base/index.ts";
import { type Filter, LdapError, NO_CONTROLS, type SearchRequest } from "../protocol/index.ts";
import type { Connection, Reply } from "../frontend/index.ts";
import { isBelow } from "../dn/index.ts";
import { compileFilter, namesObjectClass } from "../filter/index.ts";
import {
  type Access,
  BackendSource,
  type SearchLimits,
  type SearchSource,
  Selection,
  writeEntry,
} from "../operation/index.ts";
import type { EntryView } from "../entry/index.ts";
import { RUV_UNIQUE_ID } from "../replication/change/index.ts";
import type { SuffixSettings } from "../config/index.ts";
import type { Backend } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import { identityOf } from "./identity.ts";
import { MemorySource, singleEntry } from "./memory-source.ts";
import { checkFilterTypes } from "./request-checks.ts";
import type { RequestControls } from "./request-controls.ts";
import type { Service } from "./service.ts";
import { PagedSearches } from "./paged-searches.ts";
import { finishSearch } from "./search-done.ts";
import { SUPPLIER_ACCESS } from "./supplier-access.ts";
import { SearchRun, type SearchWaiter } from "./search-run.ts";
import { type NestedSuffix, SuffixesSource } from "./suffixes-source.ts";

/** Answers a search, or begins or goes on with a paged one. */
export function handleSearch(
  service: Service,
  connection: Connection,
  { request, controls }: { readonly request: SearchRequest; readonly controls: RequestControls },
  reply: Reply,
): void {
  const { directory } = service;
  directory.kv.renew();
  countSearch(service, request);
  const paged = controls.paged;
  if (paged !== undefined && paged.cookie.length > 0) {
    PagedSearches.of(connection).continue(request, paged, reply);
    return;
  }
  const run = prepare(service, connection, request, controls);
  if (paged === undefined) {
    run.drive(reply, Infinity, WHOLE);
    return;
  }
  PagedSearches.of(connection).start(request, run, paged, reply);
}

/** Of searches that are answered in one piece. */
const WHOLE: SearchWaiter = {
  done: (reply, { result }) => finishSearch(reply, result, NO_CONTROLS),
  pageFull: () => assert(false, "without pages none is full"),
};

function prepare(
  service: Service,
  connection: Connection,
  request: SearchRequest,
  controls: RequestControls,
): SearchRun {
  const { directory } = service;
  const { schema } = directory;
  const baseNormalDn = schema.normalizeDnText(request.base);
  const identity = identityOf(connection);
  const server = directory.config.snapshot.server;
  if (identity === undefined && server.anonymousAccess !== "on") {
    if (server.anonymousAccess === "off" || baseNormalDn !== "" || request.scope !== "base") {
      throw new LdapError("inappropriateAuthentication", "Anonymous access is not allowed");
    }
  }
  const { source, access } = route(service, connection, baseNormalDn, request);
  if (server.verifyFilters === "reject-invalid" && !(source instanceof MemorySource)) {
    checkFilterTypes(request.filter, schema);
  }
  const filter = isResolvedConflict(source, request, baseNormalDn) ? ANY_ENTRY : request.filter;
  const matcher = compileFilter(filter, schema, {
    maySearch: (entry, type) => access.mayAttribute(entry, "search", type),
    // Most settings are defined by the tables of the configuration alone.
    undefinedTypes: source instanceof MemorySource ? "directoryString" : "undefined",
  });
  if (controls.assertion !== undefined)
    checkAssertion(source, access, baseNormalDn, controls, schema);
  const selection = Selection.parse(request.attributes, schema);
  const isRoot = identity?.isRoot === true;
  const settings = {
    source,
    request,
    baseNormalDn,
    matcher,
    selection,
    access,
    limits: limitsFor(service, isRoot, { source, request, controls }),
    subentries: subentryView(request, controls),
    seesTombstones: namesObjectClass(request.filter, "nstombstone"),
    manageDsaIt: controls.manageDsaIt,
    clock: directory.clock,
  };
  const answer = { selection, access, typesOnly: request.typesOnly };
  const showsState = isRoot && selection.names("nscpentrywsi");
  return new SearchRun(directory.kv, settings, (reply, found) => {
    const holder = showsState ? holderOf(source, found) : undefined;
    const entry = holder === undefined ? found : holder.withState(found);
    writeEntry(reply.writer(), reply.message.messageId, entry, answer);
    reply.facts.entryCount += 1;
    service.operations.entriesSent += 1;
  });
}

const ANY_ENTRY: Filter = { type: "present", attribute: "objectClass" };

/** 389 leaves the class ldapsubentry on a conflict entry that a client renames, for the client to delete; here it goes with the
 *  conflict. dsconf asks in between for the entry by that class, and gives up when it is not there (lib389: conflicts.py). */
function isResolvedConflict(
  source: SearchSource,
  { scope, filter }: SearchRequest,
  baseNormalDn: string,
): boolean {
  if (scope !== "base" || filter.type !== "equality") return false;
  if (!namesObjectClass(filter, "ldapsubentry")) return false;
  const base = source.find(baseNormalDn);
  return base !== undefined && holderOf(source, base)?.wasConflict(base) === true;
}

function checkAssertion(
  source: SearchSource,
  access: Access,
  baseNormalDn: string,
  controls: RequestControls,
  schema: Parameters<typeof compileFilter>[1],
): void {
  const base = source.find(baseNormalDn);
  if (base === undefined || controls.assertion === undefined) return;
  const matcher = compileFilter(controls.assertion, schema, {
    maySearch: (entry, type) => access.mayAttribute(entry, "search", type),
  });
  if (matcher.matches(base) !== true) throw new LdapError("assertionFailed", "");
}

function subentryView(request: SearchRequest, controls: RequestControls): "no" | "also" | "only" {
  if (controls.subentries !== undefined) {
    return controls.subentries === "onlySubentries" ? "only" : "no";
  }
  const named =
    namesObjectClass(request.filter, "ldapsubentry") ||
    namesObjectClass(request.filter, "subentry");
  return named || namesObjectClass(request.filter, "nstombstone") ? "also" : "no";
}

interface Target {
  readonly source: SearchSource;
  readonly access: Access;
}

function route(
  service: Service,
  connection: Connection,
  baseNormalDn: string,
  request: SearchRequest,
): Target {
  const { directory } = service;
  const target = directory.route(baseNormalDn);
  if (target.kind === "none") throw new LdapError("noSuchObject", "");
  const subject = { identity: identityOf(connection), connection };
  const access = service.readAccessFor(subject);
  switch (target.kind) {
    case "rootDse": {
      const source = new MemorySource(singleEntry(service.rootDse()));
      return { source: withNested(service, source, baseNormalDn, request), access };
    }
    case "config": {
      const isSupplier =
        request.scope === "base" && service.maySupply(baseNormalDn, subject.identity);
      const source = new MemorySource(directory.config);
      return { source, access: isSupplier ? SUPPLIER_ACCESS : access };
    }
    case "monitor":
      return { source: new MemorySource(service.monitorTree()), access };
    case "schema":
      return { source: new MemorySource(singleEntry(service.schemaEntry())), access };
    case "suffix": {
      const { suffix, backend } = target;
      if (suffix.state === "disabled") {
        throw new LdapError("unwillingToPerform", `The suffix ${suffix.suffix} is disabled`);
      }
      if (suffix.state === "referral") throw referral(directory, suffix);
      if (backend === undefined) throw new LdapError("noSuchObject", "");
      const source = backendSource(service, backend, request);
      return { source: withNested(service, source, baseNormalDn, request), access };
    }
  }
}

function backendSource(service: Service, backend: Backend, request: SearchRequest): BackendSource {
  const { database } = service.directory.config.snapshot;
  const limits = { idsMax: database.idListEntriesMax };
  return new BackendSource(backend, limits, ruvEntries(service, request, backend.suffix));
}

/** The source of the base together with the suffixes below it that the search reaches. */
function withNested(
  service: Service,
  top: SearchSource,
  baseNormalDn: string,
  request: SearchRequest,
): SearchSource {
  if (request.scope === "base") return top;
  const { directory } = service;
  const nested: NestedSuffix[] = [];
  for (const suffix of directory.config.snapshot.suffixes) {
    const { normalSuffix, state } = suffix;
    if (baseNormalDn !== "" && !isBelow(normalSuffix, baseNormalDn)) continue;
    const named = { dn: suffix.suffix, normalDn: normalSuffix };
    const backend = directory.backendOf(suffix);
    if (state === "referral") {
      nested.push({ ...named, held: { urls: directory.referralsOf(suffix) } });
    } else if (state !== "disabled" && backend !== undefined) {
      nested.push({ ...named, held: backendSource(service, backend, request) });
    }
  }
  return nested.length === 0 && baseNormalDn !== "" ? top : new SuffixesSource(top, nested);
}

/** nsslapd-require-index of the backend of the base. */
function isIndexRequired({ config }: Directory, source: SearchSource): boolean {
  const top = source instanceof SuffixesSource ? source.top : source;
  if (!(top instanceof BackendSource)) return false;
  const settings = config.snapshot.backends.find(({ name }) => name.toLowerCase() === top.name);
  return settings?.requireIndex === true;
}

/** The backend that a found entry is from; undefined: it is from none. */
function holderOf(source: SearchSource, entry: EntryView): BackendSource | undefined {
  if (source instanceof BackendSource) return source;
  if (!(source instanceof SuffixesSource)) return undefined;
  return source.holderOf(entry);
}

/** Result 10 with the URLs of a suffix that others serve. */
export function referral(directory: Directory, suffix: SuffixSettings): LdapError {
  const referrals = directory.referralsOf(suffix);
  if (referrals.length === 0) {
    return new LdapError(
      "unwillingToPerform",
      `The suffix ${suffix.suffix} is served elsewhere, but no server is known`,
    );
  }
  return new LdapError("referral", "", { matchedDn: suffix.suffix, referrals });
}

/** Who asks for the tombstone of the update vector gets the replica's configuration entry (389). */
function ruvEntries(
  service: Service,
  request: SearchRequest,
  normalSuffix: string,
): readonly EntryView[] {
  if (!namesObjectClass(request.filter, "nstombstone") || !namesRuv(request.filter)) return [];
  const entry = service.findRuvEntry(normalSuffix);
  return entry === undefined ? [] : [entry];
}

function namesRuv(filter: SearchRequest["filter"]): boolean {
  if (filter.type === "and") return filter.filters.some(namesRuv);
  return (
    filter.type === "equality" &&
    filter.attribute.toLowerCase() === "nsuniqueid" &&
    filter.value.toString("latin1").toLowerCase() === RUV_UNIQUE_ID
  );
}

function limitsFor(
  { directory }: Service,
  isRoot: boolean,
  search: {
    readonly source: SearchSource;
    readonly request: SearchRequest;
    readonly controls: RequestControls;
  },
): SearchLimits {
  const { source, request, controls } = search;
  const { server, database } = directory.config.snapshot;
  const isPaged = controls.paged !== undefined;
  const pagedSize = server.pagedSizeLimitEntries;
  const seconds = leastLimit(isRoot, request.timeLimit, server.timeLimitSec);
  const lookThrough =
    isPaged && database.pagedLookThroughEntriesMax !== 0
      ? database.pagedLookThroughEntriesMax
      : database.lookThroughEntriesMax;
  return {
    sizeMax: leastLimit(
      isRoot,
      request.sizeLimit,
      isPaged && pagedSize !== 0 ? pagedSize : server.sizeLimitEntries,
    ),
    timeMaxMs: seconds === undefined ? undefined : seconds * 1000,
    lookThroughMax: isRoot || lookThrough < 0 ? undefined : lookThrough,
    isIndexRequired: () => isIndexRequired(directory, source),
  };
}

/** What the client asks for and what the server allows: 0 or less of either is no limit. undefined: neither limits. */
function leastLimit(isRoot: boolean, asked: number, own: number): number | undefined {
  const isOwnFree = isRoot || own <= 0;
  if (asked > 0) return isOwnFree ? asked : Math.min(asked, own);
  return isOwnFree ? undefined : own;
}

function countSearch({ operations }: Service, request: SearchRequest): void {
  operations.searches += 1;
  if (request.scope === "one") operations.oneLevelSearches += 1;
  if (request.scope === "sub" || request.scope === "subordinate") operations.subtreeSearches += 1;
}
