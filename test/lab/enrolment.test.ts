/** Asking a CA for a certificate while the lab runs: over the network, by permission, and what a store keeps. */
import { describe, expect, test } from 'vitest'
import { after, days, minutes } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab } from '../../src/lab/lab.ts'
import {
  withAutoenrolment,
  withMember,
  withoutMember,
  withoutTemplateAt,
} from '../../src/topology/edit-directory.ts'
import { withoutRecord, withoutRule } from '../../src/topology/edit.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

type Contoso = keyof (typeof contoso)['nodes']

function labOf(): Lab<Contoso> {
  const lab = buildLab(contoso)
  if (!lab.ok) throw new Error(JSON.stringify(lab.error))
  return lab.value
}

const REQUEST = { subject: 'CN=vpn.contoso.com', dns: ['vpn.contoso.com'] }

describe('a request', () => {
  test('from the gateway reaches ca1 and brings a certificate that it holds from then on', async () => {
    const lab = labOf()
    const { gateway, laptop } = lab.nodes
    const report = await gateway.enrol('vpnServer', { name: 'new', request: REQUEST })
    expect(report).toMatchObject({
      on: 'gateway',
      account: 'GATEWAY$',
      name: 'new',
      server: 'ca1.corp.contoso.com',
      issued: true,
    })
    expect(gateway.certificateNames()).toEqual(['ike', 'new'])
    const chain = await laptop.judge('gateway:new', { name: 'vpn.contoso.com' })
    expect(chain).toMatchObject({ valid: true })
    // Dated ten minutes back, for clocks that are behind.
    expect(Math.abs(chain.path[0]!.notBefore + minutes(10) - lab.now)).toBeLessThan(minutes(1))
  })

  test('is denied with the code of Windows, and nothing is held', async () => {
    const { gateway } = labOf().nodes
    const report = await gateway.enrol('npsServer')
    expect(report).toMatchObject({
      issued: false,
      denial: { code: '0x80094012', name: 'CERTSRV_E_TEMPLATE_DENIED' },
    })
    expect(gateway.certificateNames()).toEqual(['ike'])
  })

  test('of a user counts for that user', async () => {
    const { nps1 } = labOf().nodes
    expect(await nps1.enrol('vpnUser', { for: 'ada' })).toMatchObject({
      account: 'ada',
      issued: true,
      name: 'user',
    })
    const without = labOf()
    using _ = without.apply(withoutMember('VPN Users', 'bob'))
    expect(await without.nodes.nps1.enrol('vpnUser', { for: 'bob' })).toMatchObject({
      issued: false,
    })
  })

  test('fails where the firewall lets no RPC through', async () => {
    const lab = labOf()
    using _ = lab.apply(withoutRule('innerFirewall', 'enrolment'))
    expect(await lab.nodes.gateway.enrol('vpnServer', { request: REQUEST })).toMatchObject({
      issued: false,
      denial: { code: '0x800706BA', got: 'timed-out at 10.10.0.8:135' },
    })
  })

  test('fails where the name of the CA does not resolve', async () => {
    const lab = labOf()
    expect(await lab.nodes.laptop.enrol('vpnUser', { for: 'ada' })).toMatchObject({
      issued: false,
      denial: { code: '0x800706BA', got: 'ca1.corp.contoso.com is NXDOMAIN' },
    })
    using _ = lab.apply(withoutRecord('corpContoso', 'ca1', 'A'))
    expect(await lab.nodes.nps1.enrol('npsServer')).toMatchObject({
      denial: { name: 'RPC_S_SERVER_UNAVAILABLE' },
    })
  })

  test('fails while the CA is down', async () => {
    const lab = labOf()
    using _ = lab.pause('ca1')
    expect(await lab.nodes.nps1.enrol('npsServer')).toMatchObject({
      denial: { code: '0x800706BA' },
    })
  })

  test('for what the topology does not have is the script’s mistake', async () => {
    const { nps1 } = labOf().nodes
    await expect(nps1.enrol('vpnUsr')).rejects.toThrow(
      "there is no template 'vpnUsr'; there is vpnUser, vpnServer, npsServer, vpnDevice",
    )
    await expect(nps1.enrol('vpnUser', { for: 'mallory' })).rejects.toThrow(
      "there is no user 'mallory'",
    )
  })
})

describe('autoenrolment', () => {
  test('finds nothing to do where all is held and new', async () => {
    expect(await labOf().nodes.nps1.autoenrol()).toEqual([])
  })

  test('brings what somebody has come to be entitled to', async () => {
    const lab = labOf()
    using _ = lab.apply(withMember('NPS Servers', 'files'))
    // The topology says that files has had it all along: only a member of the domain that missed it asks.
    expect(lab.nodes.files.certificateNames()).toEqual(['nps'])
    expect(await lab.nodes.files.autoenrol()).toEqual([])
  })

  test('says nothing while Group Policy is off', async () => {
    const lab = labOf()
    using _ = lab.apply(withAutoenrolment({ user: false, computer: false }))
    expect(await lab.nodes.nps1.autoenrol()).toEqual([])
  })
})

describe('a certificate that was enrolled stays where it is', () => {
  test('when its holder leaves the group; and is not renewed', async () => {
    const lab = labOf()
    const held = await lab.nodes.dc1.judge('laptop:user', { profile: 'ike-client', name: '' })
    const edit = lab.apply(withoutMember('VPN Users', 'ada'))
    expect(lab.nodes.laptop.certificateNames()).toContain('user')
    await lab.advance(days(330))
    const late = await lab.nodes.dc1.judge('laptop:user', { profile: 'ike-client', name: '' })
    expect(late.path[0]?.serial).toBe(held.path[0]?.serial)
    edit[Symbol.dispose]()
    const renewed = await lab.nodes.dc1.judge('laptop:user', { profile: 'ike-client', name: '' })
    expect(renewed.path[0]?.serial).not.toBe(held.path[0]?.serial)
    expect(renewed.path[0]?.notBefore).toBeLessThan(after(lab.now, days(0)))
  })

  test('when the CA issues its template no longer, and the node says why it would get none', async () => {
    const lab = labOf()
    using _ = lab.apply(withoutTemplateAt('issuingCa', 'vpnServer'))
    expect(lab.nodes.gateway.certificateNames()).toEqual(['ike'])
    expect(lab.nodes.gateway.enrolments()).toMatchObject([
      { name: 'ike', denial: { code: '0x80094800' } },
    ])
    expect(await lab.nodes.laptop.judge('gateway:ike')).toMatchObject({ valid: true })
  })

  test('but a lab that begins without the permission has none', () => {
    const built = buildLab<string, string, string>(
      withoutTemplateAt<string, string, string>('issuingCa', 'vpnServer').apply(contoso),
    )
    if (!built.ok) throw new Error(JSON.stringify(built.error))
    const lab = built.value
    expect(lab.nodes['gateway']!.certificateNames()).toEqual([])
  })
})
