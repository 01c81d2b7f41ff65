// The end of a search, or of one of its pages.
import type { Reply } from "../frontend/index.ts";
import { type Control, type LdapResult, pagedResultsControl } from "../protocol/index.ts";

export function finishSearch(reply: Reply, result: LdapResult, controls: readonly Control[]): void {
  reply.send({ type: "searchDone", result }, controls);
}

/** The control that says that there is no further page. */
export const endOfPages = (): Control => pagedResultsControl({ size: 0, cookie: Buffer.alloc(0) });
