import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../../src/base/address.ts'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { ms, seconds } from '../../../src/base/time.ts'
import { PppProtocol } from '../../../src/wire/ppp/frame.ts'
import { address, alone, auth } from './alone.ts'
import { controlFrame, EAP_FAILURE, EAP_SUCCESS, LEASE, MSK, PppPair } from './pair.ts'

const { LCP, IPCP, CCP } = PppProtocol

describe('two links', () => {
  test('agree, prove who is there, and carry packets both ways', () => {
    const { client, server, clock } = new PppPair().connect(seconds(1))
    expect(client.tunnel).toEqual({
      own: LEASE.address,
      peer: LEASE.server,
      dns: LEASE.dns,
      wins: [],
      mtu: 4091,
    })
    expect(server.tunnel).toMatchObject({ own: LEASE.server, peer: LEASE.address })
    expect([client.msk, server.msk]).toEqual([MSK, MSK])
    client.input({ kind: 'packet', bytes: fromHex('4500ab') })
    server.input({ kind: 'packet', bytes: fromHex('4500cd') })
    clock.run(seconds(1))
    expect(server.packets).toEqual(['4500ab'])
    expect(client.packets).toEqual(['4500cd'])
    expect(client.timers.size + server.timers.size).toBe(0)
  })

  test('say what Windows says, in that order', () => {
    const { client } = new PppPair().connect(seconds(1))
    expect(client.packetsTold()).toEqual([
      '> LCP Configure-Request 1 {MRU 4091, MAGIC}',
      '< LCP Configure-Request 1 {MRU 4091, AUTH EAP, MAGIC}',
      '> LCP Configure-Ack 1 {MRU 4091, AUTH EAP, MAGIC}',
      '< LCP Configure-Ack 1 {MRU 4091, MAGIC}',
      '> IPCP Configure-Request 1 {ADDR 0.0.0.0, DNS1 0.0.0.0, NBNS1 0.0.0.0, DNS2 0.0.0.0, NBNS2 0.0.0.0}',
      '< IPCP Configure-Request 1 {ADDR 10.20.100.1}',
      '> IPCP Configure-Ack 1 {ADDR 10.20.100.1}',
      '< IPCP Configure-Reject 1 {NBNS1 0.0.0.0, NBNS2 0.0.0.0}',
      '> IPCP Configure-Request 2 {ADDR 0.0.0.0, DNS1 0.0.0.0, DNS2 0.0.0.0}',
      '< IPCP Configure-Nak 2 {ADDR 10.20.100.7, DNS1 10.20.0.10, DNS2 10.20.0.11}',
      '> IPCP Configure-Request 3 {ADDR 10.20.100.7, DNS1 10.20.0.10, DNS2 10.20.0.11}',
      '< IPCP Configure-Ack 3 {ADDR 10.20.100.7, DNS1 10.20.0.10, DNS2 10.20.0.11}',
    ])
    expect(client.kinds()).toEqual(['ppp/link-established', 'ppp/authenticated', 'ppp/established'])
  })

  test('agree on one name server and on WINS', () => {
    const wins = [ipv4('10.20.0.20')]
    const lease = { ...LEASE, dns: [LEASE.dns[0]!], wins }
    const { client } = new PppPair({ serverManners: { address: () => lease } }).connect(seconds(1))
    expect(client.tunnel).toMatchObject({ dns: [LEASE.dns[0]], wins })
  })

  test('do not lose what comes while a host thinks', () => {
    const thinks = ms(700)
    const slow = new PppPair({ clientManners: { thinks }, serverManners: { thinks } })
    slow.connect(seconds(30))
    expect(slow.client.tunnel).toBeDefined()
    // Four rounds of EAP and an address, of 700 ms each side: nobody waited for a Restart timer.
    expect(slow.client.report('ppp/established')?.took).toBeLessThan(seconds(7))
    expect(
      slow.client.packetsTold().filter((each) => each.includes('IPCP Configure-Request 1')),
    ).toHaveLength(2)
  })

  test('keep to the smaller maximum', () => {
    const { client, server } = new PppPair({
      client: { mru: 1400, carries: 1000 },
      server: { carries: 4087 },
    }).connect(seconds(1))
    expect(server.tunnel?.mtu).toBe(1400)
    expect(client.tunnel?.mtu).toBe(1000)
    const before = server.frames.length
    server.input({ kind: 'packet', bytes: new Uint8Array(1401) })
    expect(server.frames).toHaveLength(before)
    expect(server.report('ppp/ignored')?.what).toBe('a packet of 1401 bytes')
  })

  test('tell what they are', () => {
    const { server } = new PppPair({
      client: { identification: ['MSRASV5.20', 'MSRAS-0-LAPTOP\u00e9'] },
    }).connect(seconds(1))
    expect(server.reports.filter(({ kind }) => kind === 'ppp/identification')).toEqual([
      { kind: 'ppp/identification', text: 'MSRASV5.20' },
      { kind: 'ppp/identification', text: 'MSRAS-0-LAPTOPi' },
    ])
  })

  test.for(['client', 'server'] as const)('part when the %s closes', (who) => {
    const pair = new PppPair().connect(seconds(1))
    const [own, peer] = who === 'client' ? [pair.client, pair.server] : [pair.server, pair.client]
    own.input({ kind: 'close', why: 'logoff' })
    expect(own.tunnel).toBeUndefined()
    pair.clock.run(seconds(30))
    expect([own.over, peer.over]).toEqual(['closed', 'terminated-by-peer'])
    expect(own.report('ppp/over')).toEqual({
      kind: 'ppp/over',
      why: 'closed',
      during: 'network',
      detail: 'logoff',
    })
    expect(own.timers.size + peer.timers.size).toBe(0)
    // Whoever was told waits a while, for nothing.
    expect(peer.kinds()).not.toContain('ppp/timed-out')
  })

  test('part when the server refuses the client', () => {
    const pair = new PppPair({
      serverManners: {
        eap: (_, round) =>
          round === 0
            ? { kind: 'eap', packet: Uint8Array.of(1, 0, 0, 5, 1) }
            : { kind: 'eap-failure', packet: EAP_FAILURE, why: 'reason 16' },
      },
    }).connect()
    expect(pair.server.report('ppp/authentication-failed')?.why).toBe('reason 16')
    expect([pair.client.over, pair.server.over]).toEqual([
      'authentication-failed',
      'authentication-failed',
    ])
    expect(pair.client.tunnel ?? pair.client.msk).toBeUndefined()
  })

  test('part when the client does not believe the server', () => {
    const pair = new PppPair({
      clientManners: { eap: () => ({ kind: 'eap-failure', why: 'untrusted' }) },
    }).connect()
    expect([pair.client.over, pair.server.over]).toEqual([
      'authentication-failed',
      'terminated-by-peer',
    ])
  })

  test('part when there is no address', () => {
    const pair = new PppPair({ serverManners: { address: () => undefined } }).connect()
    expect(pair.server.report('ppp/no-address')).toEqual({ kind: 'ppp/no-address', by: 'own' })
    expect([pair.client.over, pair.server.over]).toEqual(['terminated-by-peer', 'no-address'])
  })

  test('go without their carrier at once', () => {
    const { client } = new PppPair().connect(seconds(1))
    client.input({ kind: 'down' })
    expect([client.over, client.tunnel, client.timers.size]).toEqual(['carrier-down', undefined, 0])
    const before = client.outputs.length
    client.input({ kind: 'up' }).input({ kind: 'packet', bytes: Uint8Array.of(69) })
    expect(client.outputs).toHaveLength(before)
  })
})

describe('what comes at another time', () => {
  test('is nothing before LCP is through', () => {
    const { side, hears } = alone('client')
    hears(
      fromHex('ff03c227 01010005 01'),
      controlFrame(IPCP, 'Configure-Request', 0, [address('10.0.0.1')]),
      fromHex('ff030021 45'),
      controlFrame(CCP, 'Configure-Request', 0),
    )
    expect(side.frames).toHaveLength(1)
    expect(
      side.reports.flatMap((each) => (each.kind === 'ppp/ignored' ? [each.what] : [])),
    ).toEqual(['EAP', 'IPCP', 'IPV4', 'CCP'])
    expect(side.outputs.some(({ kind }) => kind === 'eap' || kind === 'packet')).toBe(false)
  })

  test('are packets before there are addresses', () => {
    const { client } = new PppPair({ clientManners: { eap: () => undefined } }).connect(seconds(1))
    client.input({ kind: 'frame', bytes: fromHex('ff030021 45') })
    expect(client.packets).toEqual([])
    expect(client.report('ppp/ignored')?.what).toBe('IPV4, before addresses are agreed')
  })

  test('is a packet of EAP before the last was answered, and an answer unasked', () => {
    const { client } = new PppPair({ clientManners: { eap: () => undefined } }).connect(seconds(1))
    const asked = (): number => client.outputs.filter(({ kind }) => kind === 'eap').length
    expect(asked()).toBe(1)
    client.input({ kind: 'frame', bytes: fromHex('ff03c227 01020005 01') })
    expect(asked()).toBe(1)
    client.input({ kind: 'eap', packet: Uint8Array.of(2, 0, 0, 4) })
    const before = client.frames.length
    client.input({ kind: 'eap', packet: Uint8Array.of(2, 1, 0, 4) })
    client.input({ kind: 'eap-success' })
    client.input({ kind: 'address', lease: LEASE })
    expect(client.frames).toHaveLength(before)
    expect(client.msk).toBeUndefined()
  })

  test('is a packet of EAP for which the peer has no room', () => {
    const pair = new PppPair({
      client: { mru: 1200 },
      serverManners: { eap: () => ({ kind: 'eap', packet: new Uint8Array(1201) }) },
    }).connect()
    expect(pair.server.report('ppp/authentication-failed')?.why).toContain('1201 bytes')
    expect(pair.server.over).toBe('authentication-failed')
  })

  test('is an address of zeros', () => {
    const { side, hears, agrees, clock } = alone('client')
    agrees()
    hears(
      controlFrame(LCP, 'Configure-Request', 0, [auth(0xc2, 0x27)]),
      fromHex(`ff03c227${toHex(EAP_SUCCESS)}`),
    )
    hears(controlFrame(IPCP, 'Configure-Request', 0, [address('10.20.100.1')]))
    agrees()
    expect(side.report('ppp/no-address')).toEqual({ kind: 'ppp/no-address', by: 'peer' })
    clock.run(seconds(30))
    expect([side.over, side.tunnel]).toEqual(['no-address', undefined])
  })
})
