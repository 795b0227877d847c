/** L34 to L37: the IPsec policy of a profile, by itself and against the gateway's. */
import { isDeepStrictEqual } from 'node:util'
import {
  IPSEC_PARAMETERS,
  readIpsecPolicy,
  respell,
  writeIpsecPolicy,
  type IpsecParameter,
} from '../../windows/ipsec-policy.ts'
import { clientSuites, gatewaySuites, type IpsecSuites } from '../../windows/ipsec-suites.ts'
import type { CryptographySuite } from '../../windows/profile/cryptography.ts'
import type { Placed } from '../../windows/xml-values.ts'
import { value as valueAt } from './edits.ts'
import { speaksIkev2 } from './reading.ts'
import { error, warning, type ProfileRule, type Said, type Subject } from './rule.ts'

const SOURCE = 'VPNv2 CSP, CryptographySuite'

const isGcm = (word: string | undefined): boolean => word?.startsWith('GCMAES') === true

const suiteWords: ProfileRule = {
  id: 'L34',
  about: 'each value is a word of the CSP, and GCM protects and encrypts alike',
  source: `${SOURCE}; netsh advfirewall help on aesgcm; Set-VpnConnectionIPsecConfiguration`,
  valueFix:
    'write a word of the CSP: AES_GCM_128 where PowerShell says GCMAES128, SHA196 where it says SHA1; it has no None',
  respell: ({ element }, written) => {
    const parameter = IPSEC_PARAMETERS.find((each) => element === `CryptographySuite/${each}`)
    return parameter && respell(parameter, written, 'profile-xml')
  },
  judge: ({ profile }) => {
    const suite = profile.nativeProfile?.cryptographySuite
    const cipher = suite?.CipherTransformConstants
    const integrity = suite?.AuthenticationTransformConstants
    if (cipher === undefined || integrity === undefined) return []
    return [
      cipher.value === 'None' &&
        warning(
          cipher.at,
          'CipherTransformConstants None: packets are signed, and travel in clear text',
          `write ${isGcm(integrity.value) ? integrity.value : 'AES256'}`,
        ),
      isGcm(cipher.value) &&
        integrity.value !== cipher.value &&
        error(
          integrity.at,
          `${cipher.value} encrypts, and ${integrity.value} is to protect: GCM does both`,
          `write ${cipher.value} in both`,
          valueAt(integrity.at, cipher.value),
        ),
      isGcm(integrity.value) &&
        !isGcm(cipher.value) &&
        cipher.value !== 'None' &&
        error(
          cipher.at,
          `${integrity.value} protects, and ${cipher.value} is to encrypt: GCM does both`,
          `write ${integrity.value} in both`,
          valueAt(cipher.at, integrity.value),
        ),
    ]
  },
}

const completeSuite: ProfileRule = {
  id: 'L35',
  about: 'a suite has all six elements',
  source: `${SOURCE}; seen in the field without PfsGroup`,
  judge: ({ profile }) => {
    const suite = profile.nativeProfile?.cryptographySuite
    if (suite === undefined) return []
    const written = profile.document.children
      .filter(({ name }) => name === 'NativeProfile')
      .flatMap(({ children }) => children.filter(({ name }) => name === 'CryptographySuite'))
      .flatMap(({ children }) => children.map(({ name }) => name))
    const missing = IPSEC_PARAMETERS.filter((name) => !written.includes(name))
    return [
      missing.length > 0 &&
        warning(
          suite.at,
          `CryptographySuite without ${missing.join(', ')}: nobody documents what Windows takes instead`,
          'write all six',
        ),
    ]
  },
}

const WEAK: Readonly<Record<IpsecParameter, readonly string[]>> = {
  AuthenticationTransformConstants: ['MD596', 'SHA196'],
  CipherTransformConstants: ['DES', 'DES3'],
  PfsGroup: ['PFS1', 'PFS2', 'PFS24'],
  DHGroup: ['Group1', 'Group2', 'Group24'],
  IntegrityCheckMethod: ['MD5', 'SHA196'],
  EncryptionMethod: ['DES', 'DES3'],
}

const weakWords: ProfileRule = {
  id: 'L36',
  about: 'no DES, 3DES, MD5, SHA-1, group 1, 2 or 24',
  source: 'how-to-configure-diffie-hellman-protocol-over-ikev2-vpn-connections.md',
  judge: ({ profile }) =>
    written(profile.nativeProfile?.cryptographySuite).map(
      ({ name, value, at }) =>
        WEAK[name].includes(value) &&
        warning(
          at,
          `${name} ${value} is weak`,
          'take GCMAES128, SHA256, Group14 or ECP256, on the gateway, too',
        ),
    ),
}

const gatewayPolicy: ProfileRule = {
  id: 'L37',
  about: 'the suite is that of the gateway',
  source: 'RFC 7296 §1.2, §1.3.1, §2.21.2; Set-VpnServerConfiguration',
  withTopology: 'all',
  judge: (subject) => {
    const { profile, context } = subject
    const { nativeProfile: native } = profile
    if (native === undefined || context.gateway === undefined || !speaksIkev2(profile)) return []
    const { customPolicy } = context.gateway.ipsec ?? {}
    const suite = native.cryptographySuite
    if (suite === undefined || customPolicy === undefined) return againstDefaults(subject)
    const wanted = writeIpsecPolicy(customPolicy, 'powershell')!
    return written(suite).map(({ name, value, at }) =>
      respell(name, value, 'powershell') === wanted[name]
        ? undefined
        : difference(name, { value, at }, wanted[name]),
    )
  },
}

function difference(name: IpsecParameter, { value, at }: Placed<string>, wanted: string): Said {
  const word = respell(name, wanted, 'profile-xml')
  const fix = word === undefined ? 'change the gateway' : `write ${word}, or change the gateway`
  const plan = word === undefined ? undefined : valueAt(at, word)
  const message = `${name} is ${value}, the gateway takes ${word ?? wanted} alone`
  // The first child SA has no key exchange of its own: the difference shows when it gets new keys.
  return name === 'PfsGroup'
    ? warning(at, `${message}: the tunnel comes up, and drops at its first rekey`, fix, plan)
    : error(at, `${message}: clients see 13868`, fix, plan)
}

/** One of the two has no policy: what Windows offers or accepts by itself decides. */
function againstDefaults({ profile, context }: Subject): readonly Said[] {
  const native = profile.nativeProfile!
  const { cryptographySuite: suite } = native
  const gateway = context.gateway!
  const words = Object.fromEntries(written(suite).map(({ name, value }) => [name, value]))
  const own = readIpsecPolicy(words, 'profile-xml')
  // An incomplete suite is another rule's; nobody knows what Windows makes of it.
  if (suite !== undefined && !own.ok) return []
  const offered = clientSuites({
    ...context.client,
    os: context.os,
    ...(suite !== undefined && own.ok && { policy: own.value }),
  })
  const part = uncommon(offered, gatewaySuites(gateway))
  if (part === undefined) return []
  return [
    suite === undefined
      ? error(
          native.at,
          `no CryptographySuite, and the gateway takes no ${part} suite that Windows offers by itself: clients see 13868`,
          'write the CryptographySuite of the gateway',
        )
      : error(
          suite.at,
          `the gateway has no custom policy, and by itself takes no ${part} suite like this: clients see 13868`,
          'give the gateway the same policy with Set-VpnServerConfiguration -CustomPolicy',
        ),
  ]
}

/** What the two have no suite for; the group of ESP counts at a rekey only. */
function uncommon(offered: IpsecSuites, accepted: IpsecSuites): 'IKE' | 'ESP' | undefined {
  if (!isShared(offered.ike, accepted.ike)) return 'IKE'
  const first = ({ esp }: IpsecSuites) =>
    esp.map(({ encryption, integrity }) => ({ encryption, integrity }))
  return isShared(first(offered), first(accepted)) ? undefined : 'ESP'
}

const isShared = <S>(ours: readonly S[], theirs: readonly S[]): boolean =>
  ours.some((own) => theirs.some((their) => isDeepStrictEqual(own, their)))

const written = (suite: CryptographySuite | undefined) =>
  IPSEC_PARAMETERS.flatMap((name) => {
    const placed = suite?.[name]
    return placed === undefined ? [] : [{ name, ...placed }]
  })

export const CRYPTOGRAPHY_RULES: readonly ProfileRule[] = [
  suiteWords,
  completeSuite,
  weakWords,
  gatewayPolicy,
]
