import { describe, expect, test } from 'vitest'
import { fromUtf8, toHex, utf8 } from '../../../src/base/bytes.ts'
import { between, ms, seconds } from '../../../src/base/time.ts'
import { revealUserPassword } from '../../../src/crypto/radius-hiding.ts'
import type {
  RadiusClientRequest,
  RadiusServerOptions,
} from '../../../src/engine/radius/client-report.ts'
import { RFC_5080_RETRANSMISSION } from '../../../src/engine/radius/retransmission.ts'
import { checkRequest } from '../../../src/engine/radius/server.ts'
import { attribute, attributeValue, eapMessage } from '../../../src/wire/radius/attributes.ts'
import { RadiusCode } from '../../../src/wire/radius/packet.ts'

import { BEGAN, Driver, inSeconds, server, type Sent } from './client-driver.ts'

describe('what is sent', () => {
  test('User-Password is hidden with the secret of the server that is asked', () => {
    const driver = new Driver({ servers: [server('nps1'), server('nps2')] })
    driver.ask({ userPassword: utf8('hunter2') }).untilQuiet()
    for (const { to, packet } of [driver.sent[0]!, driver.sent.at(-1)!]) {
      const hidden = attributeValue(packet.attributes, 'User-Password')!
      const plain = revealUserPassword(hidden, `secret of ${to.server}`, packet.authenticator)!
      expect(fromUtf8(plain)).toBe('hunter2')
    }
    expect(driver.sent.map(({ to }) => to.server)).toEqual(['nps1', 'nps1', 'nps2', 'nps2'])
    const [first, , second] = driver.sent
    expect(toHex(first!.packet.authenticator)).not.toBe(toHex(second!.packet.authenticator))
  })

  test('Message-Authenticator goes with EAP, with Status-Server, and where the server is to have it', () => {
    const eap = { attributes: eapMessage(utf8('packet')) }
    const requires = { secret: 'secret of nps1', requiresMessageAuthenticator: true }
    const sends = (
      options: Partial<RadiusServerOptions>,
      request: Partial<RadiusClientRequest>,
    ) => {
      const driver = new Driver({ servers: [server('nps1', options)] }).ask(request)
      return checkRequest(driver.sent[0]!.bytes, 'authentication', requires)
    }
    const { statusServer } = RadiusCode
    expect(sends({}, {})).toMatchObject({
      cause: { code: 'radius/message-authenticator-missing', because: 'client-setting' },
    })
    expect(sends({}, eap).kind).toBe('request')
    expect(sends({}, { code: statusServer, attributes: [] }).kind).toBe('request')
    expect(sends({ sendsMessageAuthenticator: true }, {}).kind).toBe('request')
  })

  test('what does not fit a packet is said, nothing is sent, and no identifier is lost', () => {
    const driver = new Driver({ servers: [server('nps1')], socketsMax: 1 })
    driver.ask({ userPassword: new Uint8Array(129) })
    const attributes = Array.from({ length: 17 }, () => ({ type: 25, value: new Uint8Array(253) }))
    driver.ask({ attributes })
    expect(driver.sent).toEqual([])
    expect(driver.reports).toMatchObject([
      { kind: 'radius/unsendable', cause: { attribute: 2, got: 129, most: 128 } },
      { kind: 'radius/unsendable', cause: { got: 4355, most: 4096 } },
    ])
    for (let id = 0; id < 256; id++) driver.ask({ id: String(id) })
    expect(driver.sent.length).toBe(256)
  })

  test('a request id that is in flight already is our own misuse', () => {
    const driver = new Driver({ servers: [server('nps1')] }).ask()
    expect(() => driver.ask()).toThrow(/in flight/)
  })
})

describe('silence', () => {
  test('RRAS: the same packet after 5 s, then the next server, then no answer', () => {
    const driver = new Driver({ servers: [server('nps1'), server('nps2')] }).ask().untilQuiet()
    expect(inSeconds(driver)).toEqual([0, 5, 10, 15])
    expect(toHex(driver.sent[1]!.bytes)).toBe(toHex(driver.sent[0]!.bytes))
    expect(driver.reports).toEqual([
      { kind: 'radius/server-silent', request: 'ada', server: 'nps1', tries: 2 },
      { kind: 'radius/server-silent', request: 'ada', server: 'nps2', tries: 2 },
      {
        kind: 'radius/no-answer',
        request: 'ada',
        servers: [
          { server: 'nps1', tries: 2 },
          { server: 'nps2', tries: 2 },
        ],
        tries: 4,
      },
    ])
    expect(between(BEGAN, driver.now)).toBe(seconds(20))
  })

  test('RFC 5080 §2.2.1: waits double to MRT, each off by a tenth at most, and MRD ends them', () => {
    const rule = { ...RFC_5080_RETRANSMISSION, count: 0, duration: seconds(60) }
    const driver = new Driver({ servers: [server('nps1', { retransmission: rule })] })
    driver.ask().untilQuiet()
    const at = inSeconds(driver)
    const waits = at.slice(1).map((time, index) => time - at[index]!)
    let before = waits[0]!
    expect(Math.abs(before - 2)).toBeLessThanOrEqual(0.2)
    for (const wait of waits.slice(1)) {
      const plain = Math.min(16, 2 * before)
      expect(Math.abs(wait - plain)).toBeLessThanOrEqual(Math.max(0.1 * before, 1.6) + 1e-5)
      before = wait
    }
    expect(waits.length).toBeGreaterThan(4)
    expect(between(BEGAN, driver.now)).toBe(seconds(60))
  })

  test('RFC 5080 §2.2.1: MRC is how often it is sent at most', () => {
    const rule = { ...RFC_5080_RETRANSMISSION, jitter: 0, duration: seconds(0) }
    const driver = new Driver({ servers: [server('nps1', { retransmission: rule })] })
    driver.ask().untilQuiet()
    expect(inSeconds(driver)).toEqual([0, 2, 6, 14, 30])
    expect(between(BEGAN, driver.now)).toBe(seconds(46))
  })

  test('without any server there is no answer at once', () => {
    const driver = new Driver({ servers: [] }).ask()
    expect(driver.reports).toEqual([
      { kind: 'radius/no-answer', request: 'ada', servers: [], tries: 0 },
    ])
  })

  test('what is cancelled is not sent again, and says nothing', () => {
    const driver = new Driver({ servers: [server('nps1')] }).ask()
    driver.input({ kind: 'cancel', id: 'ada' }).input({ kind: 'cancel', id: 'ada' })
    expect([driver.timers.size, driver.reports.length, driver.state.waiting.size]).toEqual([
      0, 0, 0,
    ])
  })
})

describe('scores', () => {
  const once = {
    initial: seconds(1),
    longest: seconds(1),
    count: 1,
    duration: seconds(0),
    jitter: 0,
  }
  const three = [
    server('low', { score: 10, retransmission: once }),
    server('high', { score: 30, retransmission: once }),
    server('middle', { score: 20, retransmission: once }),
  ]

  test('the highest is asked first, and the others in the order of theirs', () => {
    const driver = new Driver({ servers: three }).ask().untilQuiet()
    expect(driver.sent.map(({ to }) => to.server)).toEqual(['high', 'middle', 'low'])
  })

  test('of equal ones the server that stands first, until it has been silent', () => {
    const driver = new Driver({
      servers: ['nps1', 'nps2'].map((key) => server(key, { retransmission: once })),
    })
    driver.ask().wait()
    driver.answer(driver.sent[1]!)
    driver.ask({ id: 'next' })
    expect(driver.sent.map(({ to }) => to.server)).toEqual(['nps1', 'nps2', 'nps2'])
  })

  test('no score goes above the most or below 0', () => {
    const driver = new Driver({ servers: three.slice(0, 2) })
    for (let round = 0; round < 4; round++) driver.ask({ id: String(round) }).untilQuiet()
    expect(driver.state.scores.get('low')).toBe(0)
    for (let round = 0; round < 40; round++) {
      driver.ask({ id: `answered ${round}` })
      driver.answer(driver.sent.at(-1)!)
    }
    expect(driver.state.scores.get('high')).toBe(30)
  })

  test('the server whose State goes along is asked first, whatever its score', () => {
    const driver = new Driver({ servers: three }).ask({ first: 'low' }).untilQuiet()
    expect(driver.sent.map(({ to }) => to.server)).toEqual(['low', 'high', 'middle'])
  })
})

describe('accounting (RFC 2866 §5.2)', () => {
  const START: RadiusClientRequest = {
    id: 'start',
    code: RadiusCode.accountingRequest,
    attributes: [attribute('Acct-Status-Type', 1), attribute('Acct-Delay-Time', 0)],
  }
  const delayOf = ({ packet }: Sent) => attributeValue(packet.attributes, 'Acct-Delay-Time')

  test('a record whose delay has moved on has a new identifier and authenticator', () => {
    const driver = new Driver({ servers: [server('nps1'), server('nps2')] }).ask(START).untilQuiet()
    expect(driver.sent.map(delayOf)).toEqual([0, 5, 10, 15])
    const [first, second] = driver.sent
    expect(second!.packet.identifier).not.toBe(first!.packet.identifier)
    for (const { bytes, to } of driver.sent) {
      const checked = checkRequest(bytes, 'accounting', { secret: `secret of ${to.server}` })
      expect(checked.kind).toBe('request')
    }
  })

  test('within the same second, or without the attribute, it is the same packet again', () => {
    const rule = { initial: ms(300), longest: ms(300), count: 2, duration: seconds(0), jitter: 0 }
    const quick = new Driver({ servers: [server('nps1', { retransmission: rule })] }).ask(START)
    const plain = new Driver({ servers: [server('nps1')] })
    plain.ask({ ...START, attributes: START.attributes.slice(0, 1) })
    for (const driver of [quick.untilQuiet(), plain.untilQuiet()]) {
      expect(toHex(driver.sent[1]!.bytes)).toBe(toHex(driver.sent[0]!.bytes))
    }
  })

  test.for([0, 1])('the answer to transmission %i counts', (which) => {
    const driver = new Driver({ servers: [server('nps1')] }).ask(START).wait()
    driver.answer(driver.sent[which]!, RadiusCode.accountingResponse)
    expect(driver.reports).toMatchObject([{ kind: 'radius/answered', request: 'start', tries: 2 }])
    expect([driver.timers.size, driver.state.waiting.size]).toEqual([0, 0])
  })
})
