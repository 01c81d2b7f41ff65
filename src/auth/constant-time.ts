// Comparison whose duration does not tell how many bytes agree.
import { createHash, timingSafeEqual } from "node:crypto";

/** Equal bytes? The time depends on the length of the inputs alone: digests are compared, so that even different
 *  lengths take the same path. */
export function equalsConstantTime(a: Buffer, b: Buffer): boolean {
  const digestA = createHash("sha256").update(a).digest();
  const digestB = createHash("sha256").update(b).digest();
  return timingSafeEqual(digestA, digestB) && a.length === b.length;
}
