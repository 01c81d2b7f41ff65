// Settings of a password policy: the global one in cn=config, and local ones in entries of class passwordPolicy (389:
// pw.c). All take effect at once.
import { type RefusalStyle, dn, fieldsInStyle, text } from "./field.ts";
import { PASSWORD_SCHEMES } from "./server-fields.ts";

const STYLE: RefusalStyle = {
  integer: (name, value, { min, max }) =>
    `${name}: password setting "${value}" is invalid. It must range from ${min} to ${max}`,
  word: (name, value, words) =>
    words.length === 2
      ? `${name}: invalid value "${value}". Valid values are "${words[0]}" or "${words[1]}".`
      : `${name}: invalid scheme - ${value}. Valid schemes are: ${words.join(", ")}`,
};

const { integer, onOff, choice } = fieldsInStyle(STYLE);

const count = (name: string, value: number): ReturnType<typeof integer> =>
  integer(name, { default: value, max: 64 });
const seconds = (name: string, value: number, min = 0): ReturnType<typeof integer> =>
  integer(name, { default: value, min });

export const passwordPolicyFields = {
  storageScheme: choice("passwordStorageScheme", PASSWORD_SCHEMES, {
    default: "PBKDF2-SHA512",
    deleteRefused: "operationsError",
    deleteMessage: "passwordStorageScheme: deleting the value is not allowed",
  }),
  userMayChange: onOff("passwordChange", { default: "on" }),
  mustChange: onOff("passwordMustChange", { default: "off" }),
  history: onOff("passwordHistory", { default: "off" }),
  historyCount: integer("passwordInHistory", { default: 6, max: 24 }),
  minAgeSec: seconds("passwordMinAge", 0),
  expires: onOff("passwordExp", { default: "off" }),
  maxAgeSec: seconds("passwordMaxAge", 8_640_000),
  warningSec: seconds("passwordWarning", 86_400),
  sendExpiringTime: onOff("passwordSendExpiringTime", { default: "off" }),
  graceLoginsMax: integer("passwordGraceLimit", { default: 0 }),
  lockout: onOff("passwordLockout", { default: "off" }),
  failuresMax: integer("passwordMaxFailure", { default: 3, min: 1, max: 32_767 }),
  unlocks: onOff("passwordUnlock", { default: "on" }),
  lockoutDurationSec: seconds("passwordLockoutDuration", 3600, 1),
  resetFailureCountSec: seconds("passwordResetFailureCount", 600),
  checkSyntax: onOff("passwordCheckSyntax", { default: "off" }),
  minLength: integer("passwordMinLength", { default: 8, min: 2, max: 512 }),
  minDigits: count("passwordMinDigits", 0),
  minAlphas: count("passwordMinAlphas", 0),
  minUppers: count("passwordMinUppers", 0),
  minLowers: count("passwordMinLowers", 0),
  minSpecials: count("passwordMinSpecials", 0),
  min8Bit: count("passwordMin8bit", 0),
  maxRepeats: count("passwordMaxRepeats", 0),
  minCategories: integer("passwordMinCategories", { default: 3, min: 1, max: 5 }),
  minTokenLength: integer("passwordMinTokenLength", { default: 3, min: 1, max: 64 }),
  palindromeRefused: onOff("passwordPalindrome", { default: "off" }),
  dictionaryCheck: onOff("passwordDictCheck", { default: "off" }),
  dictionaryPath: text("passwordDictPath", {
    default: "",
    deleteRefused: "operationsError",
    deleteMessage: "passwordDictPath: deleting the value is not allowed",
  }),
  userAttributes: text("passwordUserAttributes", { default: "" }),
  badWords: text("passwordBadWords", { default: "" }),
  maxSequence: integer("passwordMaxSequence", { default: 0 }),
  maxSequenceSets: integer("passwordMaxSeqSets", { default: 0 }),
  maxClassCharacters: integer("passwordMaxClassChars", { default: 0 }),
  isGlobal: onOff("passwordIsGlobalPolicy", { default: "off" }),
  legacyPolicy: onOff("passwordLegacyPolicy", { default: "on" }),
  trackUpdateTime: onOff("passwordTrackUpdateTime", { default: "off" }),
  adminDn: dn("passwordAdminDN", { default: "" }),
  temporaryUsesMax: integer("passwordTPRMaxUse", { default: -1, min: -1 }),
  temporaryExpireDelaySec: integer("passwordTPRDelayExpireAt", { default: -1, min: -1 }),
  temporaryValidDelaySec: integer("passwordTPRDelayValidFrom", { default: -1, min: -1 }),
};
