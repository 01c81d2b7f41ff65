// Paged results (RFC 2696): cursors of one connection. A cursor is the search itself, stopped at a full page; it holds entry
// IDs and no snapshot. The cookie is the number of the cursor and of its page, so an old cookie is refused.
import type { Connection, Reply } from "../frontend/index.ts";
import {
  LdapError,
  type PagedResults,
  SUCCESS,
  type SearchRequest,
  pagedResultsControl,
} from "../protocol/index.ts";
import { endOfPages, finishSearch } from "./search-done.ts";
import type { SearchRun } from "./search-run.ts";

/** Paged searches that one connection may have open. */
export const CURSORS_MAX = 64;
const COOKIE_BYTES = 8;

interface Cursor {
  readonly run: SearchRun;
  readonly fingerprint: string;
  page: number;
}

const byConnection = new WeakMap<Connection, PagedSearches>();

export class PagedSearches {
  readonly #cursors = new Map<number, Cursor>();
  #nextNumber = 1;

  static of(connection: Connection): PagedSearches {
    const known = byConnection.get(connection);
    if (known !== undefined) return known;
    const made = new PagedSearches();
    byConnection.set(connection, made);
    return made;
  }

  /** Begins a paged search. @throws LdapError unwillingToPerform */
  start(request: SearchRequest, run: SearchRun, paged: PagedResults, reply: Reply): void {
    if (this.#cursors.size >= CURSORS_MAX) {
      throw new LdapError("unwillingToPerform", "Too many paged searches on this connection");
    }
    if (paged.size === 0) {
      finishSearch(reply, SUCCESS, [endOfPages()]);
      return;
    }
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    this.#cursors.set(number, { run, fingerprint: fingerprint(request), page: 0 });
    this.#drive(number, paged.size, reply);
  }

  /** The next page, or with size 0 the end. @throws LdapError protocolError for a cookie that is not (or no longer) valid */
  continue(request: SearchRequest, paged: PagedResults, reply: Reply): void {
    const number = paged.cookie.length === COOKIE_BYTES ? paged.cookie.readUInt32BE(0) : 0;
    const cursor = this.#cursors.get(number);
    const isCurrent =
      cursor?.page === (number === 0 ? -1 : paged.cookie.readUInt32BE(4)) &&
      cursor.fingerprint === fingerprint(request);
    if (cursor === undefined || !isCurrent) {
      throw new LdapError("protocolError", "The cookie of the paged search is not valid");
    }
    if (paged.size === 0) {
      this.#cursors.delete(number);
      finishSearch(reply, SUCCESS, [endOfPages()]);
      return;
    }
    this.#drive(number, paged.size, reply);
  }

  #drive(number: number, size: number, reply: Reply): void {
    const cursor = this.#cursors.get(number) as Cursor;
    cursor.run.drive(reply, size, {
      done: (_, outcome) => {
        this.#cursors.delete(number);
        finishSearch(reply, outcome.result, [endOfPages()]);
      },
      pageFull: () => {
        cursor.page += 1;
        const cookie = Buffer.alloc(COOKIE_BYTES);
        cookie.writeUInt32BE(number, 0);
        cookie.writeUInt32BE(cursor.page, 4);
        finishSearch(reply, SUCCESS, [pagedResultsControl({ size: 0, cookie })]);
      },
    });
  }
}

/** What must stay the same from page to page. */
function fingerprint(request: SearchRequest): string {
  const { base, scope, filter, attributes, typesOnly } = request;
  return JSON.stringify([base, scope, filter, attributes, typesOnly]);
}
