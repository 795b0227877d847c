/** What an enterprise CA issues by template and what it denies: each rule from both sides. */
import { describe, expect, test } from 'vitest'
import { after, days } from '../../src/base/time.ts'
import { EKU_OIDS } from '../../src/pki/encoding/oids.ts'
import type { EnrolmentOutcome } from '../../src/pki/issuing/plan.ts'
import { vpnServerTemplate, vpnUserTemplate } from '../../src/topology/templates.ts'
import { compiledSite, GATEWAY_REQUEST, START, type SiteSpec } from './site.ts'

const USER = { pc: [{ name: 'mine', template: 'vpnUser', for: 'ada' }], users: [] } as const

const outcomeOf = (spec: SiteSpec, name: string): EnrolmentOutcome | undefined =>
  compiledSite(spec)
    .pki.enrolments()
    .find((each) => each.name === name)

/** `issued`, the code and name of the denial, or `never asked`. */
function verdict(spec: SiteSpec, name: string): string {
  const outcome = outcomeOf(spec, name)
  if (outcome === undefined) return 'never asked'
  return outcome.denial === undefined ? 'issued' : `${outcome.denial.code} ${outcome.denial.name}`
}

const withUserTemplate = (change: Parameters<typeof vpnUserTemplate>[0]): SiteSpec => ({
  ...USER,
  templates: { vpnUser: vpnUserTemplate(change) },
})

describe('a request by template is issued or denied', () => {
  test.for<[why: string, spec: SiteSpec, name: string, verdict: string]>([
    ['a member of the group', USER, 'mine', 'issued'],
    [
      'a member through another group',
      { ...USER, directory: { groups: { 'VPN Users': ['Sales'], Sales: ['ada'] } } },
      'mine',
      'issued',
    ],
    [
      'no member',
      { ...USER, directory: { groups: { 'VPN Users': ['bob'] } } },
      'mine',
      '0x80094012 CERTSRV_E_TEMPLATE_DENIED',
    ],
    [
      'Enroll without Read',
      withUserTemplate({ permissions: { 'VPN Users': ['enroll'] } }),
      'mine',
      '0x80094012 CERTSRV_E_TEMPLATE_DENIED',
    ],
    [
      'Read without Enroll',
      withUserTemplate({ permissions: { 'VPN Users': ['read', 'autoenroll'] } }),
      'mine',
      '0x80094012 CERTSRV_E_TEMPLATE_DENIED',
    ],
    [
      'Read of one group and Enroll of another',
      withUserTemplate({
        permissions: { 'VPN Users': ['enroll'], 'Authenticated Users': ['read'] },
      }),
      'mine',
      'issued',
    ],
    [
      'a template that the CA does not issue',
      { ...USER, ca: { templates: ['device'] } },
      'mine',
      '0x80094800 CERTSRV_E_UNSUPPORTED_CERT_TYPE',
    ],
    [
      'no enterprise CA',
      { ...USER, ca: { templates: [] } },
      'mine',
      '0x80094800 CERTSRV_E_UNSUPPORTED_CERT_TYPE',
    ],
    [
      'no Request Certificates permission on the CA',
      { ...USER, ca: { requesters: ['VPN Servers'] } },
      'mine',
      '0x80094011 CERTSRV_E_ENROLL_DENIED',
    ],
    [
      'such a permission',
      { ...USER, ca: { requesters: ['VPN Servers', 'VPN Users'] } },
      'mine',
      'issued',
    ],
    [
      'an e-mail name of an account without mail',
      withUserTemplate({ subject: { email: true } }),
      'mine',
      '0x80094812 CERTSRV_E_SUBJECT_EMAIL_REQUIRED',
    ],
    [
      'an e-mail name in the subject of such an account',
      withUserTemplate({ subject: { email: false, emailInSubject: true } }),
      'mine',
      '0x80094812 CERTSRV_E_SUBJECT_EMAIL_REQUIRED',
    ],
    [
      'an e-mail name of an account with mail',
      {
        ...withUserTemplate({ subject: { email: true, emailInSubject: true } }),
        directory: { users: { ada: { mail: 'ada@contoso.com' } } },
      },
      'mine',
      'issued',
    ],
    [
      'a user who asks for a computer’s certificate',
      {
        users: [],
        pc: [{ name: 'mine', template: 'device', for: 'ada' }],
        templates: {
          device: { base: 'Computer', permissions: { 'VPN Users': ['read', 'enroll'] } },
        },
      },
      'mine',
      '0x8009480F CERTSRV_E_SUBJECT_DNS_REQUIRED',
    ],
    [
      'a computer that asks for a user’s certificate',
      {
        pc: [{ name: 'mine', template: 'vpnUser' }],
        directory: { groups: { 'VPN Users': ['ada', 'pc'] } },
        users: [],
      },
      'mine',
      '0x80094012 CERTSRV_E_TEMPLATE_DENIED',
    ],
    ['a subject in the request', {}, 'ike', 'issued'],
    [
      'no subject, but a name',
      { certificates: [{ ...GATEWAY_REQUEST, request: { dns: ['vpn.contoso.com'] } }] },
      'ike',
      'issued',
    ],
    [
      'no subject where the template wants one',
      { certificates: [{ name: 'ike', template: 'vpnServer' }] },
      'ike',
      '0x80094001 CERTSRV_E_BAD_REQUESTSUBJECT',
    ],
    [
      'a key that is too short',
      {
        certificates: [{ ...GATEWAY_REQUEST, request: { subject: 'CN=x', keySize: 1024 } }],
      },
      'ike',
      '0x80094811 CERTSRV_E_KEY_LENGTH',
    ],
    [
      'a key that is just long enough',
      {
        certificates: [{ ...GATEWAY_REQUEST, request: { subject: 'CN=x', keySize: 1024 } }],
        templates: { vpnServer: vpnServerTemplate({ minimumKeySize: 1024 }) },
      },
      'ike',
      'issued',
    ],
    [
      'a CA that has expired',
      { ca: { validFrom: days(-30), validFor: days(10) } },
      'ike',
      '0x800B0101 CERT_E_EXPIRED',
    ],
    [
      'a disabled account',
      { ...USER, directory: { users: { ada: { disabled: true } } } },
      'mine',
      '0x80070533 ERROR_ACCOUNT_DISABLED',
    ],
    [
      'an account that expired before',
      { ...USER, directory: { users: { ada: { expires: days(-2) } } } },
      'mine',
      '0x80070533 ERROR_ACCOUNT_DISABLED',
    ],
    [
      'a node that is no member of the domain',
      {
        directory: { computers: { gateway: { joined: false } }, groups: { 'VPN Servers': [] } },
      },
      'ike',
      '0x80094012 CERTSRV_E_TEMPLATE_DENIED',
    ],
  ])('%s', ([, spec, name, expected]) => {
    expect(verdict(spec, name)).toBe(expected)
    const { pki } = compiledSite(spec)
    const node = name === 'ike' ? 'gateway' : 'pc'
    expect(pki.certificate(node, name) !== undefined).toBe(expected === 'issued')
    expect(pki.certificateNames(node).includes(name)).toBe(expected === 'issued')
  })

  test('a denial says what was expected, what was got, and what it rests on', () => {
    const spec = { ...USER, directory: { groups: { 'VPN Users': ['bob'] } } }
    expect(outcomeOf(spec, 'mine')).toEqual({
      node: 'pc',
      account: { kind: 'user', key: 'ada' },
      template: 'vpnUser',
      name: 'mine',
      by: 'request',
      denial: {
        code: '0x80094012',
        name: 'CERTSRV_E_TEMPLATE_DENIED',
        message: "ada has no Read permission on 'VPN User Authentication'",
        expected: 'a member of vpn users',
        got: 'a member of domain users, authenticated users',
        restsOn: 'who may not read a template does not see it, and no source gives the code',
      },
    })
  })
})

describe('what the CA settles', () => {
  const issued = (spec: SiteSpec, node = 'pc', name = 'user') =>
    compiledSite(spec).pki.certificate(node, name)!.certificate

  test('a user’s subject is the directory’s, with the UPN, the SID and the template', () => {
    const { directory } = compiledSite()
    const ada = directory!.accounts.find(({ key }) => key === 'ada')!
    expect(issued({})).toMatchObject({
      subject: { text: 'CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso, DC=com' },
      subjectAltName: [{ kind: 'upn', value: 'ada@corp.contoso.com' }],
      sid: ada.sid,
      template: { major: 100, minor: 2 },
      extKeyUsage: [EKU_OIDS.encryptingFileSystem, EKU_OIDS.emailProtection, EKU_OIDS.clientAuth],
      applicationPolicies: [
        EKU_OIDS.encryptingFileSystem,
        EKU_OIDS.emailProtection,
        EKU_OIDS.clientAuth,
      ],
    })
  })

  test('a computer is called by its DNS name', () => {
    expect(issued({}, 'pc', 'device')).toMatchObject({
      subject: { text: 'CN=pc.corp.contoso.com' },
      subjectAltName: [{ kind: 'dns', value: 'pc.corp.contoso.com' }],
      extKeyUsage: [EKU_OIDS.clientAuth, EKU_OIDS.ikeIntermediate],
    })
  })

  test('without subject, the alternative name is critical', () => {
    const templates = {
      device: {
        base: 'Workstation Authentication',
        permissions: { 'Domain Computers': ['read', 'enroll', 'autoenroll'] },
      },
    } as const
    const certificate = issued({ templates }, 'pc', 'device')
    expect(certificate.subject.text).toBe('')
    expect(certificate.extensions.filter(({ critical }) => critical).map(({ oid }) => oid)).toEqual(
      ['2.5.29.15', '2.5.29.17'],
    )
  })

  test('a request of its own keeps its names, and gets no SID', () => {
    const certificate = issued({}, 'gateway', 'ike')
    expect(certificate.subject.text).toBe('CN=vpn.contoso.com')
    expect(certificate).not.toHaveProperty('sid')
  })

  test('a SID that the request carries as a URL is kept as asked', () => {
    const request = { subject: 'CN=pc', sid: 'S-1-5-21-1-2-3-1105' }
    const certificate = issued(
      { certificates: [{ ...GATEWAY_REQUEST, request }] },
      'gateway',
      'ike',
    )
    expect(certificate.subjectAltName).toEqual([
      { kind: 'uri', value: 'tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1105' },
    ])
  })

  test('names in a request are ignored where the directory makes the subject', () => {
    const pc = [
      {
        name: 'mine',
        template: 'vpnUser',
        for: 'ada',
        request: { subject: 'CN=root', upn: ['root@corp.contoso.com'] },
      },
    ]
    expect(issued({ pc }, 'pc', 'mine').subjectAltName).toEqual([
      { kind: 'upn', value: 'ada@corp.contoso.com' },
    ])
  })

  test('a CA without the updates of May 2022 writes no SID', () => {
    expect(issued({ ca: { sidExtension: false } })).not.toHaveProperty('sid')
  })

  test('a version 1 template goes by its name', () => {
    const templates = {
      old: {
        base: 'Computer',
        schemaVersion: 1,
        permissions: { 'Domain Computers': ['read', 'enroll'] },
      },
    } as const
    const certificate = issued({ templates, pc: [{ name: 'old', template: 'old' }] }, 'pc', 'old')
    expect(certificate).toMatchObject({ templateName: 'Machine' })
    expect(certificate).not.toHaveProperty('template')
    expect(certificate).not.toHaveProperty('applicationPolicies')
  })

  test('an OCSP responder’s certificate is not to be checked, and names no place to ask', () => {
    const templates = {
      ocsp: {
        base: 'OCSP Response Signing',
        permissions: { 'Domain Computers': ['read', 'enroll'] },
      },
    } as const
    const certificate = issued(
      { templates, pc: [{ name: 'ocsp', template: 'ocsp' }] },
      'pc',
      'ocsp',
    )
    expect(certificate.keyUsage).toEqual(['digitalSignature'])
    expect(certificate.extKeyUsage).toEqual([EKU_OIDS.ocspSigning])
    expect(certificate.extensions.some(({ oid }) => oid === '1.3.6.1.5.5.7.48.1.5')).toBe(true)
    expect(certificate).not.toHaveProperty('crlDistributionPoints')
    expect(certificate).not.toHaveProperty('authorityInfoAccess')
  })

  test('what stands beside the template takes its place', () => {
    const certificates = [{ ...GATEWAY_REQUEST, eku: ['clientAuth'] as const, validFor: days(10) }]
    const certificate = issued({ certificates }, 'gateway', 'ike')
    expect(certificate.extKeyUsage).toEqual([EKU_OIDS.clientAuth])
    expect(certificate.notAfter).toBe(after(START, days(9)))
  })
})

describe('how long it is valid', () => {
  const endOf = (spec: SiteSpec) =>
    compiledSite(spec).pki.certificate('gateway', 'ike')!.certificate.notAfter
  const five = { vpnServer: vpnServerTemplate({ validFor: days(1825) }) }

  test('as long as the template says', () => {
    expect(endOf({})).toBe(after(START, days(364)))
  })
  test('but no longer than the CA may give: two years as it is installed', () => {
    expect(endOf({ templates: five })).toBe(after(START, days(729)))
    expect(endOf({ templates: five, ca: { maximumValidity: days(1000) } })).toBe(
      after(START, days(999)),
    )
  })
  test('and never beyond the end of the CA’s own certificate', () => {
    expect(endOf({ ca: { validFrom: days(-30), validFor: days(100) } })).toBe(
      after(START, days(70)),
    )
  })
})
