// Bounds of the schema room.

/** Types that clients name but the schema does not know are kept up to this number; later ones are made anew each time. */
export const UNDEFINED_TYPES_MAX = 10_000;
/** DN-valued assertions inside DN-valued assertions. Deeper ones compare as bytes. */
export const NESTED_DN_DEPTH_MAX = 8;
/** Superiors between a type or class and its root. */
export const SUPERIORS_DEPTH_MAX = 64;
/** Characters of one definition: 389's longest has about 3,000. */
export const DEFINITION_CHARACTERS_MAX = 131_072;
/** Decimal digits of an operand of the bitwise rules; other integers are unbounded. */
export const BITWISE_DIGITS_MAX = 1000;
/** Digits behind the point of a generalized time. */
export const FRACTION_DIGITS_MAX = 100;
/** Normal forms of DN texts kept for reuse. */
export const NORMAL_DN_CACHE_ENTRIES_MAX = 10_000;
/** Longer DN texts are not worth keeping. */
export const NORMAL_DN_CACHE_CHARACTERS_MAX = 512;
/** Spellings of defined names and OIDs whose normal form is kept; more are not. */
export const CANONICAL_FORMS_MAX = 10_000;
