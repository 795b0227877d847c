/**
 * Carries out what a method asks of a TLS endpoint, for whoever hosts an EAP engine.
 * Not an engine: the endpoint answers later in the same instant, and the answer is then the engine's input.
 */
import { concat } from '../../base/bytes.ts'
import type { TlsTurn } from '../tls.ts'
import type { EapAnswer, EapAsk } from './method.ts'

/** `done` is called exactly once, later in the same instant. */
export function carryOutTlsAsk(
  ask: Extract<EapAsk, { kind: 'tls' }>,
  done: (answer: EapAnswer) => void,
): void {
  const { endpoint, bytes, data } = ask
  const answer = (turn: TlsTurn): void => done({ kind: 'tls', turn })
  if (data === undefined) endpoint.feed(bytes, answer)
  else if (bytes.length === 0) endpoint.write(data, answer)
  else
    endpoint.feed(bytes, (fed) => {
      if (fed.handshake !== 'done') answer(fed)
      else endpoint.write(data, (written) => answer(joinTurns(fed, written)))
    })
}

const joinTurns = (first: TlsTurn, second: TlsTurn): TlsTurn => ({
  ...first,
  ...second,
  flight: concat(first.flight, second.flight),
  data: concat(first.data, second.data),
})
