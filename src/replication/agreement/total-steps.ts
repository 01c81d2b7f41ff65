// Steps of an agreement while it initializes its consumer (389: repl5_tot_protocol.c; replication-protocol 4.3). An attempt that
// could not begin is repeated up to five times, after 1, 2, 3, 4 and 5 seconds; one that began is not.
import type { Millis } from "../../base/index.ts";
import { ReplicationCode } from "../supplier/index.ts";
import {
  type TotalEvent,
  type TotalOutcome,
  startTotal,
  stepTotal,
  totalNotConnected,
} from "../total/index.ts";
import {
  type AgreementState,
  type AgreementTransition,
  INIT_RETRIES_MAX,
  type PhaseOf,
  totalSettings,
} from "./agreement-state.ts";
import { disconnect, enterStart, withActions } from "./phases.ts";
import type { Moment } from "./schedule.ts";

export function stepInitConnected(
  state: AgreementState,
  { attempt }: PhaseOf<"initConnecting">,
  { now }: Moment,
): AgreementTransition {
  const { state: total, actions } = startTotal(now);
  return {
    state: { ...state, isConnected: true, phase: { name: "initializing", attempt, total } },
    actions,
  };
}

export const stepInitConnectFailed = (
  state: AgreementState,
  { attempt }: PhaseOf<"initConnecting">,
  ldapCode: number,
  moment: Moment,
): AgreementTransition =>
  endInit({ ...state, isConnected: false }, attempt, totalNotConnected(ldapCode), moment);

export function stepInitializing(
  state: AgreementState,
  phase: PhaseOf<"initializing">,
  event: TotalEvent,
  moment: Moment,
): AgreementTransition {
  const context = { now: moment.now, settings: totalSettings(state.times) };
  const { state: total, actions } = stepTotal(phase.total, event, context);
  if (total.name !== "ended") return { state: { ...state, phase: { ...phase, total } }, actions };
  return endInit(state, phase.attempt, total.outcome, moment);
}

/** Ends the attempt, and the initialization unless another attempt may help. */
export function endInit(
  state: AgreementState,
  attempt: number,
  outcome: TotalOutcome,
  moment: Moment,
): AgreementTransition {
  const closed = disconnect(state);
  const { ldapCode, replicationCode, connectionCode, message } = outcome;
  const init = { ldapCode, replicationCode, connectionCode, message, at: moment.wall };
  const status = { ...closed.state.status, init };
  const isRetried =
    outcome.kind === "retry" &&
    replicationCode !== ReplicationCode.busy &&
    attempt < INIT_RETRIES_MAX &&
    state.stopping === undefined;
  if (isRetried) {
    const until = (moment.now + 1000 * (attempt + 1)) as Millis;
    return withActions(closed.actions, {
      state: {
        ...closed.state,
        status,
        phase: { name: "initWaiting", attempt: attempt + 1, until },
      },
      actions: [],
    });
  }
  const next: AgreementState = {
    ...closed.state,
    phase: { name: "disabled" },
    status: { ...status, initEnd: moment.wall, isUpdating: false },
    isRefreshWanted: false,
    // The consumer is another one now.
    consumer: undefined,
    skippedSinceSent: 0,
  };
  return withActions([...closed.actions, { type: "refreshDone" }], enterStart(next, moment));
}
