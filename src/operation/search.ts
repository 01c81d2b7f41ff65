// Search (RFC 4511 §4.5). A search is done in steps: it stops after every slice, so that the caller can drain the socket,
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
  /** Milliseconds; undefined = no limit. */
  readonly timeMaxMs: number | undefined;
  /** Candidates examined in an unindexed search; undefined = no limit. */
  readonly lookThroughMax: number | undefined;
  /** Whether to refuse searches of subtrees that no index answers; asked of those alone. */
  readonly isIndexRequired: () => boolean;
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
  readonly subentries: "no" | "also" | "only";
  readonly seesTombstones: boolean;
  readonly manageDsaIt: boolean;
  readonly clock: Clock;
}

export interface SearchOutcome {
  readonly result: LdapResult;
  readonly unindexed: boolean;
}

/** One search. */
export class Search {
  readonly #settings: SearchSettings;
  readonly #sink: SearchSink;
  readonly #pace: Pace;
  #unindexed = false;
  #entries: Iterator<EntryView | number> | undefined;
  #sent = 0;

  constructor(settings: SearchSettings, sink: SearchSink) {
    this.#settings = settings;
    this.#sink = sink;
    this.#pace = new Pace(settings.limits, settings.clock);
  }

  /** Goes on for a slice, or until the sink is full. Every end is an outcome: refusals too (noSuchObject, sizeLimitExceeded,
   *  timeLimitExceeded, adminLimitExceeded, referral). undefined: there is more to do. */
  step(): SearchOutcome | undefined {
    if (this.#entries === undefined) {
      const refusal = this.#begin();
      if (refusal !== undefined) return refusal;
    }
    const pace = this.#pace;
    const entries = this.#entries!;
    while (!this.#sink.full()) {
      const turn = pace.look();
      if (turn === "late") return this.#end(limitResult("timeLimitExceeded", ""));
      if (turn === "over") return undefined;
      const next = entries.next();
      if (next.done === true) return this.#end(SUCCESS);
      const entry = next.value;
      pace.count(typeof entry === "number" ? entry : 1);
      if (this.#unindexed && pace.isTooFar) return this.#end(TOO_MANY_UNINDEXED);
      if (typeof entry !== "number" && !this.#show(entry)) {
        return this.#end(limitResult("sizeLimitExceeded", ""));
      }
    }
    return undefined;
  }

  #begin(): SearchOutcome | undefined {
    const { source, request, limits } = this.#settings;
    const base = source.find(this.#settings.baseNormalDn);
    if (base === undefined) return missingBase(this.#settings);
    if (!this.#settings.manageDsaIt && source.visibility(base) === "referral") {
      return refused(
        new LdapError("referral", "", { matchedDn: base.dn, referrals: source.referralUrls(base) }),
      );
    }
    const { unindexed, entries } = source.candidates(base, request, this.#settings.matcher);
    if (unindexed && request.scope !== "one" && limits.isIndexRequired()) {
      return refused(new LdapError("unwillingToPerform", "Search is not indexed"));
    }
    this.#unindexed = unindexed;
    this.#sent = sendSubstitutes(this.#settings, this.#sink);
    this.#entries = entries[Symbol.iterator]();
    return undefined;
  }

  /** Sends the entry if it is to be seen; false: it is one too many. */
  #show(entry: EntryView): boolean {
    const seen = visible(this.#settings, entry);
    if (seen === "no") return true;
    if (seen === "reference") {
      this.#sink.reference(this.#settings.source.referralUrls(entry));
      return true;
    }
    const { sizeMax } = this.#settings.limits;
    if (sizeMax !== undefined && this.#sent >= sizeMax) return false;
    this.#sink.entry(entry);
    this.#sent += 1;
    return true;
  }

  #end(result: LdapResult): SearchOutcome {
    return { result, unindexed: this.#unindexed };
  }
}

/** How far a search has come, and when it has to stop. Time counts from the first look: most searches end before it. */
class Pace {
  readonly #limits: SearchLimits;
  readonly #clock: Clock;
  #examined = 0;
  #nextLook = CANDIDATES_PER_LOOK;
  #deadline: number | undefined;
  #sliceEnd: number | undefined;

  constructor(limits: SearchLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
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
    const { timeMaxMs } = this.#limits;
    if (timeMaxMs !== undefined) {
      this.#deadline ??= now + timeMaxMs;
      if (now > this.#deadline) return "late";
    }
    if (this.#sliceEnd === undefined) {
      this.#sliceEnd = now + SEARCH_SLICE_MS;
    } else if (now >= this.#sliceEnd) {
      this.#sliceEnd = undefined;
      return "over";
    }
    return undefined;
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
  const { subentries, access, request } = settings;
  const kind = settings.source.visibility(entry);
  if (kind === "tombstone" && !settings.seesTombstones) return "no";
  const isBase = request.scope === "base";
  if (kind === "subentry" ? subentries === "no" && !isBase : subentries === "only") return "no";
  if (kind === "referral" && !settings.manageDsaIt) return "reference";
  if (settings.matcher.matches(entry) !== true) return "no";
  return access.mayReturn(entry) ? "entry" : "no";
}

/** A missing base is told only to those who might see it if it were there. */
function missingBase(settings: SearchSettings): SearchOutcome {
  const nearest = settings.source.nearest(settings.baseNormalDn);
  const { access, baseNormalDn } = settings;
  if (nearest !== undefined && !mayKnowAbsence(access, nearest, baseNormalDn)) {
    return { result: SUCCESS, unindexed: false };
  }
  return refused(
    new LdapError("noSuchObject", "", nearest === undefined ? {} : { matchedDn: nearest.dn }),
  );
}

function refused(error: LdapError): SearchOutcome {
  return { result: error.result(), unindexed: false };
}

const TOO_MANY_UNINDEXED = limitResult(
  "adminLimitExceeded",
  "The search is unindexed and looks at too many entries",
);

function limitResult(code: keyof typeof ResultCode, message: string): LdapResult {
  return { code: ResultCode[code], matchedDn: "", message, referrals: [] };
}
