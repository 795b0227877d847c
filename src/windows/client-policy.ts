/**
 * The custom IPsec policy that a Windows client dials with, if any: the CryptographySuite of its profile, else what PowerShell has set on the
 * connection. Not what the policy means on the wire: {@link ./ipsec-suites.ts}.
 */
import type { IpsecPolicySpec } from '../topology/ipsec.ts'
import { ASSUMPTIONS, type Assumption, type Assumptions } from './assumptions.ts'
import { IPSEC_PARAMETERS, readIpsecPolicy } from './ipsec-policy.ts'
import type { NativeProfile } from './profile/native-profile.ts'

export interface ClientPolicy {
  /** Absent: what Windows offers by default. */
  readonly policy?: IpsecPolicySpec
  /** Why the suite of the profile does not count, though there is one. */
  readonly problems: readonly string[]
  readonly restsOn: readonly Assumption[]
}

/** `set`: by `Set-VpnConnectionIPsecConfiguration`. */
export function clientPolicy(
  {
    cryptographySuite: suite,
    nativeProtocolType,
  }: Pick<NativeProfile, 'cryptographySuite' | 'nativeProtocolType'>,
  set?: IpsecPolicySpec,
  { suiteWithAutomatic }: Assumptions = ASSUMPTIONS,
): ClientPolicy {
  const otherwise = set === undefined ? {} : { policy: set }
  if (suite === undefined) return { ...otherwise, problems: [], restsOn: [] }
  const isAutomatic = nativeProtocolType?.value === 'Automatic'
  const restsOn = isAutomatic ? (['suiteWithAutomatic'] as const) : []
  if (isAutomatic && suiteWithAutomatic === 'ignored') {
    const problem = 'NativeProtocolType is Automatic: Windows does not look at CryptographySuite'
    return { ...otherwise, problems: [problem], restsOn }
  }
  const written = Object.fromEntries(
    IPSEC_PARAMETERS.flatMap((name) => {
      const word = suite[name]?.value
      return word === undefined ? [] : [[name, word]]
    }),
  )
  const read = readIpsecPolicy(written, 'profile-xml')
  return read.ok
    ? { policy: read.value, problems: [], restsOn }
    : { ...otherwise, problems: read.error, restsOn }
}
