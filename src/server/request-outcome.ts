// How a request ends for the counters, and what a client hears of an error.
import { DnSyntaxError } from "../dn/index.ts";
import type { Reply } from "../frontend/index.ts";
import {
  type FinalResponseType,
  LdapError,
  type RequestMessage,
  finalResponse,
  finalResponseType,
} from "../protocol/index.ts";
import type { Service } from "./service.ts";

export function completed({ operations }: Service): void {
  operations.operationsCompleted += 1;
}

/** Answers what a handler has thrown. @returns false: it is a defect, and nothing has been answered */
export function answerFailure(
  service: Service,
  message: RequestMessage,
  reply: Reply,
  error: unknown,
): boolean {
  completed(service);
  const refusal = asRefusal(error);
  if (refusal === undefined) return false;
  const { operations } = service;
  operations.errors += 1;
  if (refusal.code === 10) operations.referralsSent += 1;
  if (refusal.code === 50) operations.refusedAccesses += 1;
  const type = finalResponseType(message.request.type) as FinalResponseType | undefined;
  if (type !== undefined) reply.send(finalResponse(type, refusal.result()));
  return true;
}

/** The answer that an error stands for; undefined: a defect. */
function asRefusal(error: unknown): LdapError | undefined {
  if (error instanceof LdapError) return error;
  if (error instanceof DnSyntaxError) return new LdapError("invalidDnSyntax", error.message);
  return undefined;
}
