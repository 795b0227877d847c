/**
 * One side of SSTP whose peer the test plays, and what that peer says.
 */
import { ms } from '../../../src/base/time.ts'
import { encodeSstp, type SstpAttribute } from '../../../src/wire/sstp.ts'
import { encodeSstpRequest, encodeSstpResponse } from '../../../src/wire/sstp-http.ts'
import { BEGAN, Clock } from '../ppp/clock.ts'
import { clientOptions, CORRELATION_ID, serverOptions, SstpSide } from './pair.ts'

export const NOTHING = new Uint8Array()
export const message = (type: number, ...attributes: readonly SstpAttribute[]): Uint8Array =>
  encodeSstp({ kind: 'control', type, attributes })
export const status = (attribute: number, code: number): SstpAttribute => ({
  kind: 'status-info',
  attribute,
  status: code,
  value: NOTHING,
})
export const protocol = (number: number): SstpAttribute => ({
  kind: 'encapsulated-protocol',
  protocol: number,
})
export const bindingRequest = (hashes: number): SstpAttribute => ({
  kind: 'crypto-binding-request',
  hashes,
  nonce: new Uint8Array(32).fill(9),
})
export const OK = encodeSstpResponse(200, 'OK', BEGAN)
export const REQUEST = encodeSstpRequest({ host: 'vpn.contoso.com', correlationId: CORRELATION_ID })

/** One side alone, whose peer the test plays. */
export function alone(role: 'client' | 'server', options: object = {}) {
  const clock = new Clock()
  const given = role === 'client' ? clientOptions(options) : serverOptions(options)
  const side = new SstpSide(clock, given).begin()
  const hears = (...pieces: readonly Uint8Array[]): void => {
    for (const bytes of pieces) side.input({ kind: 'stream', bytes })
    clock.run(ms(1))
  }
  return { clock, side, hears }
}
