import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import type { SstpInput } from '../../../src/engine/sstp/contract.ts'
import { alone, bindingRequest, message, OK, protocol, REQUEST } from './alone.ts'
import { SstpPair } from './pair.ts'

describe('crypto-binding', () => {
  test.for([
    [
      'the MAC',
      {
        clientManners: {
          eap: (packet: Uint8Array | undefined): SstpInput =>
            packet?.[0] === 3
              ? { kind: 'eap-success', msk: new Uint8Array(64) }
              : { kind: 'eap', packet: Uint8Array.of(2, packet?.[1] ?? 0, 0, 5, 1) },
        },
      },
      'compound-mac',
    ],
    ['the certificate', { client: { certificate: Uint8Array.of(1) } }, 'certificate'],
  ] as const)('with %s of somebody else ends in CALL_ABORT', ([, options, fault]) => {
    const { client, server, clock } = new SstpPair(options).connect()
    expect(server.report('sstp/crypto-binding')).toEqual({ kind: 'sstp/crypto-binding', fault })
    expect(server.messages().slice(-2)).toEqual([
      '> CALL_ABORT {STATUS_INFO(CRYPTO_BINDING: INVALID_FRAME_RECEIVED)}',
      '< CALL_ABORT {STATUS_INFO(NO_ERROR: NO_ERROR)}',
    ])
    expect(client.report('sstp/aborted')).toEqual({
      kind: 'sstp/aborted',
      by: 'peer',
      status: 'INVALID_FRAME_RECEIVED',
    })
    expect(server.outputs.some(({ kind }) => kind === 'up')).toBe(false)
    expect(client.tunnel).toBeUndefined()
    clock.run(seconds(5))
    expect([client.over?.why, server.over?.why]).toEqual(['aborted-by-peer', 'crypto-binding'])
  })

  /** A server that has let PPP in, and CALL_CONNECTED as a client would send it. */
  function pending() {
    const held: Uint8Array[] = []
    const pair = new SstpPair({
      stream: (bytes, from) => {
        if (from !== 'client' || bytes[5] !== 4 || bytes[1] !== 1) return [bytes]
        held.push(bytes)
        return []
      },
    }).connect()
    return { server: pair.server, bytes: held[0]! }
  }

  test('stands for the message that the server gets', () => {
    const { server, bytes } = pending()
    expect(server.state.phase).toBe('call-connected-pending')
    expect(server.tunnel).toBeUndefined()
    server.input({ kind: 'stream', bytes })
    expect(server.state.phase).toBe('connected')
    expect(server.tunnel).toBeDefined()
  })

  test.for([
    ['another nonce', 16, 'nonce', 'INVALID_FRAME_RECEIVED'],
    ['another certificate', 48, 'certificate', 'INVALID_FRAME_RECEIVED'],
    ['another MAC', 80, 'compound-mac', 'INVALID_FRAME_RECEIVED'],
    ['another last byte', 111, 'compound-mac', 'INVALID_FRAME_RECEIVED'],
    ['bits that are reserved', 1, 'compound-mac', 'INVALID_FRAME_RECEIVED'],
    ['a hash protocol that nobody offered', 15, 'hash-protocol', 'VALUE_NOT_SUPPORTED'],
    ['another attribute', 9, 'missing', 'REQUIRED_ATTRIBUTE_MISSING'],
  ] as const)('is refused with %s', ([, at, fault, code]) => {
    const { server, bytes } = pending()
    const changed = bytes.slice()
    changed[at]! ^= 0x04
    server.input({ kind: 'stream', bytes: changed })
    expect(server.report('sstp/crypto-binding')?.fault).toBe(fault)
    expect(server.messages().at(-1)).toBe(`> CALL_ABORT {STATUS_INFO(CRYPTO_BINDING: ${code})}`)
    expect(server.outputs.some(({ kind }) => kind === 'up')).toBe(false)
  })

  test('is refused before anybody was authenticated', () => {
    const { bytes } = pending()
    const { side, hears } = alone('server')
    hears(REQUEST, message(1, protocol(1)))
    const early = bytes.slice()
    early.set(side.state.nonce, 16)
    hears(early)
    expect(side.report('sstp/crypto-binding')?.fault).toBe('not-authenticated')
    expect(side.over ?? side.state.phase).toBe('abort-pending')
  })

  test('lets no packet through before it', () => {
    const { server } = pending()
    const before = server.sent.length
    server.input({ kind: 'stream', bytes: fromHex('1000000bff03002145000b') })
    // Nor does it say that it has no IPv6.
    server.input({ kind: 'stream', bytes: fromHex('1000000bff0300576000 00') })
    expect(server.sent).toHaveLength(before)
    server.input({ kind: 'packet', bytes: fromHex('4500') })
    expect(server.packets).toEqual([])
    expect(server.sent.some((bytes) => bytes[6] === 0 && bytes[7] === 0x21)).toBe(false)
  })

  test.for([
    ['asks for none', message(2), 'missing', 'REQUIRED_ATTRIBUTE_MISSING'],
    [
      'asks for a hash that nobody has',
      message(2, bindingRequest(4)),
      'hash-protocol',
      'VALUE_NOT_SUPPORTED',
    ],
    ['asks for no hash', message(2, bindingRequest(0)), 'hash-protocol', 'VALUE_NOT_SUPPORTED'],
  ] as const)('is what a client insists on, when the server %s', ([, ack, fault, code]) => {
    const { side, hears } = alone('client')
    hears(OK, ack)
    expect(side.report('sstp/crypto-binding')?.fault).toBe(fault)
    expect(side.messages().at(-1)).toBe(`> CALL_ABORT {STATUS_INFO(CRYPTO_BINDING_REQ: ${code})}`)
  })
})
