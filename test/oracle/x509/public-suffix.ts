/** Mozilla's Public Suffix List, private domains included. Not part of the program: only this judge's web cases need it. */
import { parse } from 'tldts'

/** Whether `domain` is on the list itself, so that anybody can register names below it. */
export function isPublicSuffix(domain: string): boolean {
  const { publicSuffix, isIcann, isPrivate } = parse(domain, { allowPrivateDomains: true })
  return (isIcann === true || isPrivate === true) && publicSuffix === domain.toLowerCase()
}
