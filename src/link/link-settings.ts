// Where an outgoing connection goes and as whom it binds. Plain data: it is sent to the thread of an agreement.
import type { BindMethod, Transport } from "../config/index.ts";

/** PEM texts. */
export interface ClientTls {
  /** Whom the peer's certificate is verified against; undefined = the authorities that Node knows. */
  readonly ca?: string | undefined;
  /** Our certificate and key, for SASL EXTERNAL. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name in the peer's certificate. */
  readonly servername?: string | undefined;
  /** False: any certificate is taken (nsslapd-ssl-check-hostname and TLS verification off). */
  readonly rejectUnauthorized: boolean;
}

export interface LinkIdentity {
  readonly transport: Transport;
  readonly bindMethod: BindMethod;
  readonly bindDn: string;
  /** In the clear; "" for EXTERNAL. */
  readonly password: string;
}

export interface LinkSettings {
  readonly host: string;
  readonly port: number;
  readonly identity: LinkIdentity;
  /** Tried once when the normal bind fails with 32, 48 or 49. */
  readonly bootstrap: LinkIdentity | undefined;
  readonly tls: ClientTls;
  /** For connecting, for TLS, and for each answer; 0 = no limit. */
  readonly timeoutMs: number;
}
