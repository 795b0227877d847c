/** Which custom policy a client dials with: its profile's, else PowerShell's, else none. */
import { expect, test } from 'vitest'
import type { IpsecPolicySpec } from '../../src/topology/ipsec.ts'
import { ASSUMPTIONS } from '../../src/windows/assumptions.ts'
import { clientPolicy } from '../../src/windows/client-policy.ts'
import { readProfile } from '../../src/windows/profile-xml.ts'

const STANDARD: IpsecPolicySpec = {
  encryptionMethod: 'AES128',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'AES128',
  authenticationTransformConstants: 'SHA256128',
  pfsGroup: 'PFS2048',
}
const SUITE = `<CryptographySuite>
  <AuthenticationTransformConstants>GCMAES128</AuthenticationTransformConstants>
  <CipherTransformConstants>GCMAES128</CipherTransformConstants>
  <PfsGroup>ECP256</PfsGroup>
  <DHGroup>Group14</DHGroup>
  <IntegrityCheckMethod>SHA256</IntegrityCheckMethod>
  <EncryptionMethod>AES_GCM_128</EncryptionMethod>
</CryptographySuite>`
const ENHANCED: IpsecPolicySpec = {
  encryptionMethod: 'GCMAES128',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'GCMAES128',
  authenticationTransformConstants: 'GCMAES128',
  pfsGroup: 'ECP256',
}

function native(rest: string, protocol = 'IKEv2') {
  const text = `<VPNProfile><NativeProfile><Servers>vpn.contoso.com</Servers><NativeProtocolType>${protocol}</NativeProtocolType>${rest}</NativeProfile></VPNProfile>`
  const read = readProfile({ path: 'p.xml', text, encoding: 'utf-8' })
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value.nativeProfile!
}

test('the suite of the profile goes before what PowerShell has set', () => {
  expect(clientPolicy(native(SUITE), STANDARD)).toEqual({
    policy: ENHANCED,
    problems: [],
    restsOn: [],
  })
  expect(clientPolicy(native(''), STANDARD)).toEqual({
    policy: STANDARD,
    problems: [],
    restsOn: [],
  })
  expect(clientPolicy(native(''))).toEqual({ problems: [], restsOn: [] })
})

test('a suite that lacks something is none', () => {
  const suite = SUITE.replace('<PfsGroup>ECP256</PfsGroup>', '')
  expect(clientPolicy(native(suite))).toEqual({
    problems: ['PfsGroup is missing (PFS1, PFS2, PFS2048, ECP256, ECP384, PFSMM, PFS24)'],
    restsOn: [],
  })
})

test('with Automatic the suite is not looked at, unless that is assumed', () => {
  const found = clientPolicy(native(SUITE, 'Automatic'))
  expect(found).toEqual({
    problems: ['NativeProtocolType is Automatic: Windows does not look at CryptographySuite'],
    restsOn: ['suiteWithAutomatic'],
  })
  const assume = { ...ASSUMPTIONS, suiteWithAutomatic: 'used' } as const
  expect(clientPolicy(native(SUITE, 'Automatic'), undefined, assume)).toEqual({
    policy: ENHANCED,
    problems: [],
    restsOn: ['suiteWithAutomatic'],
  })
})
