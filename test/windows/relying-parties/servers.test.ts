/** The clients that judge the gateway: IKEv2 and SSTP. */
import { describe, expect, test } from 'vitest'
import { days } from '../../../src/base/time.ts'
import { judgementOf } from '../../../src/pki/path/judgement.ts'
import { NO_CRLS } from '../../../src/pki/revocation/revocation.ts'
import { ASSUMPTIONS } from '../../../src/windows/assumptions.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { ikeClient } from '../../../src/windows/relying-parties/ike-client.ts'
import { sstpClient } from '../../../src/windows/relying-parties/sstp-client.ts'
import { codesOf } from '../../pki/contoso.ts'
import { ask, certified, later, type Asked } from './ask.ts'

describe('the client judges the gateway in IKEv2', () => {
  const dial = { profile: PROFILES['ike-client'], name: 'vpn.contoso.com' }
  const gateway = certified()

  test('a good certificate passes without any revocation list', () => {
    expect(ask({ ...dial, ...gateway, crls: NO_CRLS }).verdict.valid).toBe(true)
  })

  test.for<[code: string, change: Partial<Asked>]>([
    ['pki/untrusted-root', { anchors: [] }],
    ['pki/missing-intermediate', { sent: [] }],
    ['pki/certificate-expired', { at: later(400) }],
    ['pki/wrong-eku', certified({ eku: ['clientAuth'] })],
    ['pki/name-mismatch', { name: 'aov-vpn.contoso.com' }],
  ])('%s shows 13801', ([code, change]) => {
    const { verdict, shown } = ask({ ...dial, ...gateway, ...change })
    expect(codesOf(verdict)).toContain(code)
    expect(shown).toMatchObject({ code: '13801', name: 'ERROR_IPSEC_IKE_AUTH_FAIL' })
  })

  test('where several things are wrong, the chain is told first, then dates, purpose and name', () => {
    const bad = certified({ eku: ['clientAuth'] })
    const asked = { ...dial, ...bad, name: 'x.contoso.com', at: later(400) }
    expect(codesOf(ask({ ...asked, anchors: [] }).verdict)).toEqual([
      'pki/untrusted-root',
      'pki/certificate-expired',
      'pki/wrong-eku',
      'pki/name-mismatch',
    ])
  })

  test('the phonebook flag switches name and purpose off, and nothing else', () => {
    const profile = ikeClient({ disableNameEkuCheck: true })
    const bad = certified({ eku: ['clientAuth'] })
    const { verdict } = ask({ ...bad, profile, name: 'x.contoso.com' })
    expect(verdict.valid).toBe(true)
    expect(verdict.tolerated.map(({ code }) => code)).toEqual([
      'pki/wrong-eku',
      'pki/name-mismatch',
    ])
    expect(ask({ ...bad, profile, anchors: [] }).verdict.valid).toBe(false)
  })

  test('revocation is looked at only when told to', () => {
    const hard = ikeClient({ switches: { certValidationLevel: 'RequireCrlCheck' } })
    expect(codesOf(ask({ ...dial, ...gateway, crls: NO_CRLS, profile: hard }).verdict)).toContain(
      'pki/crl-unreachable',
    )
    const soft = ikeClient({ switches: { certValidationLevel: 'AttemptCrlCheck' } })
    expect(ask({ ...dial, ...gateway, crls: NO_CRLS, profile: soft }).verdict.valid).toBe(true)
  })

  test('what rests on whether it was told to says so, an expiry does not', () => {
    const hard = ikeClient({ switches: { certValidationLevel: 'RequireCrlCheck' } })
    const restsOn = (question: object): readonly string[] | undefined =>
      judgementOf(hard, later(0), ask({ ...dial, ...gateway, profile: hard, ...question }).verdict)
        .restsOn
    expect(restsOn({})).toEqual(['certValidationLevelHoldsForRas'])
    expect(restsOn({ crls: NO_CRLS })).toEqual(['certValidationLevelHoldsForRas'])
    expect(restsOn({ at: later(400) })).toBeUndefined()
  })
})

describe('the client judges the gateway in SSTP', () => {
  const dial = { profile: PROFILES['sstp-client'], name: 'vpn.contoso.com' }
  const gateway = certified()
  const revoked = certified({ revoked: { at: days(-1), reason: 'keyCompromise' } })

  test('a good certificate with a list passes; without one it does not, unless the registry says so', () => {
    expect(ask({ ...dial, ...gateway }).verdict.valid).toBe(true)
    expect(ask({ ...dial, ...gateway, crls: NO_CRLS }).verdict.valid).toBe(false)
    const profile = sstpClient({ switches: { noCertRevocationCheck: true } })
    expect(ask({ ...dial, ...gateway, crls: NO_CRLS, profile }).verdict.valid).toBe(true)
    expect(ask({ ...dial, ...revoked, profile }).verdict.valid).toBe(true)
  })

  test.for<[shown: string, code: string, change: Partial<Asked>]>([
    ['0x800B0109', 'pki/untrusted-root', { anchors: [] }],
    ['0x80070040', 'pki/wrong-eku', certified({ eku: ['clientAuth'] })],
    ['0x800B010F', 'pki/name-mismatch', { name: 'aov-vpn.contoso.com' }],
    ['0x800B0101', 'pki/certificate-expired', { at: later(400) }],
    ['0x80092010', 'pki/revoked', revoked],
    ['0x80092013', 'pki/crl-unreachable', { crls: NO_CRLS }],
  ])('%s for %s', ([code, failure, change]) => {
    const { verdict, shown } = ask({ ...dial, ...gateway, ...change })
    expect(verdict.failures[0]?.code).toBe(failure)
    expect(shown?.code).toBe(code)
  })

  test('the code for a wrong purpose is an assumption', () => {
    const other = sstpClient({}, { ...ASSUMPTIONS, sstpWrongPurpose: '0x800B0110' })
    const { shown } = ask({ ...dial, ...certified({ eku: ['clientAuth'] }), profile: other })
    expect(shown).toMatchObject({ code: '0x800B0110', restsOn: ['sstpWrongPurpose'] })
  })
})
