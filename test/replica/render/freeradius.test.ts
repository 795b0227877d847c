import { expect, test } from 'vitest'
import { rngFrom } from '../../../src/base/rng.ts'
import { compileTopology } from '../../../src/lab/compile.ts'
import { renderFreeRadius } from '../../../src/replica/render/freeradius.ts'
import type { Edit } from '../../../src/topology/edit.ts'
import { withNps } from '../../../src/topology/edit-nps.ts'
import type { NpsSpec } from '../../../src/topology/nps.ts'
import { drawSecrets, oracleTopology } from '../../oracle/radius/topology.ts'
import { variantsOf, type Variant } from '../../oracle/radius/variants.ts'

const START = '2026-03-02T08:00:00Z'
const secrets = drawSecrets(rngFrom('renderer'))

function render(variant: Variant = 'base', edit?: Edit) {
  const base = oracleTopology(secrets, START)
  const changed = (edit ?? variantsOf(START)[variant])?.apply(base) ?? base
  const compiled = compileTopology(changed)
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join('\n'))
  return renderFreeRadius({
    compiled: compiled.value,
    node: 'nps',
    listen: { address: '10.0.0.7' },
    directory: '/srv/radius',
  })
}

const textOf = (name: string, variant?: Variant): string =>
  render(variant).files.find((file) => file.name === name)!.text

test('one NPS becomes these files, the same each time', () => {
  const { files } = render()
  expect(files.map(({ name }) => name)).toEqual([
    'radiusd.conf',
    'dictionary',
    'clients.conf',
    'modules.conf',
    'policy.conf',
    'site.conf',
    'names',
    'accounts',
    'trusted.pem',
    'server-1.pem',
    'server-1.key',
  ])
  expect(render().files).toEqual(files)
})

test('secrets, passwords and private keys stand in their own files only', () => {
  const { files, notRendered } = render()
  const holders = (text: string): readonly string[] =>
    files.filter((file) => file.text.includes(text)).map(({ name }) => name)
  expect(holders(secrets.secret)).toEqual(['clients.conf'])
  expect(holders('PRIVATE KEY')).toEqual(['server-1.key'])
  expect(holders('Cleartext-Password')).toEqual(['accounts'])
  const told = notRendered.join('\n')
  for (const secret of [secrets.secret, ...Object.values(secrets.passwords)])
    expect(told).not.toContain(secret)
})

test('policies keep their order, and end as Windows does: nobody comes in', () => {
  const policy = textOf('policy.conf')
  expect(policy).toContain(
    "if ((&control:Sallyport-Kind == 'user' && (&control:Sallyport-Group[*] == 'vpn users')) && (&NAS-Port-Type == 5)) {",
  )
  expect(policy).toMatch(/else \{\n\t+reject\n/)
  expect(textOf('policy.conf', 'no-policy')).toMatch(/nps_network_policy \{\n\t+reject\n/)
})

test('a group that stands in a group counts for its members', () => {
  const [, entry = ''] = /user ada\n(.*)/.exec(textOf('accounts')) ?? []
  expect(entry).toContain("Sallyport-Group += 'staff'")
  expect(entry).toContain("Sallyport-Group += 'vpn users'")
})

test('clients that are turned off are not known', () => {
  const clients = textOf('clients.conf')
  expect(clients.match(/^client /gm)).toHaveLength(4)
  expect(clients).not.toContain('10.0.0.12')
  expect(clients).toContain('ipaddr = 10.0.0.64/28')
})

test('Framed-MTU makes the fragments, and smaller ones inside of PEAP', () => {
  const sizes = [...textOf('modules.conf', 'fragments-1344').matchAll(/fragment_size = (\d+)/g)]
  expect(sizes.map(([, size]) => Number(size))).toEqual([1334, 1234])
})

test('an authority whose list nobody publishes has none beside the roots', () => {
  const lists = (variant: Variant): number =>
    textOf('trusted.pem', variant).split('BEGIN X509 CRL').length - 1
  expect(lists('base') - lists('list-gone')).toBe(1)
  expect(textOf('trusted.pem').split('BEGIN CERTIFICATE').length - 1).toBe(1)
})

test('a server that must not answer is told to say nothing', () => {
  expect(textOf('site.conf', 'disk-full')).toContain('&Response-Packet-Type := Do-Not-Respond')
  expect(textOf('site.conf')).not.toContain('Do-Not-Respond')
})

test('what FreeRADIUS cannot be told is said, not lost', () => {
  expect(render().notRendered).toEqual([
    "policy 'Virtual Private Network (VPN) Connections': no fast reconnect, every sign-in is a whole one",
    "the accounting log is one of FreeRADIUS's own (detail), not dts",
    'certificates are mapped to accounts by name alone: no SID, no KB5014754',
    'clients must send their chain: issuingCa, silentCa cannot be known without being trusted',
    'revocation lists are as of the rendering, wherever NPS could fetch them or not',
  ])
})

const FROM_BERLIN = {
  name: 'From Berlin',
  conditions: { nasPortType: [5], locationGroups: ['Berlin'] },
} as const
const EVERYBODY = { name: 'Everybody' } as const
const GRANTED = { ...EVERYBODY, access: 'grant' } as const

test.each<readonly [string, Pick<NpsSpec, 'networkPolicies' | 'connectionRequestPolicies'>]>([
  ['a policy that denies', { networkPolicies: [{ ...FROM_BERLIN, access: 'deny' }, GRANTED] }],
  ['a policy that grants', { networkPolicies: [{ ...FROM_BERLIN, access: 'grant' }, GRANTED] }],
  ['a connection request policy', { connectionRequestPolicies: [FROM_BERLIN, EVERYBODY] }],
])(
  '%s that FreeRADIUS cannot be asked about in full lets nobody in who meets the rest of it',
  (_, change) => {
    const { files, notRendered } = render('base', withNps('nps', change))
    const policy = files.find(({ name }) => name === 'policy.conf')!.text
    expect(policy).toMatch(
      /if \(\(&NAS-Port-Type == 5\)\) \{\n\t+# From Berlin\n\t+reject\n\t+\}\n\t+elsif/,
    )
    expect(notRendered).toContain(
      "policy 'From Berlin' turns everybody away who meets its other conditions: FreeRADIUS cannot be asked for locationGroups",
    )
  },
)
