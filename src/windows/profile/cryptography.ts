/**
 * The CryptographySuite of a ProfileXML in the CSP's own words, which `windows/ipsec-policy.ts` lists. Not what they mean on the wire.
 * Source: VPNv2 CSP, NativeProfile/CryptographySuite.
 */
import type { Position } from '../../topology/position.ts'
import { IPSEC_PARAMETERS, ipsecWords, type IpsecParameter } from '../ipsec-policy.ts'
import { present, type ElementReader, type Placed } from '../xml-values.ts'
import type { XmlElement } from '../xml.ts'

/** Each element that is there; the six together make a custom policy. */
export type CryptographySuite = { readonly at: Position } & {
  readonly [P in IpsecParameter]?: Placed<string>
}

export function readSuite(element: XmlElement, read: ElementReader): CryptographySuite {
  read.strangers(element)
  const words = IPSEC_PARAMETERS.map((name) =>
    present(name, read.choice(element, name, ipsecWords(name, 'profile-xml'))),
  )
  return Object.assign({ at: element.at }, ...words) as CryptographySuite
}
