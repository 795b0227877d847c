/**
 * Every word of a custom policy, by each spelling, is the same transforms on the wire: ProfileXML's, PowerShell's on client and server, and what
 * pages write. The numbers are IANA's, and stand here by hand.
 */
import { expect, test } from 'vitest'
import {
  IPSEC_PARAMETERS,
  ipsecWords,
  readIpsecPolicy,
  type IpsecParameter,
} from '../../src/windows/ipsec-policy.ts'
import {
  espTransforms,
  ikeTransforms,
  policySuites,
  weaknessesOf,
} from '../../src/windows/ipsec-suites.ts'
import type { IkeTransform } from '../../src/wire/ikev2/security-association.ts'

/** ENCR 1, PRF 2, INTEG 3, D-H 4, ESN 5; `12-256`: a key length. */
const text = (transforms: readonly IkeTransform[]): string =>
  transforms
    .map(
      ({ type, id, keyLength }) => `${type}:${id}${keyLength === undefined ? '' : `-${keyLength}`}`,
    )
    .join(' ')

const BASE = {
  AuthenticationTransformConstants: 'SHA256128',
  CipherTransformConstants: 'AES128',
  PfsGroup: 'PFS2048',
  DHGroup: 'Group14',
  IntegrityCheckMethod: 'SHA256',
  EncryptionMethod: 'AES128',
} as const

type Spelled = readonly [
  parameter: IpsecParameter,
  powershell: string,
  /** `-`: it has no such word. */
  xml: string,
  pages: readonly string[],
  ike: string,
  esp: string,
  /** Group of a renewed child. */
  pfs: number | undefined,
  weak?: string,
]

const IKE = '1:12-128 3:12 2:5 4:14'
const ESP = '1:12-128 3:12 5:0'
const NONE = '-'

const TABLE: readonly Spelled[] = [
  ['EncryptionMethod', 'DES', 'DES', ['des'], '1:2 3:12 2:5 4:14', ESP, 14, 'DES'],
  ['EncryptionMethod', 'DES3', 'DES3', ['3DES', 'des3'], '1:3 3:12 2:5 4:14', ESP, 14, '3DES'],
  ['EncryptionMethod', 'AES128', 'AES128', ['AES-128', 'AES-CBC-128'], IKE, ESP, 14],
  ['EncryptionMethod', 'AES192', 'AES192', ['AES 192'], '1:12-192 3:12 2:5 4:14', ESP, 14],
  ['EncryptionMethod', 'AES256', 'AES256', ['aes256'], '1:12-256 3:12 2:5 4:14', ESP, 14],
  [
    'EncryptionMethod',
    'GCMAES128',
    'AES_GCM_128',
    ['AES-GCM-128', 'AES128-GCM'],
    '1:20-128 2:5 4:14',
    ESP,
    14,
  ],
  ['EncryptionMethod', 'GCMAES256', 'AES_GCM_256', ['aes gcm 256'], '1:20-256 2:5 4:14', ESP, 14],
  ['IntegrityCheckMethod', 'MD5', 'MD5', ['md5'], '1:12-128 3:1 2:1 4:14', ESP, 14, 'MD5'],
  [
    'IntegrityCheckMethod',
    'SHA1',
    'SHA196',
    ['SHA-1', 'sha1-96'],
    '1:12-128 3:2 2:2 4:14',
    ESP,
    14,
    'SHA-1',
  ],
  ['IntegrityCheckMethod', 'SHA256', 'SHA256', ['SHA-256', 'SHA2-256'], IKE, ESP, 14],
  ['IntegrityCheckMethod', 'SHA384', 'SHA384', ['SHA-384'], '1:12-128 3:13 2:6 4:14', ESP, 14],
  ['DHGroup', 'Group1', 'Group1', ['DH1', 'MODP768'], '1:12-128 3:12 2:5 4:1', ESP, 14, 'group 1'],
  ['DHGroup', 'Group2', 'Group2', ['DH Group 2'], '1:12-128 3:12 2:5 4:2', ESP, 14, 'group 2'],
  ['DHGroup', 'Group14', 'Group14', ['DH14', '14'], IKE, ESP, 14],
  ['DHGroup', 'ECP256', 'ECP256', ['Group19', 'P-256'], '1:12-128 3:12 2:5 4:19', ESP, 14],
  ['DHGroup', 'ECP384', 'ECP384', ['DH20'], '1:12-128 3:12 2:5 4:20', ESP, 14],
  ['DHGroup', 'Group24', 'Group24', ['DH 24'], '1:12-128 3:12 2:5 4:24', ESP, 14, 'group 24'],
  ['DHGroup', 'None', NONE, [], '', ESP, 14],
  ['CipherTransformConstants', 'DES', 'DES', ['des'], IKE, '1:2 3:12 5:0', 14, 'DES'],
  ['CipherTransformConstants', 'DES3', 'DES3', ['3DES'], IKE, '1:3 3:12 5:0', 14, '3DES'],
  ['CipherTransformConstants', 'AES128', 'AES128', ['AES-128'], IKE, ESP, 14],
  ['CipherTransformConstants', 'AES192', 'AES192', ['AES-192'], IKE, '1:12-192 3:12 5:0', 14],
  ['CipherTransformConstants', 'AES256', 'AES256', ['AES-256'], IKE, '1:12-256 3:12 5:0', 14],
  ['CipherTransformConstants', 'None', 'None', ['NULL'], IKE, '1:11 3:12 5:0', 14, 'no encryption'],
  [
    'AuthenticationTransformConstants',
    'MD596',
    'MD596',
    ['MD5-96', 'MD5'],
    IKE,
    '1:12-128 3:1 5:0',
    14,
    'MD5',
  ],
  [
    'AuthenticationTransformConstants',
    'SHA196',
    'SHA196',
    ['SHA1-96', 'SHA1'],
    IKE,
    '1:12-128 3:2 5:0',
    14,
    'SHA-1',
  ],
  ['AuthenticationTransformConstants', 'SHA256128', 'SHA256128', ['SHA256-128'], IKE, ESP, 14],
  ['AuthenticationTransformConstants', 'None', NONE, [], IKE, '1:12-128 5:0', 14, 'no integrity'],
  ['PfsGroup', 'None', NONE, [], IKE, ESP, undefined],
  ['PfsGroup', 'PFS1', 'PFS1', ['PFS 1'], IKE, ESP, 1, 'group 1'],
  ['PfsGroup', 'PFS2', 'PFS2', ['group2'], IKE, ESP, 2, 'group 2'],
  ['PfsGroup', 'PFS2048', 'PFS2048', ['PFS14', 'DH2048'], IKE, ESP, 14],
  ['PfsGroup', 'ECP256', 'ECP256', ['P256'], IKE, ESP, 19],
  ['PfsGroup', 'ECP384', 'ECP384', ['group 20'], IKE, ESP, 20],
  ['PfsGroup', 'PFSMM', 'PFSMM', ['pfs-mm'], IKE, ESP, 14],
  ['PfsGroup', 'PFS24', 'PFS24', ['PFS-24'], IKE, ESP, 24, 'group 24'],
]

/** AES-GCM stands in both places or in none; alone as authentication it is GMAC. */
const GCM = [
  ['GCMAES128', ['AES-GCM-128', 'AES_GCM_128'], '1:20-128 5:0', '1:21-128 5:0'],
  ['GCMAES192', ['AES-GCM-192', 'AES_GCM_192'], '1:20-192 5:0', '1:21-192 5:0'],
  ['GCMAES256', ['AES-GCM-256', 'AES_GCM_256'], '1:20-256 5:0', '1:21-256 5:0'],
] as const

const suitesOf = (
  written: Readonly<Partial<Record<IpsecParameter, string>>>,
  dialect: 'powershell' | 'profile-xml' | 'any',
) => {
  const read = readIpsecPolicy(written, dialect)
  if (!read.ok) throw new Error(read.error.join('\n'))
  return policySuites(read.value)
}

interface Way {
  readonly row: Spelled
  readonly word: string
  readonly dialect: 'powershell' | 'profile-xml' | 'any'
}

const WAYS: readonly Way[] = TABLE.flatMap((row) => {
  const [, powershell, xml, pages] = row
  return [
    { row, word: powershell, dialect: 'powershell' as const },
    ...(xml === NONE ? [] : [{ row, word: xml, dialect: 'profile-xml' as const }]),
    ...[powershell, ...(xml === NONE ? [] : [xml]), ...pages].map((word) => ({
      row,
      word,
      dialect: 'any' as const,
    })),
  ]
})

test.for(WAYS)('$row.0 $word, as $dialect reads it', ({ row, word, dialect }) => {
  const [parameter, , , , ike, esp, pfs, weak] = row
  const suites = suitesOf({ ...BASE, [parameter]: word }, dialect)
  expect(suites.ike.map(ikeTransforms).map(text).join()).toBe(ike)
  expect(suites.esp.map(espTransforms).map(text).join()).toBe(esp)
  expect(suites.esp[0]?.group).toBe(pfs)
  const weaknesses = [...suites.ike, ...suites.esp].flatMap(weaknessesOf)
  expect(weaknesses).toEqual(weak === undefined ? [] : [weak])
})

test.for(GCM)('%s in both places, and as GMAC', ([word, pages, both, gmac]) => {
  for (const [spelled, dialect] of [
    [word, 'powershell'],
    [word, 'profile-xml'],
    ...pages.map((page) => [page, 'any'] as const),
  ] as const) {
    const gcm = { AuthenticationTransformConstants: spelled, CipherTransformConstants: spelled }
    const whole = suitesOf({ ...BASE, ...gcm }, dialect).esp
    expect(whole.map(espTransforms).map(text)).toEqual([both])
    expect(whole.flatMap(weaknessesOf)).toEqual([])
    const proof = { ...gcm, CipherTransformConstants: 'None' }
    const open = suitesOf({ ...BASE, ...proof }, dialect).esp
    expect(open.map(espTransforms).map(text)).toEqual([gmac])
    expect(open.flatMap(weaknessesOf)).toEqual(['no encryption'])
  }
})

test('no word of either spelling is left out', () => {
  const gcm = GCM.map(([word]) => word)
  for (const parameter of IPSEC_PARAMETERS) {
    const rows = TABLE.filter(([name]) => name === parameter)
    const isEsp = parameter.endsWith('TransformConstants')
    const both = isEsp ? gcm : []
    const powershell = new Set([...rows.map(([, word]) => word), ...both])
    const xml = new Set([...rows.map(([, , word]) => word), ...both])
    xml.delete(NONE)
    expect(new Set(ipsecWords(parameter, 'powershell'))).toEqual(powershell)
    expect(new Set(ipsecWords(parameter, 'profile-xml'))).toEqual(xml)
  }
})
