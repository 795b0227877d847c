/**
 * Suites as strongSwan's keywords: `aes256-sha256-modp2048` (its proposal syntax), and those that charon with `kernel-libipsec` cannot do.
 * Not a choice of suites: `windows/ipsec-suites.ts` has what Windows offers.
 */
import type { EspSuite, IkeSuite } from '../../../windows/ipsec-suites.ts'
import { EncryptionId, GroupId, IntegrityId, PrfId } from '../../../wire/ikev2/numbers.ts'

const CIPHERS: ReadonlyMap<number, string> = new Map([
  [EncryptionId.ENCR_DES, 'des'],
  [EncryptionId.ENCR_3DES, '3des'],
  [EncryptionId.ENCR_NULL, 'null'],
  [EncryptionId.ENCR_AES_CBC, 'aes'],
  [EncryptionId.ENCR_AES_GCM_16, 'gcm16'],
])
const INTEGRITY: ReadonlyMap<number, string> = new Map([
  [IntegrityId.AUTH_HMAC_MD5_96, 'md5'],
  [IntegrityId.AUTH_HMAC_SHA1_96, 'sha1'],
  [IntegrityId.AUTH_HMAC_SHA2_256_128, 'sha256'],
  [IntegrityId.AUTH_HMAC_SHA2_384_192, 'sha384'],
])
const PRFS: ReadonlyMap<number, string> = new Map([
  [PrfId.PRF_HMAC_MD5, 'prfmd5'],
  [PrfId.PRF_HMAC_SHA1, 'prfsha1'],
  [PrfId.PRF_HMAC_SHA2_256, 'prfsha256'],
  [PrfId.PRF_HMAC_SHA2_384, 'prfsha384'],
])
const GROUPS: ReadonlyMap<number, string> = new Map([
  [GroupId.MODP_768, 'modp768'],
  [GroupId.MODP_1024, 'modp1024'],
  [GroupId.MODP_2048, 'modp2048'],
  [GroupId.MODP_2048_256, 'modp2048s256'],
  [GroupId.ECP_256, 'ecp256'],
  [GroupId.ECP_384, 'ecp384'],
])

/** Undefined: charon has no such suite. */
export function ikeProposal({ encryption, integrity, prf, group }: IkeSuite): string | undefined {
  const words = [
    cipher(encryption),
    ...(integrity === undefined ? [] : [INTEGRITY.get(integrity)]),
    PRFS.get(prf),
    GROUPS.get(group),
  ]
  return joined(words)
}

/** As {@link ikeProposal}; with a group, rekeying is with PFS. GMAC is none of what `kernel-libipsec` does. */
export function espProposal({ encryption, integrity, group }: EspSuite): string | undefined {
  const words = [
    cipher(encryption),
    ...(integrity === undefined ? [] : [INTEGRITY.get(integrity)]),
    ...(group === undefined ? [] : [GROUPS.get(group)]),
  ]
  return joined(words)
}

function cipher({ id, keyBits }: IkeSuite['encryption']): string | undefined {
  const word = CIPHERS.get(id)
  if (word === 'gcm16') return `aes${keyBits}gcm16`
  return word === undefined || keyBits === undefined ? word : `${word}${keyBits}`
}

const joined = (words: readonly (string | undefined)[]): string | undefined =>
  words.includes(undefined) ? undefined : words.join('-')

/** Proposals in order, one for each suite, and those that charon cannot be told. */
export function proposalsOf<Suite>(
  suites: readonly Suite[],
  proposal: (suite: Suite) => string | undefined,
): { readonly proposals: readonly string[]; readonly missing: readonly Suite[] } {
  const written = suites.map((suite) => ({ suite, text: proposal(suite) }))
  return {
    proposals: written.flatMap(({ text }) => (text === undefined ? [] : [text])),
    missing: written.filter(({ text }) => text === undefined).map(({ suite }) => suite),
  }
}
