// The errors of the BER room: bytes from the wire that are not what they have to be.

/** Bytes that cannot be decoded; `offset` counts from the start of the buffer that was being read.
 *  */
export class BerError extends Error {
  override readonly name: string = "BerError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Why a byte stream cannot be cut into messages any further: `notLdap`: the first octet is not
 *  that of an LDAPMessage (a TLS hello, HTTP …); answer nothing, close. `badLength`: indefinite or
 *  over-long length; close. `tooLarge`: the declared size is over the limit; a notice of
 *  disconnection may be sent before closing. */
export type FrameErrorKind = "notLdap" | "badLength" | "tooLarge";

export class FrameError extends BerError {
  override readonly name = "FrameError";
  readonly kind: FrameErrorKind;

  constructor(kind: FrameErrorKind, message: string, offset: number) {
    super(message, offset);
    this.kind = kind;
  }
}
