/** The text that strongSwan would load. Whether it means the same as the twin is for charon to say (`npm run oracle -- ikev2`). */
import { expect, test } from 'vitest'
import { rngFrom } from '../../../src/base/rng.ts'
import { compileTopology } from '../../../src/lab/compile.ts'
import {
  renderStrongSwanClient,
  renderStrongSwanGateway,
  type StrongSwanFiles,
  type StrongSwanProof,
} from '../../../src/replica/render/strongswan.ts'
import type { Edit } from '../../../src/topology/edit.ts'
import {
  withGatewayIpsec,
  withVpnClient,
  withVpnGateway,
} from '../../../src/topology/edit-gateway.ts'
import type { IpsecPolicySpec } from '../../../src/topology/ipsec.ts'
import { drawSecrets, oracleTopology } from '../../oracle/ikev2/topology.ts'

const START = '2026-03-02T08:00:00Z'
const base = oracleTopology(drawSecrets(rngFrom('renderer')), START)
const CERTIFICATE: StrongSwanProof = { kind: 'certificate', certificate: 'device' }
const POLICY: IpsecPolicySpec = {
  encryptionMethod: 'GCMAES256',
  integrityCheckMethod: 'SHA384',
  dhGroup: 'ECP384',
  cipherTransformConstants: 'GCMAES128',
  authenticationTransformConstants: 'GCMAES128',
  pfsGroup: 'PFS24',
}

function compiledWith(edit?: Edit) {
  const compiled = compileTopology(edit?.apply(base) ?? base)
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join('\n'))
  return compiled.value
}

const client = (
  rest: { readonly proof?: StrongSwanProof; readonly node?: string; readonly name?: string } = {},
  edit?: Edit,
): StrongSwanFiles =>
  renderStrongSwanClient({
    compiled: compiledWith(edit),
    node: rest.node ?? 'laptop',
    directory: '/srv/charon',
    proof: rest.proof ?? CERTIFICATE,
    gateway: { address: '10.1.0.1', name: rest.name ?? 'vpn.contoso.com' },
  })

const gateway = (edit?: Edit, secret = 'testing123'): StrongSwanFiles =>
  renderStrongSwanGateway({
    compiled: compiledWith(edit),
    node: 'gateway',
    directory: '/srv/charon',
    address: '10.1.0.1',
    radius: [{ address: '127.0.0.1', secret, authenticationPort: 11812 }],
  })

const textOf = ({ files }: StrongSwanFiles, name = 'swanctl/swanctl.conf'): string =>
  files.find((file) => file.name === name)!.text

/** The value of the first setting of that name. */
const valueOf = (text: string, key: string): string | undefined =>
  new RegExp(String.raw`^ *${key} = "(.*)"$`, 'm').exec(text)?.[1]

test('a client becomes these files, the same each time', () => {
  const rendered = client()
  expect(rendered.files.map(({ name }) => name)).toEqual([
    'strongswan.conf',
    'swanctl/swanctl.conf',
    'swanctl/x509/own.pem',
    'swanctl/private/own.pem',
    'swanctl/x509ca/issuer-1.pem',
    'swanctl/x509ca/root-1.pem',
  ])
  expect(client()).toEqual(rendered)
  expect(rendered.notRendered).toEqual([])
})

test('passwords, shared secrets and private keys stand in their own files only', () => {
  const holders = ({ files }: StrongSwanFiles, text: string): readonly string[] =>
    files.filter((file) => file.text.includes(text)).map(({ name }) => name)
  const password = 'Analytical-Engine'
  const proof = { kind: 'eap-mschapv2', identity: 'ada', password } as const
  expect(holders(client({ proof }), password)).toEqual(['swanctl/secrets.conf'])
  expect(holders(client(), 'PRIVATE KEY')).toEqual(['swanctl/private/own.pem'])
  expect(holders(gateway(), 'testing123')).toEqual(['radius.conf'])
  expect(holders(gateway(), 'PRIVATE KEY')).toEqual(['swanctl/private/own.pem'])
})

test('nothing in a value breaks out of it', () => {
  const password = 'a"b\\c}{#=$\nd'
  const rendered = client({ proof: { kind: 'eap-mschapv2', identity: 'ada', password } })
  const line = textOf(rendered, 'swanctl/secrets.conf')
    .split('\n')
    .find((each) => each.includes('secret ='))
  expect(line?.trim()).toBe(String.raw`secret = "a\"b\\c}{#=$ d"`)
  expect(rendered.notRendered).toEqual([
    String.raw`control characters became spaces in "a\"b\\c}{#=$\nd"`,
  ])
})

test('a custom policy is one proposal for IKE and one for ESP', () => {
  const text = textOf(client({}, withVpnClient('laptop', { ipsec: POLICY })))
  expect(valueOf(text, 'proposals')).toBe('aes256gcm16-prfsha384-ecp384')
  expect(valueOf(text, 'esp_proposals')).toBe('aes128gcm16-modp2048s256')
  const other = textOf(gateway(withGatewayIpsec('gateway', POLICY)))
  expect(valueOf(other, 'proposals')).toBe('aes256gcm16-prfsha384-ecp384')
})

test('without one Windows offers twelve suites, the weakest first', () => {
  const proposals = valueOf(textOf(client()), 'proposals')?.split(',') ?? []
  expect(proposals).toHaveLength(12)
  expect(proposals[0]).toBe('3des-sha1-prfsha1-modp1024')
})

test('what charon does not have is left out, and said', () => {
  const gmac: IpsecPolicySpec = { ...POLICY, cipherTransformConstants: 'None' }
  const rendered = client({}, withVpnClient('laptop', { ipsec: gmac }))
  expect(valueOf(textOf(rendered), 'esp_proposals')).toBe('')
  expect(rendered.notRendered).toHaveLength(1)
  expect(rendered.notRendered[0]).toContain('no such suite in strongSwan')
})

test('switches of the client and of the gateway arrive', () => {
  const quiet = textOf(
    client({}, withVpnClient('laptop', { disableMobility: true, ikeFragmentation: false })),
  )
  expect([valueOf(quiet, 'mobike'), valueOf(quiet, 'fragmentation')]).toEqual(['no', 'no'])
  expect(valueOf(textOf(gateway()), 'fragmentation')).toBe('no')
  const fragmenting = withVpnGateway('gateway', { serverFragmentation: true })
  expect(valueOf(textOf(gateway(fragmenting)), 'fragmentation')).toBe('yes')
})

test('charon asks for a sign of life, and for cookies, where it is told to', () => {
  expect(valueOf(textOf(client()), 'dpd_delay')).toBeUndefined()
  expect(textOf(gateway(), 'strongswan.conf')).not.toContain('cookie_threshold')
  const common = { compiled: compiledWith(), directory: '/srv/charon' }
  const told = renderStrongSwanGateway({
    ...common,
    node: 'gateway',
    address: '10.1.0.1',
    radius: [],
    asksAfter: 3,
    cookiesFrom: 1,
  })
  expect(valueOf(textOf(told), 'dpd_delay')).toBe('3s')
  expect(textOf(told, 'strongswan.conf')).toMatch(/^ *cookie_threshold = 1$/m)
  const asking = renderStrongSwanClient({
    ...common,
    node: 'laptop',
    proof: CERTIFICATE,
    gateway: { address: '10.1.0.1', name: 'vpn.contoso.com' },
    asksAfter: 2,
  })
  expect(valueOf(textOf(asking), 'dpd_delay')).toBe('2s')
})

test('the gateway takes those proofs alone that its service accepts, and roots by their names', () => {
  const connections = (edit?: Edit): readonly string[] =>
    [...textOf(gateway(edit)).matchAll(/^ {2}(users|devices) \{$/gm)].map(([, name]) => name!)
  expect(connections()).toEqual(['users', 'devices'])
  expect(connections(withVpnGateway('gateway', { authentication: ['eap'] }))).toEqual(['users'])
  const nobody = withVpnGateway('gateway', { deviceTunnel: { rootCertificateNames: ['CN=Other'] } })
  expect(valueOf(textOf(gateway()), 'cacerts')).toBe('root-1.pem')
  expect(valueOf(textOf(gateway(nobody)), 'cacerts')).toBe('')
})

test('the pool begins behind the address that RRAS keeps for itself', () => {
  expect(valueOf(textOf(gateway()), 'addrs')).toBe('10.10.0.130-10.10.0.254')
  expect(valueOf(textOf(gateway()), 'dns')).toBe('10.10.0.6')
})

test('what cannot be rendered is refused', () => {
  expect(() => client({ node: 'nowhere' })).toThrow(/nowhere is no host/)
  expect(() => client({ proof: { kind: 'certificate', certificate: 'none' } })).toThrow(
    /holds no certificate none/,
  )
  expect(() =>
    gateway(withVpnGateway('gateway', { pool: undefined, addressAssignment: 'dhcp' })),
  ).toThrow(/without a static pool/)
})
