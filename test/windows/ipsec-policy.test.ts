/** The words of an IPsec policy in PowerShell's and in ProfileXML's spelling. */
import { expect, test } from 'vitest'
import type { IpsecPolicySpec } from '../../src/topology/ipsec.ts'
import {
  IPSEC_PARAMETERS,
  ipsecWords,
  readIpsecPolicy,
  respell,
  writeIpsecPolicy,
  type IpsecParameter,
} from '../../src/windows/ipsec-policy.ts'

const ENHANCED: IpsecPolicySpec = {
  encryptionMethod: 'GCMAES128',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'GCMAES128',
  authenticationTransformConstants: 'GCMAES128',
  pfsGroup: 'ECP256',
}
const ENHANCED_XML = {
  AuthenticationTransformConstants: 'GCMAES128',
  CipherTransformConstants: 'GCMAES128',
  PfsGroup: 'ECP256',
  DHGroup: 'Group14',
  IntegrityCheckMethod: 'SHA256',
  EncryptionMethod: 'AES_GCM_128',
}

test.for<[parameter: IpsecParameter, powershell: string, xml: string | undefined]>([
  ['EncryptionMethod', 'GCMAES128', 'AES_GCM_128'],
  ['EncryptionMethod', 'GCMAES256', 'AES_GCM_256'],
  ['EncryptionMethod', 'DES3', 'DES3'],
  ['IntegrityCheckMethod', 'SHA1', 'SHA196'],
  ['IntegrityCheckMethod', 'SHA384', 'SHA384'],
  ['AuthenticationTransformConstants', 'SHA196', 'SHA196'],
  ['AuthenticationTransformConstants', 'None', undefined],
  ['CipherTransformConstants', 'GCMAES192', 'GCMAES192'],
  ['CipherTransformConstants', 'None', 'None'],
  ['DHGroup', 'None', undefined],
  ['PfsGroup', 'None', undefined],
  ['PfsGroup', 'PFSMM', 'PFSMM'],
])('%s: %s is %s in ProfileXML', ([parameter, powershell, xml]) => {
  expect(respell(parameter, powershell, 'profile-xml')).toBe(xml)
})

test('every word of ProfileXML has one of PowerShell, and back', () => {
  for (const parameter of IPSEC_PARAMETERS) {
    const words = ipsecWords(parameter, 'profile-xml')
    const there = words.map((word) => respell(parameter, word, 'powershell')!)
    expect(there.map((word) => respell(parameter, word, 'profile-xml'))).toEqual(words)
  }
})

test('a policy is read from either spelling and written in either', () => {
  expect(readIpsecPolicy(ENHANCED_XML, 'profile-xml')).toEqual({ ok: true, value: ENHANCED })
  expect(writeIpsecPolicy(ENHANCED, 'profile-xml')).toEqual(ENHANCED_XML)
  const powershell = { ...ENHANCED_XML, EncryptionMethod: 'GCMAES128' }
  expect(readIpsecPolicy(powershell, 'powershell')).toEqual({ ok: true, value: ENHANCED })
  expect(writeIpsecPolicy(ENHANCED, 'powershell')).toEqual(powershell)
  expect(writeIpsecPolicy({ ...ENHANCED, pfsGroup: 'None' }, 'profile-xml')).toBeUndefined()
})

test.for<
  [dialect: 'powershell' | 'profile-xml', parameter: string, word: string | undefined, told: string]
>([
  [
    'powershell',
    'EncryptionMethod',
    'AES_GCM_128',
    "EncryptionMethod 'AES_GCM_128' is not one of DES, DES3, AES128, AES192, AES256, GCMAES128, GCMAES256; here it is spelled GCMAES128",
  ],
  [
    'profile-xml',
    'IntegrityCheckMethod',
    'SHA1',
    "IntegrityCheckMethod 'SHA1' is not one of MD5, SHA196, SHA256, SHA384; here it is spelled SHA196",
  ],
  [
    'profile-xml',
    'PfsGroup',
    'None',
    "PfsGroup 'None' is not one of PFS1, PFS2, PFS2048, ECP256, ECP384, PFSMM, PFS24",
  ],
  [
    'profile-xml',
    'DHGroup',
    'Grup14',
    "DHGroup 'Grup14' is not one of Group1, Group2, Group14, ECP256, ECP384, Group24; did you mean 'Group14'?",
  ],
  [
    'profile-xml',
    'PfsGroup',
    undefined,
    'PfsGroup is missing (PFS1, PFS2, PFS2048, ECP256, ECP384, PFSMM, PFS24)',
  ],
])('%s: %s %s is refused', ([dialect, parameter, word, told]) => {
  const { [parameter as IpsecParameter]: _, ...rest } = ENHANCED_XML
  const base = dialect === 'powershell' ? { ...rest, EncryptionMethod: 'AES128' } : rest
  const written = word === undefined ? base : { ...base, [parameter]: word }
  expect(readIpsecPolicy(written, dialect)).toEqual({ ok: false, error: [told] })
})

test.for<[parameter: IpsecParameter, written: string, powershell: string]>([
  ['EncryptionMethod', '3DES', 'DES3'],
  ['EncryptionMethod', 'AES-CBC-256', 'AES256'],
  ['EncryptionMethod', 'aes_gcm_128', 'GCMAES128'],
  ['CipherTransformConstants', 'AES 192', 'AES192'],
  ['CipherTransformConstants', 'AES-GCM-192', 'GCMAES192'],
  ['IntegrityCheckMethod', 'SHA-1', 'SHA1'],
  ['IntegrityCheckMethod', 'SHA2-384', 'SHA384'],
  ['AuthenticationTransformConstants', 'sha256', 'SHA256128'],
  ['AuthenticationTransformConstants', 'MD5', 'MD596'],
  ['DHGroup', 'DH Group 14', 'Group14'],
  ['DHGroup', 'dh2', 'Group2'],
  ['DHGroup', 'MODP2048', 'Group14'],
  ['PfsGroup', 'group 19', 'ECP256'],
  ['PfsGroup', 'none', 'None'],
])('%s: people write %s and mean %s', ([parameter, written, powershell]) => {
  expect(respell(parameter, written, 'powershell')).toBe(powershell)
  const read = readIpsecPolicy({ ...ENHANCED_XML, [parameter]: written }, 'any')
  expect(read.ok && Object.values(read.value)).toContain(powershell)
})

test('there is no AES-GCM with 192 bits for IKE, in no spelling', () => {
  expect(respell('EncryptionMethod', 'AES-GCM-192', 'powershell')).toBeUndefined()
  expect(readIpsecPolicy({ ...ENHANCED_XML, EncryptionMethod: 'gcmaes192' }, 'any').ok).toBe(false)
})

test('letter case counts in ProfileXML, and not in PowerShell', () => {
  const small = Object.fromEntries(
    Object.entries(writeIpsecPolicy(ENHANCED, 'powershell')!).map(([name, word]) => [
      name,
      word.toLowerCase(),
    ]),
  )
  expect(readIpsecPolicy(small, 'powershell')).toEqual({ ok: true, value: ENHANCED })
  expect(readIpsecPolicy({ ...ENHANCED_XML, DHGroup: 'group14' }, 'profile-xml')).toEqual({
    ok: false,
    error: [
      "DHGroup 'group14' is not one of Group1, Group2, Group14, ECP256, ECP384, Group24; here it is spelled Group14",
    ],
  })
})
