/** Which of its own certificates a Windows program shows, and why the others were passed over. */
import { describe, expect, test } from 'vitest'
import { after, days, type Duration } from '../../src/base/time.ts'
import { thumbprint } from '../../src/pki/certificate/thumbprint.ts'
import type { CertificateSpec } from '../../src/topology/pki.ts'
import {
  selectForDeviceTunnel,
  selectForEapTls,
  selectForIke,
  selectForNps,
  type Candidate,
  type Selection,
} from '../../src/windows/certificate-selection.ts'
import type { CertificateFilter } from '../../src/windows/eap-config.ts'
import { held, ISSUING, pkiOf, rootOf, START } from '../pki/contoso.ts'

type Wanted = Pick<CertificateSpec, 'eku'> & {
  readonly issued?: Duration
  readonly validFor?: Duration
  readonly subject?: string
  readonly hasPrivateKey?: boolean
}

const site = (wanted: Readonly<Record<string, Wanted>>) =>
  pkiOf({
    authorities: {
      other: { subject: 'CN=Fabrikam Root CA', validFor: days(9000) },
      fabrikam: { ...ISSUING, subject: 'CN=Fabrikam CA', issuer: 'other' },
    },
    certificates: Object.entries(wanted).map(([name, { issued, validFor, subject, eku }]) => ({
      name,
      issuer: name.startsWith('fabrikam') ? 'fabrikam' : 'issuing',
      subject: subject ?? `CN=${name}`,
      ...(eku !== undefined && { eku }),
      validFrom: issued ?? days(-10),
      validFor: validFor ?? days(365),
    })),
  })

function store(wanted: Readonly<Record<string, Wanted>>): readonly Candidate[] {
  const pki = site(wanted)
  return Object.entries(wanted).map(([name, { hasPrivateKey = true }]) => {
    const { certificate, chain } = held(pki, name)
    const root = pki.authority(name.startsWith('fabrikam') ? 'other' : 'root')!.certificate
    return { name, certificate, chain: [...chain, root], hasPrivateKey }
  })
}

const shown = ({ selected, asks, windows }: Selection) =>
  selected?.name ?? asks?.map(({ name }) => name) ?? windows?.code
const why = ({ passedOver }: Selection) =>
  Object.fromEntries(passedOver.map(({ name, why: reason }) => [name, reason]))

describe('the client in EAP-TLS', () => {
  const select = (
    wanted: Readonly<Record<string, Wanted>>,
    filter?: CertificateFilter,
    simpleCertSelection = true,
  ) =>
    selectForEapTls(
      store(wanted),
      { simpleCertSelection, ...(filter !== undefined && { filter }) },
      START,
    )
  const client: Wanted = { eku: ['clientAuth'] }

  test('takes the newest that is for client authentication', () => {
    const selection = select({
      old: client,
      renewed: { ...client, issued: days(-2) },
      server: { eku: ['serverAuth'] },
      expired: { ...client, issued: days(-400) },
      future: { ...client, issued: days(2) },
      keyless: { ...client, hasPrivateKey: false },
    })
    expect(shown(selection)).toBe('renewed')
    expect(why(selection)).toMatchObject({
      old: 'is older',
      server: 'is not for client authentication',
      expired: expect.stringContaining('expired on'),
      future: expect.stringContaining('valid only from'),
      keyless: 'has no private key here',
    })
  })

  test('without simple selection asks the user about several, and not about one', () => {
    expect(shown(select({ a: client, b: client }, undefined, false))).toEqual(['a', 'b'])
    expect(shown(select({ a: client, s: { eku: ['serverAuth'] } }, undefined, false))).toBe('a')
  })

  test('shows 798 where none will do, and says why each was passed over', () => {
    expect(shown(select({}))).toBe('798')
    expect(shown(select({ s: { eku: ['serverAuth'] } }))).toBe('798')
  })

  test('filters by issuer, anywhere in the chain', () => {
    const wanted = { user: client, fabrikamUser: client }
    const root = thumbprint(rootOf(site(wanted)))
    const filter = { allPurpose: false, issuers: [root] }
    const selection = select(wanted, filter)
    expect(shown(selection)).toBe('user')
    expect(why(selection)).toEqual({
      fabrikamUser: 'was issued by none of the authorities in CAHashList',
    })
  })

  const many = {
    none: {},
    plain: client,
    entra: { eku: ['clientAuth', 'smartCardLogon'] },
    ike: { eku: ['ikeIntermediate'] },
  } as const satisfies Record<string, Wanted>
  test.for<[filter: CertificateFilter, fit: readonly string[]]>([
    // Without any list of purposes, those for clients are left.
    [{ allPurpose: false }, ['entra', 'none', 'plain']],
    [{ allPurpose: true }, ['none']],
    [{ allPurpose: false, clientAuth: [] }, ['entra', 'plain']],
    [{ allPurpose: true, clientAuth: [] }, ['entra', 'none', 'plain']],
    [{ allPurpose: false, clientAuth: ['1.3.6.1.4.1.311.20.2.2'] }, ['entra']],
    [{ allPurpose: false, clientAuth: ['1.3.6.1.4.1.311.*'] }, ['entra']],
    [{ allPurpose: false, clientAuth: ['1.3.6.1.4.1.31.*'] }, []],
    // The AnyPurpose of the filter is Microsoft's, not that of RFC 5280.
    [{ allPurpose: false, anyPurpose: [] }, []],
  ])('%j leaves %j', ([filter, fit]) => {
    const selection = select(many, filter, false)
    const names = selection.asks ?? (selection.selected === undefined ? [] : [selection.selected])
    expect(names.map(({ name }) => name).toSorted()).toEqual(fit)
  })
})

describe('the computer in a device tunnel', () => {
  const device: Wanted = { eku: ['clientAuth'] }
  const root = rootOf(site({})).subject

  test('takes the one that is marked for IKE', () => {
    const wanted = {
      intune: { ...device, issued: days(-1) },
      vpn: { eku: ['clientAuth', 'ikeIntermediate'] },
    } as const
    const selection = selectForDeviceTunnel(store(wanted), [root], START)
    expect(shown(selection)).toBe('vpn')
    expect(selection.equals).toBeUndefined()
    expect(why(selection)).toEqual({ intune: 'is not marked IP security IKE intermediate' })
  })

  test('of several that nothing tells apart, it may be any', () => {
    const selection = selectForDeviceTunnel(store({ a: device, b: device }), [root], START)
    expect(selection.equals?.map(({ name }) => name)).toEqual(['b'])
  })

  test('shows 13806 where none chains to a root that the gateway asks for', () => {
    const selection = selectForDeviceTunnel(store({ fabrikamPc: device }), [root], START)
    expect(shown(selection)).toBe('13806')
    expect(why(selection)).toEqual({ fabrikamPc: 'chains to no root that the gateway asks for' })
    expect(shown(selectForDeviceTunnel([], [root], START))).toBe('13806')
  })
})

describe('the gateway in IKEv2', () => {
  const select = (wanted: Readonly<Record<string, Wanted>>) => selectForIke(store(wanted), START)

  test('takes the only one for servers, or of several the one that is marked for IKE', () => {
    expect(shown(select({ web: { eku: ['serverAuth'] }, pc: { eku: ['clientAuth'] } }))).toBe('web')
    const both = {
      web: { eku: ['serverAuth'] },
      ike: { eku: ['serverAuth', 'ikeIntermediate'] },
    } as const
    expect(shown(select(both))).toBe('ike')
    expect(why(select(both))).toEqual({ web: 'is not marked IP security IKE intermediate' })
  })

  test('of several that are not marked it may take any', () => {
    const unmarked = select({ web: { eku: ['serverAuth'] }, rdp: { eku: ['serverAuth'] } })
    expect(unmarked.equals).toHaveLength(1)
  })

  test('shows a bad one rather than none; without any it is 13806', () => {
    expect(shown(select({ pc: { eku: ['clientAuth'] } }))).toBe('pc')
    expect(shown(select({ old: { eku: ['serverAuth'], validFor: days(5) } }))).toBe('old')
    expect(shown(select({ lost: { eku: ['serverAuth'], hasPrivateKey: false } }))).toBe('13806')
    expect(shown(select({}))).toBe('13806')
  })
})

describe('NPS', () => {
  const server: Wanted = { eku: ['serverAuth'] }
  const select = (wanted: Readonly<Record<string, Wanted>>, name?: string, at = START) =>
    selectForNps(store(wanted), name, at)

  test('takes the one that the policy names, and no other that is better', () => {
    const selection = select({ nps: server, renewed: { ...server, issued: days(-1) } }, 'nps')
    expect(shown(selection)).toBe('nps')
    expect(why(selection)).toEqual({ renewed: 'is not selected in the network policy' })
  })

  test.for<[code: string, wanted: Wanted, days?: number]>([
    ['864', { ...server, hasPrivateKey: false }],
    ['812', { eku: ['clientAuth'] }],
    ['858', server, 400],
  ])('%s when it will not do', ([code, wanted, later = 0]) => {
    const selection = select({ nps: wanted }, 'nps', after(START, days(later)))
    expect(selection.windows).toMatchObject({
      code,
      reason: { code: 23 },
      events: [{ id: 6273 }],
      restsOn: ['reasonOfNoServerCertificate'],
    })
  })

  test('a certificate without a subject is 866, none at all 864', () => {
    const [nps] = store({ nps: server })
    const { subject } = nps!.certificate
    const nameless = {
      ...nps!,
      certificate: { ...nps!.certificate, subject: { ...subject, text: '' } },
    }
    expect(selectForNps([nameless], 'nps', START).windows?.code).toBe('866')
    expect(shown(select({ nps: server }, 'gone'))).toBe('864')
    expect(shown(select({ nps: server }))).toBe('864')
  })
})
