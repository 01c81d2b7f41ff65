// Where a DN in normal form stands to another one, told by its end. Asked several times of every request, so no text is made.
const COMMA = 0x2c;

export function isBelow(normalDn: string, ancestor: string): boolean {
  const comma = normalDn.length - ancestor.length - 1;
  return comma >= 0 && normalDn.charCodeAt(comma) === COMMA && normalDn.endsWith(ancestor);
}

export function isAtOrBelow(normalDn: string, ancestor: string): boolean {
  return normalDn === ancestor || isBelow(normalDn, ancestor);
}
