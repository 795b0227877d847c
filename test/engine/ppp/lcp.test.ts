import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { ms, seconds } from '../../../src/base/time.ts'
import { PppProtocol } from '../../../src/wire/ppp/frame.ts'
import { alone, auth, flag, magic, mru } from './alone.ts'
import { controlFrame } from './pair.ts'

const { LCP, CHAP, PAP } = PppProtocol

describe('options of LCP', () => {
  // RRAS of Windows Server 2016, as sstp-client shows it: MRU 4091, EAP, magic number, PFC, ACFC, callback, MRRU, endpoint discriminator.
  test('a client rejects what Windows has beyond its own', () => {
    const { said, hears } = alone('client')
    const discriminator = flag(19, `01${'ef'.repeat(20)}`)
    const options = [flag(7), flag(8), flag(13, '06'), flag(17, '064e'), discriminator]
    hears(
      controlFrame(LCP, 'Configure-Request', 0, [mru(4091), auth(0xc2, 0x27), magic(), ...options]),
    )
    expect(said().at(-1)).toBe(
      `> LCP Configure-Reject 0 {PFC, ACFC, CALLBACK 06, MRRU 064e, EPDISC 01${'ef'.repeat(20)}}`,
    )
    hears(controlFrame(LCP, 'Configure-Request', 1, [mru(4091), auth(0xc2, 0x27), magic()]))
    expect(said().at(-1)).toBe('> LCP Configure-Ack 1 {MRU 4091, AUTH EAP, MAGIC}')
  })

  test('a server rejects what Windows has beyond its own', () => {
    const { said, hears } = alone('server')
    const options = [mru(4091), magic(), flag(7), flag(8), flag(13, '06')]
    hears(controlFrame(LCP, 'Configure-Request', 0, options))
    expect(said().at(-1)).toBe('> LCP Configure-Reject 0 {PFC, ACFC, CALLBACK 06}')
  })

  test('a server proves itself to nobody', () => {
    const { said, hears } = alone('server')
    hears(controlFrame(LCP, 'Configure-Request', 0, [auth(0xc2, 0x27)]))
    expect(said().at(-1)).toBe('> LCP Configure-Reject 0 {AUTH EAP}')
  })

  test.for([
    ['CHAP', auth(0xc2, 0x23, 0x81), CHAP],
    ['PAP', auth(0xc0, 0x23), PAP],
  ] as const)('a client wants EAP, not %s, and is left', ([name, option]) => {
    const { side, said, hears } = alone('client')
    hears(controlFrame(LCP, 'Configure-Request', 0, [mru(4091), option, magic()]))
    expect(said().at(-1)).toBe('> LCP Configure-Nak 0 {AUTH EAP}')
    expect(side.report('ppp/authentication-protocol')).toEqual({
      kind: 'ppp/authentication-protocol',
      by: 'own',
      asked: name,
      wanted: 'EAP',
    })
    hears(controlFrame(LCP, 'Terminate-Request', 1))
    expect(said().at(-1)).toBe('> LCP Terminate-Ack 1')
    expect(side.over).toBe('authentication-protocol')
  })

  test('a client that is asked for EAP after all has nothing against it', () => {
    const { side, hears } = alone('client')
    hears(controlFrame(LCP, 'Configure-Request', 0, [auth(0xc2, 0x23, 0x81)]))
    hears(controlFrame(LCP, 'Configure-Request', 1, [auth(0xc2, 0x27)]))
    hears(controlFrame(LCP, 'Terminate-Request', 2))
    expect(side.over).toBe('terminated-by-peer')
  })

  test('a client that is asked for CHAP again and again rejects it', () => {
    const { side, said, hears } = alone('client')
    for (let id = 0; id < 30; id++) {
      hears(controlFrame(LCP, 'Configure-Request', id, [auth(0xc2, 0x23, 0x81)]))
    }
    const answers = said().map((each) => each.split(' ')[2])
    expect(answers.slice(1, 8)).toEqual([
      ...Array<string>(5).fill('Configure-Nak'),
      'Configure-Reject',
      'Configure-Reject',
    ])
    expect(answers.filter((each) => each === 'Terminate-Request')).toHaveLength(1)
    expect(side.report('ppp/over')?.why).toBe('not-converging')
  })

  test('a client is not satisfied with a server that asks for nothing', () => {
    const { side, hears, agrees } = alone('client')
    agrees()
    hears(controlFrame(LCP, 'Configure-Request', 0, [mru(4091), magic()]))
    expect(side.report('ppp/authentication-protocol')).toMatchObject({ asked: 'none' })
    expect(side.report('ppp/over')?.why).toBe('authentication-protocol')
    expect(side.outputs.some(({ kind }) => kind === 'eap')).toBe(false)
  })

  test.for(['Configure-Nak', 'Configure-Reject'] as const)(
    'a server ends with a client that answers EAP with %s',
    (code) => {
      const { clock, side, hears } = alone('server')
      const option = code === 'Configure-Nak' ? auth(0xc2, 0x23, 0x81) : auth(0xc2, 0x27)
      hears(controlFrame(LCP, code, 1, [option]))
      expect(side.report('ppp/authentication-protocol')).toEqual({
        kind: 'ppp/authentication-protocol',
        by: 'peer',
        asked: 'EAP',
        ...(code === 'Configure-Nak' && { wanted: 'CHAP' }),
      })
      clock.run(seconds(30))
      expect(side.over).toBe('authentication-protocol')
    },
  )

  test('a carrier that is a loop is found out by the magic number', () => {
    const { clock, side } = alone('client')
    side.deliver = (frame) =>
      void clock.after(ms(1), () => side.input({ kind: 'frame', bytes: frame }))
    side.deliver(side.frames[0]!)
    clock.run(seconds(60))
    expect(side.packetsTold()).toContain('> LCP Configure-Nak 1 {MAGIC}')
    expect(side.over).toBeDefined()
    expect(side.tunnel).toBeUndefined()
  })

  test('a peer with other wishes is followed, and one that knows no option is asked for none', () => {
    const { said, hears } = alone('client')
    hears(controlFrame(LCP, 'Configure-Nak', 1, [mru(1500), magic(7)]))
    expect(said().at(-1)).toBe('> LCP Configure-Request 2 {MRU 1500, MAGIC}')
    hears(controlFrame(LCP, 'Configure-Reject', 2, [mru(1500), magic(7)]))
    expect(said().at(-1)).toBe('> LCP Configure-Request 3 {}')
  })

  test('an MRU below every packet is not taken', () => {
    const { said, hears } = alone('server')
    hears(controlFrame(LCP, 'Configure-Request', 0, [mru(10)]))
    hears(controlFrame(LCP, 'Configure-Request', 1, [flag(1, '00')]))
    expect(said().slice(-2)).toEqual([
      '> LCP Configure-Nak 0 {MRU 4091}',
      '> LCP Configure-Nak 1 {MRU 4091}',
    ])
  })
})

describe('time', () => {
  test('ten Configure-Requests go out, three seconds apart, to nobody', () => {
    const { clock, side } = alone('client')
    expect(clock.run(seconds(100))).toBe(seconds(30))
    expect(side.frames).toHaveLength(10)
    expect(new Set(side.frames.map(toHex)).size).toBe(1)
    expect(side.report('ppp/timed-out')).toEqual({
      kind: 'ppp/timed-out',
      protocol: 'LCP',
      times: 10,
    })
    expect(side.over).toBe('ppp-timed-out')
  })

  test('two Terminate-Requests go out to one that is silent', () => {
    const { clock, side, hears, agrees, said } = alone('server')
    agrees()
    hears(controlFrame(LCP, 'Configure-Request', 0, [magic()]))
    side.input({ kind: 'close' })
    clock.run(seconds(100))
    expect(said().filter((each) => each.includes('Terminate-Request'))).toHaveLength(2)
    expect(side.over).toBe('closed')
  })

  test('settings are heeded', () => {
    const { clock, side } = alone('client', { restart: ms(500), tries: { configure: 3 } })
    expect(clock.run(seconds(100))).toBe(ms(1500))
    expect(side.frames).toHaveLength(3)
  })

  test('an acknowledgement that comes twice is heard once', () => {
    const { side, hears, agrees } = alone('server')
    agrees()
    hears(controlFrame(LCP, 'Configure-Request', 0, [magic()]))
    agrees()
    expect(side.report('ppp/ignored')?.what).toBe('LCP Configure-Ack 1, late')
    expect(side.state.phase).toBe('authenticate')
  })

  test('a request that comes again after its acknowledgement is acknowledged again', () => {
    const { side, said, hears, agrees } = alone('server')
    agrees()
    const request = controlFrame(LCP, 'Configure-Request', 0, [magic()])
    hears(request, request)
    expect(said().slice(-2)).toEqual([
      '> LCP Configure-Ack 0 {MAGIC}',
      '> LCP Configure-Ack 0 {MAGIC}',
    ])
    expect(side.state.phase).toBe('authenticate')
  })

  test('a peer that answers and never asks is left', () => {
    const { clock, side } = alone('client')
    side.deliver = (frame) => {
      const acknowledgement = frame.slice()
      acknowledgement[4] = 2
      if (frame[4] === 1)
        clock.after(ms(1), () => side.input({ kind: 'frame', bytes: acknowledgement }))
    }
    side.deliver(side.frames[0]!)
    clock.run(seconds(300))
    expect(side.over).toBe('not-converging')
  })

  test('an acknowledgement is heard though something else was said meanwhile', () => {
    const { side, said, hears, agrees } = alone('client')
    hears(fromHex('ff03c021 2a050004'))
    expect(said().at(-1)).toBe('> LCP Code-Reject 2')
    agrees()
    expect(side.state.lcp.automaton).toBe('ack-rcvd')
  })

  test('an acknowledgement of something else counts for nothing', () => {
    const { side, hears } = alone('client')
    hears(controlFrame(LCP, 'Configure-Ack', 1, [mru(9999)]))
    expect(side.report('ppp/ignored')?.what).toBe('LCP Configure-Ack of what was not asked')
    expect(side.state.lcp.automaton).toBe('req-sent')
  })
})
