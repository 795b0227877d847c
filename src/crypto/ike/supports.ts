/**
 * Which transforms of a proposal can be carried out here, by their IANA numbers.
 * Not a policy: DES and MD5 are carried out as well.
 */
import { isGroup } from './groups.ts'
import { encryptionOf, integrityOf, prfOf } from './transforms.ts'

export const supports = {
  /** `use`: NULL and GMAC protect ESP, but no IKE SA (RFC 7296 §3.3.2). Absent: one of the two is enough. */
  encryption(id: number, keyBits?: number, use?: 'ike' | 'esp'): boolean {
    const found = encryptionOf(keyBits === undefined ? { id } : { id, keyBits })
    if (found === undefined) return false
    return use !== 'ike' || found.kind === 'aead' || found.kind === 'cbc'
  },
  integrity: (id: number): boolean => integrityOf(id) !== undefined,
  prf: (id: number): boolean => prfOf(id) !== undefined,
  group: (id: number): boolean => isGroup(id),
} as const
