/**
 * The words of an IPsec policy in both of their spellings: PowerShell's (Set-VpnServerConfiguration, Set-VpnConnectionIPsecConfiguration),
 * which a topology uses, and ProfileXML's (VPNv2 CSP, CryptographySuite). Most words are the same; AES_GCM_128 is GCMAES128 over there, and
 * SHA196 as IntegrityCheckMethod is SHA1. Beside them what people and pages write: 3DES, SHA-1, DH group 14.
 * Not what they mean on the wire: {@link ./ipsec-suites.ts}.
 */
import { err, ok, type Result } from '../base/result.ts'
import {
  AUTHENTICATION_TRANSFORMS,
  CIPHER_TRANSFORMS,
  DH_GROUPS,
  ENCRYPTION_METHODS,
  INTEGRITY_CHECK_METHODS,
  PFS_GROUPS,
  type IpsecPolicySpec,
} from '../topology/ipsec.ts'
import { didYouMean } from '../topology/near-miss.ts'

/** Parameters as both spell them, in the order of the XSD. */
export type IpsecParameter =
  | 'AuthenticationTransformConstants'
  | 'CipherTransformConstants'
  | 'PfsGroup'
  | 'DHGroup'
  | 'IntegrityCheckMethod'
  | 'EncryptionMethod'

export type IpsecDialect = 'powershell' | 'profile-xml'

interface Parameter {
  readonly field: keyof IpsecPolicySpec
  readonly words: readonly string[]
  /** What pages write, small letters and digits only → PowerShell's word. */
  readonly loose: Readonly<Record<string, string>>
  /** PowerShell's word → ProfileXML's, where that is another. */
  readonly xml?: Readonly<Record<string, string>>
  /** ProfileXML's list has it, too; of `None` it has none but for the cipher. */
  readonly noneInXml?: true
}

const CIPHERS: Readonly<Record<string, string>> = {
  '3des': 'DES3',
  tripledes: 'DES3',
  aescbc128: 'AES128',
  aescbc192: 'AES192',
  aescbc256: 'AES256',
  aesgcm128: 'GCMAES128',
  aesgcm192: 'GCMAES192',
  aesgcm256: 'GCMAES256',
  aes128gcm: 'GCMAES128',
  aes192gcm: 'GCMAES192',
  aes256gcm: 'GCMAES256',
  null: 'None',
}

/** A group by its number, and by what it is. */
const groups = (
  words: Readonly<Record<'1' | '2' | '14' | '19' | '20' | '24', string>>,
): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    Object.entries(words).flatMap(([number, word]) =>
      ['', 'dh', 'group', 'dhgroup', 'pfs', 'pfsgroup'].map((prefix) => [prefix + number, word]),
    ),
  ),
  modp768: words[1],
  modp1024: words[2],
  modp2048: words[14],
  dh2048: words[14],
  p256: words[19],
  p384: words[20],
})

const PARAMETERS: Readonly<Record<IpsecParameter, Parameter>> = {
  AuthenticationTransformConstants: {
    field: 'authenticationTransformConstants',
    words: AUTHENTICATION_TRANSFORMS,
    loose: { ...CIPHERS, md5: 'MD596', sha1: 'SHA196', sha256: 'SHA256128', sha2256: 'SHA256128' },
  },
  CipherTransformConstants: {
    field: 'cipherTransformConstants',
    words: CIPHER_TRANSFORMS,
    loose: CIPHERS,
    noneInXml: true,
  },
  PfsGroup: {
    field: 'pfsGroup',
    words: PFS_GROUPS,
    loose: groups({
      1: 'PFS1',
      2: 'PFS2',
      14: 'PFS2048',
      19: 'ECP256',
      20: 'ECP384',
      24: 'PFS24',
    }),
  },
  DHGroup: {
    field: 'dhGroup',
    words: DH_GROUPS,
    loose: groups({
      1: 'Group1',
      2: 'Group2',
      14: 'Group14',
      19: 'ECP256',
      20: 'ECP384',
      24: 'Group24',
    }),
  },
  IntegrityCheckMethod: {
    field: 'integrityCheckMethod',
    words: INTEGRITY_CHECK_METHODS,
    loose: { md596: 'MD5', sha2256: 'SHA256', sha256128: 'SHA256', sha2384: 'SHA384' },
    xml: { SHA1: 'SHA196' },
  },
  EncryptionMethod: {
    field: 'encryptionMethod',
    words: ENCRYPTION_METHODS,
    loose: CIPHERS,
    xml: { GCMAES128: 'AES_GCM_128', GCMAES256: 'AES_GCM_256' },
  },
}

export const IPSEC_PARAMETERS = Object.keys(PARAMETERS) as readonly IpsecParameter[]

/** What a parameter may be, as `dialect` spells it. */
export function ipsecWords(parameter: IpsecParameter, dialect: IpsecDialect): readonly string[] {
  const { words, xml = {}, noneInXml = false } = PARAMETERS[parameter]
  if (dialect === 'powershell') return words
  return words.filter((word) => word !== 'None' || noneInXml).map((word) => xml[word] ?? word)
}

/**
 * A word of any spelling as `to` has it; letter case, blanks, dashes and underscores do not count. Undefined: it is none of this parameter's, or
 * `to` has no such word.
 */
export function respell(
  parameter: IpsecParameter,
  word: string,
  to: IpsecDialect,
): string | undefined {
  const { xml = {} } = PARAMETERS[parameter]
  const plain = plainWord(parameter, word)
  const spelled = plain !== undefined && to === 'profile-xml' ? (xml[plain] ?? plain) : plain
  return spelled !== undefined && ipsecWords(parameter, to).includes(spelled) ? spelled : undefined
}

const bare = (word: string): string => word.toLowerCase().replaceAll(/[\s_./-]/g, '')

/** PowerShell's. */
function plainWord(parameter: IpsecParameter, word: string): string | undefined {
  const { words, xml = {}, loose } = PARAMETERS[parameter]
  const wanted = bare(word)
  const own = words.find((each) => bare(each) === wanted || bare(xml[each] ?? each) === wanted)
  if (own !== undefined) return own
  const meant = Object.hasOwn(loose, wanted) ? loose[wanted] : undefined
  return meant !== undefined && words.includes(meant) ? meant : undefined
}

/**
 * Words as they are written; each complaint names its parameter. All six make a policy, and fewer make none. PowerShell does not care for letter
 * case; `any` takes every spelling, as an importer does.
 */
export function readIpsecPolicy(
  written: Readonly<Partial<Record<IpsecParameter, string>>>,
  dialect: IpsecDialect | 'any',
): Result<IpsecPolicySpec, readonly string[]> {
  const complaints: string[] = []
  const read = Object.fromEntries(
    IPSEC_PARAMETERS.map((parameter) => {
      const word = written[parameter]
      const complaint = wordComplaint(parameter, word, dialect)
      if (complaint !== undefined) complaints.push(complaint)
      return [PARAMETERS[parameter].field, respell(parameter, word ?? '', 'powershell')]
    }),
  )
  // Without a complaint each word is one of its parameter's.
  return complaints.length === 0 ? ok(read as unknown as IpsecPolicySpec) : err(complaints)
}

function wordComplaint(
  parameter: IpsecParameter,
  word: string | undefined,
  dialect: IpsecDialect | 'any',
): string | undefined {
  const spelling = dialect === 'any' ? 'powershell' : dialect
  const words = ipsecWords(parameter, spelling)
  const expected = words.join(', ')
  if (word === undefined) return `${parameter} is missing (${expected})`
  if (isWordOf(words, word, dialect === 'profile-xml')) return undefined
  const own = respell(parameter, word, spelling)
  if (own !== undefined && dialect === 'any') return undefined
  const hint = own === undefined ? didYouMean(word, words) : `; here it is spelled ${own}`
  return `${parameter} '${word}' is not one of ${expected}${hint}`
}

const isWordOf = (words: readonly string[], word: string, caseCounts: boolean): boolean =>
  words.some((each) => each === word || (!caseCounts && each.toLowerCase() === word.toLowerCase()))

/** A policy as `dialect` writes it; undefined where ProfileXML has no word for something in it. */
export function writeIpsecPolicy(
  policy: IpsecPolicySpec,
  dialect: IpsecDialect,
): Readonly<Record<IpsecParameter, string>> | undefined {
  const written = IPSEC_PARAMETERS.flatMap((parameter) => {
    const word = respell(parameter, policy[PARAMETERS[parameter].field], dialect)
    return word === undefined ? [] : [[parameter, word] as const]
  })
  return written.length === IPSEC_PARAMETERS.length
    ? (Object.fromEntries(written) as Record<IpsecParameter, string>)
    : undefined
}
