// Questions of a cleaning task to the server at the other end of an agreement: each over a connection of its own, as the
// agreement binds, so that they do not wait for a session. What the peer says is an answer; that it cannot be asked is one too.
import { type Link, LinkError, type LinkSettings } from "../link/index.ts";
import {
  ABORT_CLEAN_RUV_OID,
  type AbortCleanRuvRequest,
  CHECK_CLEAN_RUV_OID,
  CLEAN_RUV_CLEANING,
  CLEAN_RUV_NO_MAX_CSN,
  CLEAN_RUV_OID,
  type CleanRuvRequest,
  GET_MAX_CSN_OID,
  type GetMaxCsnRequest,
  MANAGE_DSA_IT_CONTROL,
  ProtocolError,
  decodeCleanRuvResponse,
  encodeAbortCleanRuv,
  encodeCheckCleanRuv,
  encodeCleanRuv,
  encodeGetMaxCsn,
} from "../protocol/index.ts";
import type { PeerAnswer } from "../replication/clean-ruv/index.ts";
import { parseCsn } from "../replication/csn/index.ts";

/** The agreement may wait much longer for an answer; a task asks again. */
const ANSWER_MS_MAX = 30_000;

/** A peer that could not be asked, or refused. */
class PeerFailure extends Error {
  override readonly name = "PeerFailure";
}

/** Connects and binds. @throws LinkError */
export type OpenPeerLink = (settings: LinkSettings) => Promise<Pick<Link, "request" | "close">>;

export class PeerQuestions {
  readonly #open: OpenPeerLink;

  constructor(open: OpenPeerLink) {
    this.#open = open;
  }

  askMaxCsn(link: LinkSettings, request: GetMaxCsnRequest): Promise<PeerAnswer> {
    return answered(async () => {
      const value = await this.#ask(link, GET_MAX_CSN_OID, encodeGetMaxCsn(request));
      const text = decodeCleanRuvResponse(value);
      const csn = parseCsn(text);
      if (csn === undefined && text !== CLEAN_RUV_NO_MAX_CSN) {
        throw new PeerFailure(`its newest change is no CSN: ${text}`);
      }
      return { type: "maxCsn", csn };
    });
  }

  sendClean(link: LinkSettings, request: CleanRuvRequest): Promise<PeerAnswer> {
    return answered(async () => {
      await this.#ask(link, CLEAN_RUV_OID, encodeCleanRuv(request));
      return { type: "accepted" };
    });
  }

  askStatus(link: LinkSettings, filter: string): Promise<PeerAnswer> {
    return answered(async () => {
      const value = await this.#ask(link, CHECK_CLEAN_RUV_OID, encodeCheckCleanRuv({ filter }));
      return { type: "status", isCleaning: decodeCleanRuvResponse(value) === CLEAN_RUV_CLEANING };
    });
  }

  /** undefined: the peer knows; else why not. */
  async sendAbort(link: LinkSettings, request: AbortCleanRuvRequest): Promise<string | undefined> {
    const answer = await answered(async () => {
      await this.#ask(link, ABORT_CLEAN_RUV_OID, encodeAbortCleanRuv(request));
      return { type: "accepted" };
    });
    return answer.type === "failed" ? answer.reason : undefined;
  }

  async #ask(settings: LinkSettings, oid: string, value: Buffer): Promise<Buffer | undefined> {
    const timeoutMs = Math.min(settings.timeoutMs || ANSWER_MS_MAX, ANSWER_MS_MAX);
    const link = await this.#open({ ...settings, timeoutMs });
    try {
      const request = { type: "extended", oid, value } as const;
      const messages = await link.request(request, [MANAGE_DSA_IT_CONTROL], timeoutMs);
      const response = messages.at(-1)?.response;
      if (response?.type !== "extendedResponse") throw new PeerFailure("it gave another answer");
      const { code, message } = response.result;
      if (code !== 0) {
        throw new PeerFailure(`it refused with result ${code}${message && `: ${message}`}`);
      }
      return response.value;
    } finally {
      link.close();
    }
  }
}

async function answered(question: () => Promise<PeerAnswer>): Promise<PeerAnswer> {
  try {
    return await question();
  } catch (error) {
    const isFailure =
      error instanceof LinkError || error instanceof PeerFailure || error instanceof ProtocolError;
    if (!isFailure) throw error;
    return { type: "failed", reason: error.message };
  }
}
