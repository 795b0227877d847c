/** Edits of the domain: each does what it says, and throws where it would change nothing or finds nothing. */
import { expect, test } from 'vitest'
import { days } from '../../src/base/time.ts'
import { compileTopology } from '../../src/lab/compile.ts'
import { compose, type Edit } from '../../src/topology/edit.ts'
import {
  withAutoenrolment,
  withCertificateRevoked,
  withComputer,
  withKdc,
  withMember,
  withoutMember,
  withoutNtAuth,
  withoutTemplateAt,
  withPasswordPolicy,
  withTemplate,
  withUser,
} from '../../src/topology/edit-directory.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { validateTopology } from '../../src/topology/validate.ts'
import { site } from '../directory/site.ts'

const base = site()
const names = (topology: Topology, node = 'pc') => {
  const compiled = compileTopology(topology)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  return compiled.value.pki.certificateNames(node)
}

test.for<[edit: Edit, name: string, names: readonly string[]]>([
  [withoutMember('VPN Users', 'ada'), 'ada leaves VPN Users', ['device']],
  [withMember('VPN Users', 'bob'), 'bob joins VPN Users', ['device', 'user']],
  [
    compose(
      withoutMember('VPN Users', 'ada'),
      withMember('Sales', 'ada'),
      withMember('VPN Users', 'Sales'),
    ),
    'ada leaves VPN Users, and ada joins Sales, and Sales joins VPN Users',
    ['device', 'user'],
  ],
  [withoutTemplateAt('issuing', 'vpnUser'), 'issuing no longer issues vpnUser', ['device']],
  [withAutoenrolment({ user: false }), 'autoenrolment: user off', ['device']],
  [withAutoenrolment({ computer: false }), 'autoenrolment: computer off', ['user']],
  [
    withTemplate('vpnUser', { certificate: 'ada' }),
    'template vpnUser changes (certificate)',
    ['device', 'ada'],
  ],
  [withUser('ada', { disabled: true }), 'user ada changes (disabled)', ['device']],
  [withoutNtAuth('issuing'), 'NTAuth loses issuing', ['device', 'user']],
])('%o', ([edit, name, expected]) => {
  const changed = edit.apply(base)
  expect(edit.name).toBe(name)
  expect(validateTopology(changed)).toEqual([])
  expect(names(changed)).toEqual(expected)
})

test('the KDC and NTAuth are changed where they stand', () => {
  const changed = compose(
    withKdc({ strongCertificateBindingEnforcement: 1, updatedUntil: '2024-01-09' }),
    withoutNtAuth('issuing'),
  ).apply(base)
  expect(changed.directory).toMatchObject({
    kdc: { strongCertificateBindingEnforcement: 1, updatedUntil: '2024-01-09' },
    ntAuth: [],
  })
  const back = withKdc({ updatedUntil: undefined }).apply(changed)
  expect(back.directory?.kdc).toEqual({ strongCertificateBindingEnforcement: 1 })
})

test('the account of a computer and the password policy are changed where they stand', () => {
  const changed = compose(
    withComputer('gateway', { disabled: true }),
    withPasswordPolicy({ lockoutThreshold: 3 }),
    withPasswordPolicy({ minimumLength: 14 }),
  ).apply(base)
  expect(changed.directory).toMatchObject({
    computers: { gateway: { disabled: true } },
    passwordPolicy: { lockoutThreshold: 3, minimumLength: 14 },
  })
  const nobody = () => withComputer('gatevay', { disabled: true }).apply(base)
  expect(nobody).toThrow("there is no node 'gatevay'")
})

test('a certificate of autoenrolment can be revoked, and stays the same one', () => {
  const pkiOf = (topology: Topology) => {
    const compiled = compileTopology(topology)
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
    return compiled.value.pki
  }
  const revoked = { at: days(-2), reason: 'keyCompromise' } as const
  for (const [node, name] of [
    ['pc', 'user'],
    ['pc', 'device'],
    ['gateway', 'ike'],
  ] as const) {
    const changed = withCertificateRevoked(node, name, revoked).apply(base)
    const held = pkiOf(changed).certificate(node, name)!.certificate
    expect(held.der).toEqual(pkiOf(base).certificate(node, name)!.certificate.der)
    expect([...names(changed, node)].sort()).toEqual([...names(base, node)].sort())
  }
})

test.for<[edit: Edit, message: string]>([
  [withoutMember('VPN User', 'ada'), "there is no group 'VPN User'; did you mean 'VPN Users'?"],
  [withoutMember('VPN Users', 'aad'), "there is no member of VPN Users 'aad'; did you mean 'ada'?"],
  [withMember('VPN Users', 'ada'), 'ada is in VPN Users already'],
  [withTemplate('vpnUsr', {}), "there is no template 'vpnUsr'; did you mean 'vpnUser'?"],
  [withoutTemplateAt('root', 'vpnUser'), "there is no template at root 'vpnUser': none is defined"],
  [withoutNtAuth('root'), "there is no authority in NTAuth 'root' (there is issuing)"],
  [withAutoenrolment({ user: true }), "'autoenrolment: user on' changes nothing"],
  [
    withCertificateRevoked('pc', 'nosuch', { at: days(1), reason: 'superseded' }),
    "pc has no certificate 'nosuch'",
  ],
])('%o is refused', ([edit, message]) => {
  expect(() => edit.apply(base)).toThrow(new RangeError(message))
})

test('without a domain there is nothing to edit', () => {
  const { directory: _, ...without } = base
  expect(() => withUser('ada', { disabled: true }).apply(without)).toThrow(
    'the topology has no directory',
  )
})
