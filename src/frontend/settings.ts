// Settings of the front end that can change while it runs (389: cn=config). A change reaches open connections too.
import { BER_BYTES_MAX_DEFAULT } from "../ber/index.ts";

export interface FrontendSettings {
  /** Largest LDAPMessage of a bound client (389: nsslapd-maxbersize). */
  readonly messageBytesMax: number;
  /** Largest LDAPMessage before a bind; the smaller of both applies. */
  readonly messageBytesMaxAnonymous: number;
  /** Filter nesting that is decoded (389: nsslapd-max-filter-nest-level). */
  readonly filterDepthMax: number;
  /** 0 = a connection may be idle for ever (389: nsslapd-idletimeout, in seconds). */
  readonly idleTimeoutMs: number;
  /** How long a client may take none of the output that waits for it (389: nsslapd-ioblocktimeout). */
  readonly writeBlockedMsMax: number;
  /** Connections beyond this are refused with a notice (389: nsslapd-maxdescriptors less the reserved ones). */
  readonly connectionsMax: number;
  /** Requests of one connection that are being worked on; further ones wait in the socket. */
  readonly outstandingMax: number;
  /** Security strength that an ldapi connection counts as (389: nsslapd-localssf). */
  readonly localSsf: number;
}

export const FRONTEND_SETTINGS_DEFAULT: FrontendSettings = {
  messageBytesMax: BER_BYTES_MAX_DEFAULT,
  messageBytesMaxAnonymous: 262_143,
  filterDepthMax: 40,
  idleTimeoutMs: 3_600_000,
  writeBlockedMsMax: 10_000,
  connectionsMax: 16_000,
  outstandingMax: 1_000,
  localSsf: 71,
};
