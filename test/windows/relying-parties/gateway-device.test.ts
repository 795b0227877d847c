/** The gateway that judges the certificate of a computer in a device tunnel. */
import { describe, expect, test } from 'vitest'
import { days } from '../../../src/base/time.ts'
import { nameFrom } from '../../../src/pki/certificate/name.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { gatewayDevice } from '../../../src/windows/relying-parties/gateway-device.ts'
import { codesOf, GATEWAY, held, pkiOf } from '../../pki/contoso.ts'
import { ask, certified } from './ask.ts'

describe('the gateway judges a device', () => {
  const device = certified({ eku: ['clientAuth'], dns: ['laptop.corp.contoso.com'] })
  const twin = pkiOf({
    authorities: { twin: { subject: 'CN=CONTOSO root CA, O=Contoso', validFor: days(9000) } },
    certificates: [{ ...GATEWAY, issuer: 'twin', eku: ['clientAuth'] }],
  })
  const asTwin = { leaf: held(twin).certificate, anchors: [twin.authority('twin')!.certificate] }
  const named = gatewayDevice({ rootNames: [nameFrom('CN=Contoso Root CA, O=Contoso')!] })
  const otherwise = gatewayDevice({ rootNames: [nameFrom('CN=Fabrikam Root CA')!] })

  test('without a list of roots any trusted root will do, and that is told', () => {
    const { verdict } = ask({ ...device, profile: PROFILES['gateway-device'] })
    expect(verdict.valid).toBe(true)
    expect(verdict.tolerated).toMatchObject([
      { code: 'pki/root-not-accepted', message: expect.stringContaining('is not set') },
    ])
    expect(ask({ ...device, profile: named }).verdict.tolerated).toEqual([])
  })

  test('a list of roots is one of names: another root of the same name passes', () => {
    expect(ask({ ...device, profile: named }).verdict.valid).toBe(true)
    expect(ask({ ...asTwin, profile: named }).verdict.valid).toBe(true)
    const { verdict, shown } = ask({ ...device, profile: otherwise })
    expect(codesOf(verdict)).toEqual(['pki/root-not-accepted'])
    expect(shown?.code).toBe('13801')
  })

  test('Client Authentication is wanted, or a purpose of the list in its stead', () => {
    const server = certified({ eku: ['serverAuth'] })
    expect(codesOf(ask({ ...server, profile: named }).verdict)).toEqual(['pki/wrong-eku'])
    const ike = gatewayDevice({ ekus: ['1.3.6.1.5.5.8.2.2'] })
    expect(codesOf(ask({ ...device, profile: ike }).verdict)).toEqual(['pki/eku-not-accepted'])
    const both = certified({ eku: ['ikeIntermediate'] })
    expect(ask({ ...both, profile: ike }).verdict.valid).toBe(true)
  })

  test('a revoked device is let in until the gateway looks, and then it sees 13801 like everybody', () => {
    const revoked = certified({
      eku: ['clientAuth'],
      revoked: { at: days(-1), reason: 'keyCompromise' },
    })
    expect(ask({ ...revoked, profile: named }).verdict.valid).toBe(true)
    const { verdict, shown } = ask({
      ...revoked,
      profile: gatewayDevice({ switches: { certAuthFlags: 4 } }),
    })
    expect(codesOf(verdict)).toEqual(['pki/revoked'])
    expect(shown).toMatchObject({ code: '13801', events: [{ on: 'gateway', id: 13848 }] })
  })
})
