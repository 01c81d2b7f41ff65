// Search (RFC 4511 §4.5). A search is a generator: it stops after every slice, so that the caller can drain the socket,
// look for an abandon, and let others run; between slices it holds no read transaction, only entry IDs, and every
// candidate is checked anew against scope, visibility, filter and access when its turn comes.
import type { Clock } from "../base/index.ts";
import type { EntryView } from "../entry/index.ts";
import type { Matcher } from "../filter/index.ts";
import type { LdapResult, SearchRequest } from "../protocol/index.ts";
import { LdapError, ResultCode, SUCCESS } from "../protocol/index.ts";
import { mayKnowAbsence } from "./absence.ts";
import type { Access } from "./access-port.ts";
import type { Selection } from "./selection.ts";

/** Milliseconds that one slice may take before others get their turn. */
export const SEARCH_SLICE_MS = 3;
/** Candidates between two looks at the clock. */
const CANDIDATES_PER_LOOK = 32;

/** How an entry is shown to a search that does not ask for it in particular. */
export type Visibility = "plain" | "subentry" | "tombstone" | "referral";

export interface Candidates {
  /** For the access log: the indexes used, or `unindexed`. */
  readonly plan: string;
  readonly unindexed: boolean;
  /** In no particular order; supersets are fine, scope has been checked. A number stands for that many entries in scope that were
   *  looked at and do not match. */
  readonly entries: Iterable<EntryView | number>;
}

/** A tree that can be searched: a backend, or the entries of the configuration. */
export interface SearchSource {
  find(normalDn: string): EntryView | undefined;
  /** The nearest existing ancestor of a missing DN. */
  nearest(normalDn: string): EntryView | undefined;
  /** `matcher` is that of the search: what it refuses may be left out. */
  candidates(base: EntryView, request: SearchRequest, matcher: Matcher): Candidates;
  /** Entries that answer this very search without being tested by its filter. */
  readonly substitutes?: readonly EntryView[];
  visibility(entry: EntryView): Visibility;
  /** LDAP URLs of a referral entry. */
  referralUrls(entry: EntryView): readonly string[];
}

/** Takes what a search finds. */
export interface SearchSink {
  entry(entry: EntryView): void;
  reference(urls: readonly string[]): void;
  /** true when the client should read before more is produced. */
  full(): boolean;
}

export interface SearchLimits {
  /** Entries; undefined = no limit. */
  readonly sizeMax: number | undefined;
  /** Milliseconds since 1970; undefined = no limit. */
  readonly deadline: number | undefined;
  /** Candidates examined in an unindexed search; undefined = no limit. */
  readonly lookThroughMax: number | undefined;
  /** Refuse searches of subtrees that no index answers. */
  readonly indexRequired: boolean;
}

export interface SearchSettings {
  readonly source: SearchSource;
  readonly request: SearchRequest;
  readonly baseNormalDn: string;
  readonly matcher: Matcher;
  readonly selection: Selection;
  readonly access: Access;
  readonly limits: SearchLimits;
  /** What the filter or a control asks to see beyond plain entries. */
  readonly sees: { readonly subentries: "no" | "also" | "only"; readonly tombstones: boolean };
  readonly manageDsaIt: boolean;
  readonly clock: Clock;
}

export interface SearchOutcome {
  readonly result: LdapResult;
  readonly entryCount: number;
  readonly plan: string;
  readonly unindexed: boolean;
}

/** Runs a search. Yields between slices and whenever the sink is full.
 *  Every end is an outcome: refusals too (noSuchObject, sizeLimitExceeded, timeLimitExceeded, adminLimitExceeded, referral). */
export function* search(
  settings: SearchSettings,
  sink: SearchSink,
): Generator<void, SearchOutcome> {
  const { source, request, limits, clock } = settings;
  const base = source.find(settings.baseNormalDn);
  if (base === undefined) return missingBase(settings);
  if (!settings.manageDsaIt && source.visibility(base) === "referral") {
    return refused(
      new LdapError("referral", "", { matchedDn: base.dn, referrals: source.referralUrls(base) }),
    );
  }
  const { plan, unindexed, entries } = source.candidates(base, request, settings.matcher);
  if (unindexed && limits.indexRequired && request.scope !== "one") {
    return refused(new LdapError("unwillingToPerform", "Search is not indexed"));
  }
  let entryCount = sendSubstitutes(settings, sink);
  const pace = new Pace(limits, clock);
  const end = (result: LdapResult): SearchOutcome => ({ result, entryCount, plan, unindexed });
  for (const entry of entries) {
    pace.count(typeof entry === "number" ? entry : 1);
    if (unindexed && pace.isTooFar) {
      return end(
        limitResult("adminLimitExceeded", "The search is unindexed and looks at too many entries"),
      );
    }
    const turn = pace.look();
    if (turn === "late") return end(limitResult("timeLimitExceeded", ""));
    if (turn === "over") {
      yield;
      pace.startSlice();
    }
    if (typeof entry === "number") continue;
    const seen = visible(settings, entry);
    if (seen === "no") continue;
    if (seen === "reference") {
      sink.reference(source.referralUrls(entry));
      continue;
    }
    if (limits.sizeMax !== undefined && entryCount >= limits.sizeMax) {
      return end(limitResult("sizeLimitExceeded", ""));
    }
    sink.entry(entry);
    entryCount += 1;
    while (sink.full()) yield;
  }
  return end(SUCCESS);
}

/** How far a search has come, and when it has to stop. */
class Pace {
  readonly #limits: SearchLimits;
  readonly #clock: Clock;
  #examined = 0;
  #nextLook = CANDIDATES_PER_LOOK;
  #sliceEnd = 0;

  constructor(limits: SearchLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.startSlice();
  }

  startSlice(): void {
    this.#sliceEnd = this.#clock.now() + SEARCH_SLICE_MS;
  }

  count(candidates: number): void {
    this.#examined += candidates;
  }

  get isTooFar(): boolean {
    const { lookThroughMax } = this.#limits;
    return lookThroughMax !== undefined && this.#examined > lookThroughMax;
  }

  /** Looks at the clock from time to time: whether the time of the search or of the slice is up. */
  look(): "late" | "over" | undefined {
    if (this.#examined < this.#nextLook) return undefined;
    this.#nextLook = this.#examined + CANDIDATES_PER_LOOK;
    const now = this.#clock.now();
    const { deadline } = this.#limits;
    if (deadline !== undefined && now > deadline) return "late";
    return now >= this.#sliceEnd ? "over" : undefined;
  }
}

/** Sends what stands for entries that are not shown; how many. */
function sendSubstitutes({ source, access }: SearchSettings, sink: SearchSink): number {
  let count = 0;
  for (const entry of source.substitutes ?? []) {
    if (!access.mayReturn(entry)) continue;
    sink.entry(entry);
    count += 1;
  }
  return count;
}

function visible(settings: SearchSettings, entry: EntryView): "no" | "entry" | "reference" {
  const { sees, access, request } = settings;
  const kind = settings.source.visibility(entry);
  if (kind === "tombstone" && !sees.tombstones) return "no";
  const isBase = request.scope === "base";
  if (kind === "subentry" ? sees.subentries === "no" && !isBase : sees.subentries === "only")
    return "no";
  if (kind === "referral" && !settings.manageDsaIt) return "reference";
  if (settings.matcher.matches(entry) !== true) return "no";
  return access.mayReturn(entry) ? "entry" : "no";
}

/** A missing base is told only to those who might see it if it were there. */
function missingBase(settings: SearchSettings): SearchOutcome {
  const nearest = settings.source.nearest(settings.baseNormalDn);
  const { access, baseNormalDn } = settings;
  if (nearest !== undefined && !mayKnowAbsence(access, nearest, baseNormalDn)) {
    return { result: SUCCESS, entryCount: 0, plan: "none", unindexed: false };
  }
  return refused(
    new LdapError("noSuchObject", "", nearest === undefined ? {} : { matchedDn: nearest.dn }),
  );
}

function refused(error: LdapError): SearchOutcome {
  return { result: error.result(), entryCount: 0, plan: "none", unindexed: false };
}

function limitResult(code: keyof typeof ResultCode, message: string): LdapResult {
  return { code: ResultCode[code], matchedDn: "", message, referrals: [] };
}
