// Total initialization, the side of the consumer (389: repl5_total.c, repl_extop.c; replication-protocol 4.4, 4.5). Entries
// go to a staging area; the old data is served, as it was, until End swaps it. So a supplier that goes away half-way
// leaves everything as it was (389 is then left with an empty suffix and a RUV that lies).
//
//   staging     entries come; each is put in order, and answered when it comes as long as not too much waits to be put: a 389
//               supplier pauses for two seconds whenever 1,000 entries are unanswered. Only the answer to End says that they last
//   finishing   End came: staged data is completed and swapped in, with the RUV of Start → ended
//
// Invariants: at most one abort or finish · after the first refused entry nothing more is put · the RUV that is installed
// is that of Start, never that of End.
import { ResultCode } from "../../protocol/index.ts";
import { type Csn, type ReplicaId, READ_ONLY_REPLICA_ID, maxCsn } from "../csn/index.ts";
import { type Ruv, ruvMaxCsn, withOwnElement } from "../ruv/index.ts";

/** Bytes of entries that are answered and not yet put. */
export const AHEAD_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes of entries that are decoded when they come. Others wait as bytes: they take a tenth of what they are decoded, and the
 *  collector does not copy them again and again. */
export const DECODED_BYTES_MAX = 256 * 1024;

export type ImportState =
  | {
      readonly name: "staging";
      /** The RUV of Start. */
      readonly ruv: Ruv;
      /** Entries handed over and not settled, and what they hold. */
      readonly pending: number;
      readonly pendingBytes: number;
      /** Entries that have come and wait for their answers, oldest first. */
      readonly unanswered: readonly number[];
      /** The message ID of End, when it came before all entries were settled. */
      readonly endMessageId: number | undefined;
    }
  | { readonly name: "finishing"; readonly ruv: Ruv; readonly endMessageId: number }
  | { readonly name: "ended"; readonly how: "swapped" | "aborted" };

export type ImportEvent =
  | { readonly type: "entryReceived"; readonly messageId: number; readonly bytes: number }
  /** `orphan`: a parent is not there; the entry is left out, as 389 does. */
  | {
      readonly type: "entrySettled";
      /** As it came. */
      readonly bytes: number;
      readonly outcome: "put" | "orphan" | "refused";
    }
  | { readonly type: "endReceived"; readonly messageId: number }
  | { readonly type: "finished" }
  | { readonly type: "finishFailed" }
  | { readonly type: "connectionClosed" }
  /** An administrator, or a shutdown. */
  | { readonly type: "stop" };

export type ImportAction =
  | { readonly type: "putEntry"; readonly messageId: number; readonly bytes: number }
  | { readonly type: "answerEntry"; readonly messageId: number; readonly code: number }
  /** Completes the staged data, installs `ruv` and swaps, in one transaction. */
  | { readonly type: "finishImport"; readonly ruv: Ruv }
  | { readonly type: "answerEnd"; readonly messageId: number; readonly isReleased: boolean }
  /** Throws the staged data away; the old data goes on. */
  | { readonly type: "abortImport" }
  | { readonly type: "closeConnection" };

export interface ImportTransition {
  readonly state: ImportState;
  readonly actions: readonly ImportAction[];
}

const stay = (state: ImportState): ImportTransition => ({ state, actions: [] });

export const startImport = (ruv: Ruv): ImportState => ({
  name: "staging",
  ruv,
  pending: 0,
  pendingBytes: 0,
  unanswered: [],
  endMessageId: undefined,
});

export function stepImport(state: ImportState, event: ImportEvent): ImportTransition {
  switch (state.name) {
    case "staging":
      return stepStaging(state, event);
    case "finishing":
      return stepFinishing(state, event);
    case "ended":
      return stay(state);
  }
}

type StateOf<Name extends ImportState["name"]> = Extract<ImportState, { name: Name }>;

function stepStaging(state: StateOf<"staging">, event: ImportEvent): ImportTransition {
  switch (event.type) {
    case "entryReceived":
      return receive(state, event);
    case "entrySettled":
      return settle(state, event);
    case "endReceived":
      if (state.pending > 0) return stay({ ...state, endMessageId: event.messageId });
      return finish(state.ruv, event.messageId);
    case "connectionClosed":
      return abort("keep");
    case "stop":
      return abort("close");
    case "finished":
    case "finishFailed":
      return stay(state);
  }
}

function receive(
  state: StateOf<"staging">,
  { messageId, bytes }: Extract<ImportEvent, { type: "entryReceived" }>,
): ImportTransition {
  if (state.endMessageId !== undefined) return abort("close");
  const put: ImportAction = { type: "putEntry", messageId, bytes };
  const pendingBytes = state.pendingBytes + bytes;
  const next = { ...state, pending: state.pending + 1, pendingBytes };
  return pendingBytes <= AHEAD_BYTES_MAX && state.unanswered.length === 0
    ? { state: next, actions: [put, answerOf(messageId)] }
    : { state: { ...next, unanswered: [...state.unanswered, messageId] }, actions: [put] };
}

/** Whether an entry of so many bytes is decoded when it comes, and refused before it is answered if that is not possible. */
export const isDecodedAtOnce = (state: ImportState, bytes: number): boolean =>
  state.name !== "staging" ||
  state.pending === 0 ||
  state.pendingBytes + bytes <= DECODED_BYTES_MAX;

const answerOf = (messageId: number): ImportAction => ({
  type: "answerEntry",
  messageId,
  code: ResultCode.success,
});

function settle(
  state: StateOf<"staging">,
  event: Extract<ImportEvent, { type: "entrySettled" }>,
): ImportTransition {
  // 389: no answer to a refused entry, the connection is closed.
  if (event.outcome === "refused") return abort("close");
  const pendingBytes = state.pendingBytes - event.bytes;
  // Together, so that the supplier is woken seldom.
  const isTime = pendingBytes <= AHEAD_BYTES_MAX / 2;
  const next: StateOf<"staging"> = {
    ...state,
    pending: state.pending - 1,
    pendingBytes,
    unanswered: isTime ? [] : state.unanswered,
  };
  const answers = isTime ? state.unanswered.map(answerOf) : [];
  if (next.pending > 0 || next.endMessageId === undefined) return { state: next, actions: answers };
  const finishing = finish(next.ruv, next.endMessageId);
  return { state: finishing.state, actions: [...answers, ...finishing.actions] };
}

const finish = (ruv: Ruv, endMessageId: number): ImportTransition => ({
  state: { name: "finishing", ruv, endMessageId },
  actions: [{ type: "finishImport", ruv }],
});

const abort = (connection: "close" | "keep"): ImportTransition => ({
  state: { name: "ended", how: "aborted" },
  actions:
    connection === "close"
      ? [{ type: "abortImport" }, { type: "closeConnection" }]
      : [{ type: "abortImport" }],
});

/** A supplier that goes away now changes nothing: it has sent everything. */
function stepFinishing(state: StateOf<"finishing">, event: ImportEvent): ImportTransition {
  const messageId = state.endMessageId;
  if (event.type === "finished") {
    return {
      state: { name: "ended", how: "swapped" },
      actions: [{ type: "answerEnd", messageId, isReleased: true }],
    };
  }
  if (event.type === "finishFailed") {
    return {
      state: { name: "ended", how: "aborted" },
      actions: [
        { type: "abortImport" },
        { type: "answerEnd", messageId, isReleased: false },
        { type: "closeConnection" },
      ],
    };
  }
  return stay(state);
}

/** The RUV of a consumer after a total initialization: that of the supplier at Start, the own element first when the
 *  replica is updatable. */
export function installedRuv(
  supplier: Ruv,
  own: { readonly replicaId: ReplicaId; readonly purl: string },
): Ruv {
  return own.replicaId === READ_ONLY_REPLICA_ID
    ? supplier
    : withOwnElement(supplier, own.replicaId, own.purl);
}

/** The newest CSN that the new data contains: the generator has to be moved above it. */
export const newestCsn = (ruv: Ruv, inEntries: Csn | undefined): Csn | undefined =>
  maxCsn(ruvMaxCsn(ruv), inEntries);
