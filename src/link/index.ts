export type { Capabilities } from "./capabilities.ts";
export { judgeCapabilities, readCapabilities } from "./capabilities.ts";
export { OUTPUT_BYTES_MAX } from "./limits.ts";
export type { AnswerHandler } from "./link.ts";
export { Link } from "./link.ts";
export { LinkCode, LinkError } from "./link-error.ts";
export type { ClientTls, LinkIdentity, LinkSettings } from "./link-settings.ts";
export { openLink, readValues } from "./open-link.ts";
