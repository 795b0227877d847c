import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'

import { mppeKeyAttributes, readMppeKeys } from '../../../src/crypto/radius-hiding.ts'
import { responseAuthenticator } from '../../../src/crypto/radius.ts'
import type { RadiusServerOptions } from '../../../src/engine/radius/client-report.ts'
import { respond } from '../../../src/engine/radius/server.ts'
import { eapMessage } from '../../../src/wire/radius/attributes.ts'
import { decodeRadius, encodeRadius, RadiusCode } from '../../../src/wire/radius/packet.ts'
import { valueOf } from '../../wire/results.ts'

import { Driver, kinds, server, type Answer, type Sent } from './client-driver.ts'

describe('answers', () => {
  test('one that holds is reported, with what its keys are hidden by, and ends the request', () => {
    const driver = new Driver({ servers: [server('nps1')] }).ask()
    const [sent] = driver.sent
    const keys = { send: new Uint8Array(32).fill(1), recv: new Uint8Array(32).fill(2) }
    const { authenticator } = sent!.packet
    const attributes = mppeKeyAttributes(keys, 'secret of nps1', authenticator, rngFrom('salt'))
    driver.answer(sent!, RadiusCode.accessAccept, { attributes })
    const [answered] = driver.reports
    if (answered?.kind !== 'radius/answered') throw new Error('not answered')
    const { packet, requestAuthenticator } = answered
    expect(readMppeKeys(packet.attributes, 'secret of nps1', requestAuthenticator)).toEqual(keys)
    expect([driver.timers.size, driver.state.flights.size]).toEqual([0, 0])
  })

  test.for([
    ['another secret', { secret: 'other' }, 'radius/bad-response-authenticator'],
    [
      'EAP without Message-Authenticator',
      { attributes: eapMessage(utf8('packet')) },
      'radius/bad-message-authenticator',
    ],
  ] as const)('with %s it is discarded, and the request waits on', ([, rest, kind]) => {
    const driver = new Driver({ servers: [server('nps1')] }).ask()
    const [sent] = driver.sent
    if (kind === 'radius/bad-message-authenticator') {
      unproven(driver, sent!, rest)
    } else {
      driver.answer(sent!, RadiusCode.accessAccept, rest)
    }
    expect(kinds(driver)).toEqual([kind])
    driver.answer(sent!)
    expect(kinds(driver)).toEqual([kind, 'radius/answered'])
  })

  /** An answer whose Message-Authenticator somebody took out, who knows the secret. */
  function unproven(driver: Driver, sent: Sent, rest: Answer): void {
    const bytes = valueOf(
      respond({ code: RadiusCode.accessAccept, attributes: [] }, sent.packet, `secret of nps1`, {
        signsAll: false,
      }),
    )
    const packet = { ...valueOf(decodeRadius(bytes)), attributes: rest.attributes ?? [] }
    const authenticator = responseAuthenticator(packet, sent.packet.authenticator, 'secret of nps1')
    driver.input({
      kind: 'datagram',
      from: sent.to,
      bytes: encodeRadius({ ...packet, authenticator }),
    })
  }

  test('without Message-Authenticator it holds, unless the server must prove itself', () => {
    const reportsOf = (options: Partial<RadiusServerOptions>) => {
      const driver = new Driver({ servers: [server('nps1', options)] }).ask()
      driver.answer(driver.sent[0]!, RadiusCode.accessReject, { signsAll: false })
      return driver.reports
    }
    expect(reportsOf({})).toMatchObject([{ kind: 'radius/answered' }])
    expect(reportsOf({ requiresMessageAuthenticator: true })).toMatchObject([
      { kind: 'radius/bad-message-authenticator', verdict: 'absent' },
    ])
  })

  test('a forged Message-Authenticator is found even where none is needed', () => {
    const driver = new Driver({ servers: [server('nps1')] }).ask()
    const [sent] = driver.sent
    unproven(driver, sent!, { attributes: [{ type: 80, value: new Uint8Array(16) }] })
    expect(driver.reports).toMatchObject([
      { kind: 'radius/bad-message-authenticator', verdict: 'wrong', request: 'ada' },
    ])
  })

  test('of another kind than the question it is discarded', () => {
    const driver = new Driver({ servers: [server('nps1')] }).ask()
    driver.answer(driver.sent[0]!, RadiusCode.accountingResponse)
    expect(driver.reports).toMatchObject([
      { kind: 'radius/unexpected-code', got: 5, expected: [2, 3, 11] },
    ])
  })

  test('that comes again, or after its server was given up, belongs to nobody', () => {
    const driver = new Driver({ servers: [server('nps1'), server('nps2')] }).ask().wait().wait()
    driver.answer(driver.sent[0]!)
    driver.answer(driver.sent.at(-1)!).answer(driver.sent.at(-1)!)
    expect(kinds(driver)).toEqual([
      'radius/server-silent',
      'radius/unexpected-identifier',
      'radius/answered',
      'radius/unexpected-identifier',
    ])
  })

  test('whatever bytes come, nothing is answered by them and nothing is thrown', () => {
    const driver = new Driver({ servers: [server('nps1')] }).ask()
    const [sent] = driver.sent
    const good = valueOf(respond({ code: 2, attributes: [] }, sent!.packet, 'secret of nps1'))
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
        const bytes = good.slice()
        bytes[at] = bytes[at]! ^ change
        return bytes
      }),
    )
    fc.assert(
      fc.property(any, (bytes) => {
        driver.input({ kind: 'datagram', from: sent!.to, bytes })
        expect(kinds(driver)).not.toContain('radius/answered')
      }),
    )
    expect(driver.reports.length).toBeGreaterThan(0)
  })
})

describe('many requests at once', () => {
  test('a thousand share four sockets, each answer finds its own, and nothing is left', () => {
    const driver = new Driver({ servers: [server('nps1')] })
    for (let id = 0; id < 1000; id++) driver.ask({ id: String(id) })
    expect(new Set(driver.sent.map(({ to }) => to.socket))).toEqual(new Set([0, 1, 2, 3]))
    const slots = driver.sent.map(({ to, packet }) => `${to.socket}/${packet.identifier}`)
    expect(new Set(slots).size).toBe(1000)
    for (const sent of driver.sent.toReversed()) driver.answer(sent)
    const answered = driver.reports.flatMap((r) => (r.kind === 'radius/answered' ? r.request : []))
    expect(answered).toEqual(Array.from({ length: 1000 }, (_, at) => String(999 - at)))
    expect([driver.timers.size, driver.state.waiting.size]).toEqual([0, 0])
  })

  test('beyond 256 a socket, the next server is asked, and then there is no answer', () => {
    const driver = new Driver({ servers: [server('nps1'), server('nps2')], socketsMax: 1 })
    for (let id = 0; id < 513; id++) driver.ask({ id: String(id) })
    expect(driver.sent.filter(({ to }) => to.server === 'nps2').length).toBe(256)
    expect(kinds(driver).slice(-3)).toEqual([
      'radius/too-many-in-flight',
      'radius/too-many-in-flight',
      'radius/no-answer',
    ])
    expect(driver.reports.at(-1)).toMatchObject({ request: '512', tries: 0 })
  })

  test('an identifier is used again as late as can be', () => {
    const driver = new Driver({ servers: [server('nps1')] })
    for (let id = 0; id < 258; id++) {
      driver.ask({ id: String(id) })
      driver.answer(driver.sent.at(-1)!)
    }
    const identifiers = driver.sent.map(({ packet }) => packet.identifier)
    expect([identifiers[1], identifiers[255], identifiers[256]]).toEqual([1, 255, 0])
  })
})
