import { describe, expect, test } from 'vitest'
import { isNamed, matchesDnsName, namesOf } from '../../../src/pki/profile/host-name.ts'
import { GATEWAY, held, pkiOf } from '../contoso.ts'

describe('dNSName', () => {
  test.for([
    ['vpn.contoso.com', 'VPN.Contoso.com', true],
    ['vpn.contoso.com', 'vpn.contoso.com.evil.example', false],
    ['vpn.contoso.com', 'contoso.com', false],
    ['*.contoso.com', 'vpn.contoso.com', true],
    ['*.contoso.com', 'a.vpn.contoso.com', false],
    ['*.contoso.com', 'contoso.com', false],
    ['*.com', 'contoso.com', false],
    ['*', 'contoso', false],
    ['v*.contoso.com', 'vpn.contoso.com', false],
    ['vpn.*.com', 'vpn.contoso.com', false],
    ['*.*.com', 'vpn.contoso.com', false],
    ['vpn contoso.com', 'vpn contoso.com', false],
    ['', '', false],
  ] as const)('%j for %j: %j', ([pattern, wanted, expected]) => {
    expect(matchesDnsName(pattern, wanted)).toBe(expected)
  })
})

describe('the common name', () => {
  const named = (dns: readonly string[]) =>
    held(pkiOf({ certificates: [{ ...GATEWAY, subject: 'CN=old.contoso.com', dns }] })).certificate
  const withDns = named(['vpn.contoso.com'])
  const withoutDns = named([])

  test.for([
    ['never', withDns, false],
    ['never', withoutDns, false],
    ['without-dns-names', withDns, false],
    ['without-dns-names', withoutDns, true],
    ['always', withDns, true],
  ] as const)('rule %s', ([rule, certificate, expected]) => {
    expect(isNamed(certificate, 'old.contoso.com', { commonName: rule })).toBe(expected)
  })

  test('a name with its last dot is the same name', () => {
    expect(isNamed(withDns, 'vpn.contoso.com.', { commonName: 'never' })).toBe(true)
  })

  test('an address is not matched by a dNSName', () => {
    expect(isNamed(named(['198.51.100.1']), '198.51.100.1', { commonName: 'never' })).toBe(false)
  })

  test('all names stand in messages', () => {
    expect(namesOf(withDns)).toBe('DNS vpn.contoso.com, CN old.contoso.com')
  })
})
