export type { AccessLog } from "./access-log.ts";
export type { AcceptedFacts, SocketTaker } from "./frontend.ts";
export { Gathering } from "./gathering.ts";
export { JsonAccessLog } from "./access-log-json.ts";
export { TextAccessLog } from "./access-log-text.ts";
export type { FrontendOptions } from "./frontend.ts";
export { Frontend } from "./frontend.ts";
export type { ListenAddress, Listener } from "./listener.ts";
export { Operation } from "./operation.ts";
export type { OperationOwner } from "./operation.ts";
export { Output } from "./output.ts";
export type { OutputSink } from "./output.ts";
export type { PeerCredentials } from "./peer-credentials.ts";
export type {
  CloseReason,
  Connection,
  DisconnectNotice,
  ListenerKind,
  Reply,
  ReplyFacts,
  RequestHandler,
  TlsState,
} from "./request-handler.ts";
export type { FrontendSettings } from "./settings.ts";
export { FRONTEND_SETTINGS_DEFAULT } from "./settings.ts";
export { readThroughSharedBuffer } from "./transport.ts";
export type { TlsSettings } from "./tls-acceptor.ts";
