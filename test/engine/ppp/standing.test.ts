import { describe, expect, test } from 'vitest'
import { formatIpv4, ipv4 } from '../../../src/base/address.ts'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import { decodeControl } from '../../../src/wire/ppp/control.ts'
import { decodePppFrame, PppProtocol } from '../../../src/wire/ppp/frame.ts'
import { u32Option } from '../../../src/wire/ppp/options.ts'
import { valueOf } from '../../wire/results.ts'
import { address, alone, auth, magic, mru } from './alone.ts'
import { controlFrame, EAP_SUCCESS, PppPair } from './pair.ts'

const { LCP, IPCP, CCP, IPV6CP, EAP } = PppProtocol

describe('a link that stands', () => {
  /** A client behind LCP, EAP and IPCP. */
  function standing() {
    const peer = alone('client')
    peer.agrees()
    peer.hears(
      controlFrame(LCP, 'Configure-Request', 0, [mru(1500), auth(0xc2, 0x27), magic()]),
      fromHex(`ff03c227${toHex(EAP_SUCCESS)}`),
    )
    const addresses = [address('10.20.100.7')]
    peer.hears(controlFrame(IPCP, 'Configure-Request', 0, [address('10.20.100.1')]))
    const id = peer.side.state.ipcp.identifier
    const rejected = [129, 130, 131, 132].map((type) => u32Option(type, 0))
    peer.hears(controlFrame(IPCP, 'Configure-Reject', id, rejected))
    peer.hears(controlFrame(IPCP, 'Configure-Nak', id + 1, addresses))
    peer.agrees()
    return peer
  }

  test('has what the server gave and no more', () => {
    const { side } = standing()
    expect(side.tunnel).toEqual({
      own: ipv4('10.20.100.7'),
      peer: ipv4('10.20.100.1'),
      dns: [],
      wins: [],
      mtu: 1500,
    })
  })

  test.for([
    ['CCP', CCP],
    ['IPV6CP', IPV6CP],
    ['protocol 0x8035', 0x8035],
  ] as const)('has no %s', ([name, protocol]) => {
    const { side, hears } = standing()
    hears(controlFrame(protocol, 'Configure-Request', 7))
    const { information } = valueOf(decodePppFrame(side.frames.at(-1)!))
    const { code, data } = valueOf(decodeControl(information))
    expect([code, toHex(data)]).toEqual([8, `${protocol.toString(16)}01070004`])
    expect(side.report('ppp/protocol-rejected')).toEqual({
      kind: 'ppp/protocol-rejected',
      by: 'own',
      protocol: name,
    })
  })

  test('rejects no more of a packet than the peer takes', () => {
    const { side, hears } = standing()
    hears(controlFrame(IPV6CP, 'Configure-Request', 7, new Uint8Array(3000)))
    expect(valueOf(decodePppFrame(side.frames.at(-1)!)).information).toHaveLength(1500)
  })

  test('answers an echo with its own magic number', () => {
    const { side, hears } = standing()
    hears(controlFrame(LCP, 'Echo-Request', 9, fromHex('51a2411c 0102')))
    const { code, identifier, data } = valueOf(
      decodeControl(valueOf(decodePppFrame(side.frames.at(-1)!)).information),
    )
    const own = side.state.magic!.toString(16).padStart(8, '0')
    expect([code, identifier, toHex(data)]).toEqual([10, 9, `${own}0102`])
    const before = side.frames.length
    hears(controlFrame(LCP, 'Echo-Reply', 9), controlFrame(LCP, 'Discard-Request', 10))
    expect(side.frames).toHaveLength(before)
  })

  test('rejects a code that it does not know', () => {
    const { said, side, hears } = standing()
    hears(fromHex('ff03c021 2a050004'), fromHex('ff038021 09060004'))
    expect(
      said()
        .slice(-2)
        .map((each) => each.split(' ').slice(1, 3)),
    ).toEqual([
      ['LCP', 'Code-Reject'],
      ['IPCP', 'Code-Reject'],
    ])
    expect(side.tunnel).toBeDefined()
  })

  test.for([
    ['EAP', EAP, 'authentication-protocol'],
    ['IPCP', IPCP, 'not-converging'],
    ['LCP', LCP, 'not-converging'],
  ] as const)('ends when the peer has no %s', ([, protocol, why]) => {
    const { side, hears, clock } = standing()
    const data = Uint8Array.of(protocol >>> 8, protocol & 255, 1)
    hears(controlFrame(LCP, 'Protocol-Reject', 3, data))
    clock.run(seconds(30))
    expect([side.over, side.tunnel]).toEqual([why, undefined])
  })

  test('can do without what else the peer rejects', () => {
    const { side, hears } = standing()
    hears(controlFrame(LCP, 'Protocol-Reject', 3, fromHex('80fd01')))
    hears(controlFrame(LCP, 'Code-Reject', 4, fromHex('0c010004')))
    expect(side.tunnel).toBeDefined()
    hears(controlFrame(LCP, 'Code-Reject', 5, fromHex('01010004')))
    expect(side.tunnel).toBeUndefined()
  })

  test('is not negotiated anew', () => {
    const { side, hears, clock } = standing()
    hears(controlFrame(LCP, 'Configure-Request', 5, [mru(1400), auth(0xc2, 0x27), magic(2)]))
    expect(side.tunnel).toBeUndefined()
    expect(side.packetsTold().at(-2)).toContain('< LCP Configure-Request 5')
    expect(side.packetsTold().at(-1)).toContain('> LCP Terminate-Request')
    clock.run(seconds(30))
    expect(side.over).toBe('renegotiated')
  })

  test('takes another address, and is down meanwhile', () => {
    const { side, hears, agrees } = standing()
    hears(controlFrame(IPCP, 'Configure-Request', 8, [address('10.20.100.2')]))
    expect(side.tunnel).toBeUndefined()
    agrees()
    expect(formatIpv4(side.tunnel!.peer)).toBe('10.20.100.2')
  })

  test('ends when the peer ends IPCP', () => {
    const { side, hears, clock } = standing()
    hears(controlFrame(IPCP, 'Terminate-Request', 8))
    clock.run(seconds(30))
    expect([side.over, side.tunnel]).toEqual(['terminated-by-peer', undefined])
  })
})

test('a server is told by nobody what it is called', () => {
  const { server } = new PppPair().connect(seconds(1))
  const bytes = controlFrame(IPCP, 'Configure-Request', 9, [address('10.20.100.7')])
  server.input({ kind: 'frame', bytes })
  const { identifier } = server.state.ipcp
  const nak = controlFrame(IPCP, 'Configure-Nak', identifier, [address('10.20.100.99')])
  server.input({ kind: 'frame', bytes: nak })
  expect(server.packetsTold().at(-1)).toBe(
    `> IPCP Configure-Request ${identifier + 1} {ADDR 10.20.100.1}`,
  )
})
