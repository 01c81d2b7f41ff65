// Limits of the BER room. All are counts or bytes; what the wire may ask for is bounded before
// anything is allocated.

/** Nesting of constructed elements a reader enters unless told otherwise. */
export const BER_DEPTH_MAX = 64;

/** Length octets after the first one; more are refused even when they are zero (as 389 and OpenLDAP
 *  do). */
export const LENGTH_OCTETS_MAX = 4;

/** Octets of an INTEGER, redundant leading ones included; the value itself must fit 32 bits. */
export const INTEGER_OCTETS_MAX = 8;

/** Bytes of one LDAPMessage (389: nsslapd-maxbersize, whose 0 means this default). */
export const BER_BYTES_MAX_DEFAULT = 2_097_152;

/** A writer keeps its buffer over a reset up to this size, so that one large message does not stay
 *  in memory for ever. */
export const WRITER_KEPT_BYTES_MAX = 1_048_576;

/** No message or batch of messages grows beyond this; it is a defect of the caller if it does. */
export const WRITER_BYTES_MAX = 1_073_741_824;

/** Ranges up to this length are copied by a loop, longer ones by `set` (measured: the call costs
 *  more below it). */
export const COPY_LOOP_BYTES_MAX = 32;
