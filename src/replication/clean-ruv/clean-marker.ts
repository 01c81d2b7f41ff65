// What the replica entry says about cleaning tasks that are under way, so that a restart goes on with them. The values are
// those of 389 2.3.1, because tools and other servers look for them:
//
//   nsds5ReplicaCleanRUV        ID:FORCE:ORIGINAL:SUFFIX          FORCE, CERTIFY: yes or no
//   nsds5ReplicaAbortCleanRUV   ID:SUFFIX:CERTIFY:ORIGINAL        ORIGINAL: 1 where the task began, 0 elsewhere
//
// A peer asks whether we are through by a filter on the first one (check status). 389 2.3.1 puts the max CSN behind the ID in
// that filter, not in the value, and so finds nothing, ever; here both forms are understood.
import type { ReplicaId } from "../csn/index.ts";

export interface CleanMarker {
  readonly replicaId: ReplicaId;
  readonly force: boolean;
  readonly isOriginal: boolean;
}

export interface AbortMarker {
  readonly replicaId: ReplicaId;
  readonly certify: boolean;
  readonly isOriginal: boolean;
}

const CLEAN = /^(\d{1,5}):(?:[0-9a-f]{20}:)?(yes|no):([01]):(.+)$/is;
const ABORT = /^(\d{1,5}):(.+):(yes|no):([01])$/is;
const CHECK = /^\(\s*nsds5ReplicaCleanRUV\s*=([^()*]+)\)$/i;

const yesOrNo = (flag: boolean): string => (flag ? "yes" : "no");
const isYes = (text: string | undefined): boolean => text?.toLowerCase() === "yes";

export const formatCleanMarker = (marker: CleanMarker, suffix: string): string =>
  `${marker.replicaId}:${yesOrNo(marker.force)}:${marker.isOriginal ? 1 : 0}:${suffix}`;

export const formatAbortMarker = (marker: AbortMarker, suffix: string): string =>
  `${marker.replicaId}:${suffix}:${yesOrNo(marker.certify)}:${marker.isOriginal ? 1 : 0}`;

/** undefined: it cannot be read. */
export function parseCleanMarker(text: string): (CleanMarker & { suffix: string }) | undefined {
  const [, id, force, original, suffix] = CLEAN.exec(text) ?? [];
  if (suffix === undefined) return undefined;
  const replicaId = Number(id) as ReplicaId;
  return { replicaId, force: isYes(force), isOriginal: original === "1", suffix };
}

/** undefined: it cannot be read. */
export function parseAbortMarker(text: string): AbortMarker | undefined {
  const [, id, , certify, original] = ABORT.exec(text) ?? [];
  if (original === undefined) return undefined;
  return {
    replicaId: Number(id) as ReplicaId,
    certify: isYes(certify),
    isOriginal: original === "1",
  };
}

/** What the server of an original task asks another one about. */
export const checkFilter = (marker: CleanMarker, suffix: string): string =>
  `(nsds5ReplicaCleanRUV=${formatCleanMarker({ ...marker, isOriginal: false }, suffix)})`;

/** Which task a check request asks about; undefined: about none that there could be. */
export function parseCheckFilter(
  filter: string,
): { readonly replicaId: ReplicaId; readonly suffix: string } | undefined {
  const value = CHECK.exec(filter.trim())?.[1];
  return value === undefined ? undefined : parseCleanMarker(value);
}
