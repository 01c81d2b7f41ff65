// Settings of the front end from those of cn=config.
import type { FrontendSettings } from "../frontend/index.ts";
import type { Directory } from "./directory.ts";

export function frontendSettings(directory: Directory): Partial<FrontendSettings> {
  const { server } = directory.config.snapshot;
  return {
    messageBytesMax: server.messageBytesMax,
    filterDepthMax: server.filterDepthMax,
    idleTimeoutMs: server.idleTimeoutSec * 1000,
    writeBlockedMsMax: server.ioBlockTimeoutMs,
    localSsf: server.socketSsf,
  };
}
